package hostile

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	maxKey      = 1024    // bytes (Amazon S3 User Guide, "Naming Amazon S3 objects")
	maxMetadata = 2 << 10 // bytes, names and values (the same, "User-defined object metadata")
	maxPut      = 5 << 30 // bytes, of PutObject and of a part
)

// kept returns the part of a request's header that is kept with the object.
func kept(h http.Header) (http.Header, error) {
	out, size := http.Header{}, 0
	for name, values := range h {
		switch {
		case strings.HasPrefix(name, "X-Amz-Meta-"):
			size += len(name) - len("X-Amz-Meta-") + len(values[0])
			for _, c := range []byte(values[0]) {
				if c < ' ' || c > '~' {
					return nil, fail(http.StatusBadRequest, "InvalidArgument", "metadata that is not ASCII does not come back as it was sent")
				}
			}
		case name == "Content-Type", name == "X-Amz-Storage-Class", name == "X-Amz-Acl",
			strings.HasPrefix(name, "X-Amz-Object-Lock-"), strings.HasPrefix(name, "X-Amz-Server-Side-Encryption"):
		default:
			continue
		}
		out[name] = values
	}
	if size > maxMetadata {
		return nil, fail(http.StatusBadRequest, "MetadataTooLarge", "the metadata is longer than 2 KB")
	}
	return out, nil
}

// checkNew checks what every new object must fulfil. It is called with the lock held.
func (s *Server) checkNew(r *http.Request, key string) error {
	if len(key) > maxKey {
		return fail(http.StatusBadRequest, "KeyTooLongError", "the key is longer than 1024 bytes")
	}
	switch r.Header.Get("If-None-Match") {
	case "":
	case "*":
		if !s.options.Unconditional && s.newest(key) != nil {
			return fail(http.StatusPreconditionFailed, "PreconditionFailed", "there is an object of that key")
		}
	default:
		return fail(http.StatusNotImplemented, "NotImplemented", "If-None-Match knows only *")
	}
	return nil
}

func (s *Server) putObject(r *http.Request, req Request, b *body) (*answer, error) {
	if err := s.checkNew(r, req.Key); err != nil {
		return nil, err
	}
	if len(b.data) > maxPut {
		return nil, fail(http.StatusBadRequest, "EntityTooLarge", "an object of more than 5 GiB takes parts")
	}
	header, err := kept(r.Header)
	if err != nil {
		return nil, err
	}
	if header.Get("X-Amz-Object-Lock-Mode") != "" && r.Header.Get("Content-Md5") == "" && len(b.checksums) == 0 {
		return nil, fail(http.StatusBadRequest, "InvalidRequest", "what is locked needs a Content-MD5 or a checksum")
	}
	o := &Object{Key: req.Key, Data: b.data, ETag: `"` + md5Hex(b.data) + `"`, Header: header, Modified: time.Now(), checksums: b.checksums}
	s.keep(o)
	a := empty(http.StatusOK)
	o.describe(a.header, true)
	return a, nil
}

// describe tells of the object what S3 tells.
func (o *Object) describe(h http.Header, checksums bool) {
	h.Set("ETag", o.ETag)
	for algorithm, sum := range o.checksums {
		if !checksums {
			break
		}
		h.Set("X-Amz-Checksum-"+algorithm, sum)
		kind := "FULL_OBJECT"
		if strings.Contains(sum, "-") {
			kind = "COMPOSITE"
		}
		h.Set("X-Amz-Checksum-Type", kind)
	}
}

func (s *Server) getObject(r *http.Request, req Request) (*answer, error) {
	o := s.newest(req.Key)
	if o == nil {
		return nil, fail(http.StatusNotFound, "NoSuchKey", "there is no such object")
	}
	if want := r.Header.Get("If-Match"); want != "" && want != o.ETag && `"`+want+`"` != o.ETag {
		return nil, fail(http.StatusPreconditionFailed, "PreconditionFailed", "the object is another")
	}
	a := empty(http.StatusOK)
	for name, values := range o.Header {
		a.header[name] = values
	}
	o.describe(a.header, r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED")
	a.header.Set("Last-Modified", o.Modified.UTC().Format(http.TimeFormat))
	a.header.Set("Accept-Ranges", "bytes")
	a.body = o.Data
	if ask := r.Header.Get("Range"); ask != "" {
		from, to, ok := span(ask, int64(len(o.Data)))
		if !ok {
			return nil, fail(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "the object has no such bytes")
		}
		a.status, a.body = http.StatusPartialContent, o.Data[from:to]
		a.header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(o.Data)))
	}
	return a, nil
}

// span returns the bytes that a header Range asks for (RFC 9110, section 14.1.2): one range of bytes.
func span(ask string, size int64) (from, to int64, ok bool) {
	ask, ok = strings.CutPrefix(ask, "bytes=")
	first, last, dash := strings.Cut(ask, "-")
	if !ok || !dash {
		return 0, 0, false
	}
	a, errA := strconv.ParseInt(first, 10, 64)
	b, errB := strconv.ParseInt(last, 10, 64)
	switch {
	case first == "" && errB == nil && b > 0: // the last b bytes
		return max(0, size-b), size, size > 0
	case errA != nil || a >= size || last != "" && (errB != nil || b < a):
		return 0, 0, false
	case last == "":
		return a, size, true
	}
	return a, min(b+1, size), true
}
