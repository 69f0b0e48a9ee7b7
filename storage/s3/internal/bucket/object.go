package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
)

// Stored is what a store tells of an object. What it does not tell is empty.
type Stored struct {
	Key      string
	Size     int64 // -1 if it is not told
	ETag     string
	CRC64    string // of the whole object, in base64
	Version  string
	Modified time.Time
	About    About  // of Head and Get
	Match    Match  // of Put and Complete: whether the store has shown that it has what was sent
	Class    string // of storage
}

// Put makes an object of size bytes of r in one request. It fails with [ErrExist] if there is one of
// that key, in a store that knows If-None-Match, and with [ErrCorrupt] if the store shows that it got other bytes.
func (b *Bucket) Put(ctx context.Context, key string, r io.ReaderAt, size int64, about About) (Stored, error) {
	return b.put(ctx, key, r, size, about, true)
}

// Replace is Put for an object that may be there already.
func (b *Bucket) Replace(ctx context.Context, key string, r io.ReaderAt, size int64, about About) (Stored, error) {
	return b.put(ctx, key, r, size, about, false)
}

func (b *Bucket) put(ctx context.Context, key string, r io.ReaderAt, size int64, about About, once bool) (Stored, error) {
	const op = "put object"
	d, err := b.digest(r, size)
	if err != nil {
		return Stored{}, b.fail(op, key, err)
	}
	var info minio.UploadInfo
	err = b.conditional(once, func(once bool) error {
		opts := b.options(about)
		if once {
			opts.SetMatchETagExcept("*")
		}
		if d.sum.CRC64 != "" {
			opts.UserMetadata[headerCRC64] = d.sum.CRC64
		}
		info, err = b.core.PutObject(ctx, b.config.Bucket, b.key(key), newBody(r, size), size, d.md5, d.sha256, opts)
		return err
	})
	if err != nil {
		return Stored{}, b.fail(op, key, err)
	}
	st := Stored{Key: key, Size: size, ETag: info.ETag, CRC64: info.ChecksumCRC64NVME, Version: info.VersionID}
	if st.Match, err = d.prove(r, st.CRC64, st.ETag); err == nil && st.Match == Other {
		err = ErrCorrupt
	}
	return st, b.fail(op, key, err)
}

// conditional makes a request with If-None-Match, and without it in a store that does not know it.
func (b *Bucket) conditional(once bool, request func(once bool) error) error {
	if !once || b.unconditional.Load() {
		return request(false)
	}
	err := request(true)
	if a, ok := errors.AsType[minio.ErrorResponse](err); ok && (a.Code == "NotImplemented" || a.StatusCode == http.StatusNotImplemented) {
		if err = request(false); err == nil {
			b.unconditional.Store(true)
		}
	}
	return err
}

// Conditional reports whether the store has not refused If-None-Match so far.
func (b *Bucket) Conditional() bool { return !b.unconditional.Load() }

// Head tells what the store has. It needs s3:GetObject.
func (b *Bucket) Head(ctx context.Context, key string) (Stored, error) {
	info, err := b.core.StatObject(ctx, b.config.Bucket, b.key(key), minio.StatObjectOptions{Checksum: true})
	if err != nil {
		return Stored{}, b.fail("ask about object", key, err)
	}
	return stored(key, info), nil
}

func stored(key string, info minio.ObjectInfo) Stored {
	return Stored{
		Key: key, Size: info.Size, ETag: info.ETag, CRC64: info.ChecksumCRC64NVME, Version: info.VersionID,
		Modified: info.LastModified, About: aboutOf(info), Class: info.StorageClass,
	}
}

// Get returns n bytes of an object from offset, or what there is of them, or its last n bytes if offset is negative. With an
// ETag it fails with [ErrChanged] if the object has another one. The Stored has the whole object's size. The caller
// closes what it gets. Nobody but the object's end says that all came: a reader that ends early is an error.
func (b *Bucket) Get(ctx context.Context, key string, offset, n int64, etag string) (io.ReadCloser, Stored, error) {
	const op = "get object"
	var opts minio.GetObjectOptions
	span := fmt.Sprintf("bytes=%d-%d", offset, offset+n-1)
	if offset < 0 {
		span = fmt.Sprintf("bytes=-%d", n)
	}
	opts.Set("Range", span)
	if etag != "" {
		if err := opts.SetMatchETag(etag); err != nil {
			return nil, Stored{}, b.fail(op, key, err)
		}
	}
	r, info, header, err := b.core.GetObject(ctx, b.config.Bucket, b.key(key), opts)
	if err != nil {
		if err = b.fail(op, key, err); errors.Is(err, ErrExist) {
			err = &Error{Op: op, Key: key, Status: http.StatusPreconditionFailed, class: Final, err: ErrChanged, text: ErrChanged.Error()}
		}
		return nil, Stored{}, err
	}
	st := stored(key, info)
	total, err := checkRange(header.Get("Content-Range"), offset, n, info.Size)
	if err != nil {
		_ = r.Close()
		return nil, Stored{}, b.fail(op, key, err)
	}
	st.Size, st.CRC64 = total, ""
	return limited{io.LimitReader(r, n), r}, st, nil
}

// limited reads no more than was asked for, of an answer that has more.
type limited struct {
	io.Reader
	io.Closer
}

// checkRange checks that an answer of size bytes has the range that was asked for, and returns how large the
// whole object is. A store that has no use for a range sends it all (RFC 9110, section 14.2), as some do with no bytes.
func checkRange(answer string, offset, n, size int64) (int64, error) {
	if answer == "" && size >= 0 && (offset == 0 || offset < 0 && size <= n) {
		return size, nil
	}
	span, of, _ := strings.Cut(strings.TrimPrefix(answer, "bytes "), "/")
	from, to, _ := strings.Cut(span, "-")
	first, err1 := strconv.ParseInt(from, 10, 64)
	last, err2 := strconv.ParseInt(to, 10, 64)
	total, err3 := strconv.ParseInt(of, 10, 64)
	if offset < 0 {
		offset = max(total-n, 0)
	}
	if errors.Join(err1, err2, err3) != nil || first != offset || last != min(offset+n, total)-1 || size != last-first+1 {
		return 0, fmt.Errorf("answer with range %q of %d bytes: not what was asked for", answer, size)
	}
	return total, nil
}

// List yields the objects whose keys begin with prefix, have no / after it and come after the key after, in
// their order, a page a request. It ends after the first error.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[Stored, error] {
	return func(yield func(Stored, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		opts := minio.ListObjectsOptions{Prefix: b.key(prefix), FetchOwner: new(bool)}
		if after != "" {
			opts.StartAfter = b.key(after)
		}
		last := ""
		for info := range b.core.ListObjectsIter(ctx, b.config.Bucket, opts) {
			err := info.Err
			if err == nil && strings.HasSuffix(info.Key, "/") {
				continue // all that is further below, in one
			}
			if err == nil && info.Key <= last {
				err = errEndlessPages
			}
			if err != nil {
				yield(Stored{}, b.fail("list objects", prefix, err))
				return
			}
			last = info.Key
			if strings.HasPrefix(info.Key, opts.Prefix) && !yield(stored(b.name(info.Key), info), nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(Stored{}, b.fail("list objects", prefix, err))
		}
	}
}

// Delete removes an object, or does nothing if there is none. It needs s3:DeleteObject.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	return b.fail("delete object", key, b.core.RemoveObject(ctx, b.config.Bucket, b.key(key), minio.RemoveObjectOptions{}))
}
