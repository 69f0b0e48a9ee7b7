package hostile

import (
	"crypto/md5" //nolint:gosec // what S3 makes ETags of
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxParts  = 10000   // (Amazon S3 User Guide, "Amazon S3 multipart upload limits")
	maxObject = 5 << 40 // bytes
)

// upload is a multipart upload.
type upload struct {
	id, key   string
	header    http.Header
	algorithm string // of the checksum that was asked for, "" for none
	full      bool   // that checksum is the whole object's
	begun     time.Time
	parts     map[int]*part
	result    *answer // once it is completed
}

type part struct {
	data      []byte
	etag      string
	checksums map[string]string
	modified  time.Time
}

func noSuchUpload() *failure {
	return fail(http.StatusNotFound, "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.")
}

// find returns the open upload that a request is for.
func (s *Server) find(req Request) (*upload, error) {
	u := s.uploads[req.UploadID]
	if u == nil || u.key != req.Key {
		return nil, noSuchUpload()
	}
	return u, nil
}

type initiateBody struct {
	XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
	Bucket   string
	Key      string
	UploadID string `xml:"UploadId"`
}

func (s *Server) createUpload(r *http.Request, req Request) (*answer, error) {
	if len(req.Key) > maxKey {
		return nil, fail(http.StatusBadRequest, "KeyTooLongError", "the key is longer than 1024 bytes")
	}
	header, err := kept(r.Header)
	if err != nil {
		return nil, err
	}
	algorithm := strings.ToLower(r.Header.Get("X-Amz-Checksum-Algorithm"))
	kind := r.Header.Get("X-Amz-Checksum-Type")
	isCRC := strings.HasPrefix(algorithm, "crc")
	switch {
	case algorithm != "" && !slices.Contains(algorithms(), algorithm):
		return nil, fail(http.StatusBadRequest, "InvalidRequest", "the checksum algorithm is not known")
	case kind == "FULL_OBJECT" && !isCRC, kind == "COMPOSITE" && (algorithm == "crc64nvme" || algorithm == ""):
		return nil, fail(http.StatusBadRequest, "InvalidRequest", "the checksum algorithm can't be of that type")
	}
	s.ids++
	u := &upload{
		id: fmt.Sprintf("upload-%06d", s.ids), key: req.Key, header: header, algorithm: algorithm,
		full: kind == "FULL_OBJECT" || algorithm == "crc64nvme", begun: time.Now(), parts: map[int]*part{},
	}
	s.uploads[u.id] = u
	return xmlAnswer(initiateBody{Bucket: s.options.Bucket, Key: req.Key, UploadID: u.id}), nil
}

func (s *Server) uploadPart(req Request, b *body) (*answer, error) {
	u, err := s.find(req)
	if err != nil {
		return nil, err
	}
	if req.Part < 1 || req.Part > maxParts {
		return nil, fail(http.StatusBadRequest, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
	}
	if len(b.data) > maxPut {
		return nil, fail(http.StatusBadRequest, "EntityTooLarge", "a part has at most 5 GiB")
	}
	for algorithm := range b.checksums {
		if u.algorithm != "" && algorithm != u.algorithm {
			return nil, fail(http.StatusBadRequest, "InvalidRequest", "the upload was begun for checksums of another algorithm")
		}
	}
	if u.algorithm != "" && !u.full && len(b.checksums) == 0 {
		return nil, fail(http.StatusBadRequest, "InvalidRequest", "the upload was begun for checksums, and this part has none")
	}
	p := &part{data: b.data, etag: `"` + md5Hex(b.data) + `"`, checksums: b.checksums, modified: time.Now()}
	u.parts[req.Part] = p
	a := empty(http.StatusOK)
	a.header.Set("ETag", p.etag)
	for algorithm, sum := range p.checksums {
		a.header.Set("X-Amz-Checksum-"+algorithm, sum)
	}
	return a, nil
}

func (s *Server) abortUpload(req Request) (*answer, error) {
	if _, err := s.find(req); err != nil {
		return nil, err
	}
	delete(s.uploads, req.UploadID)
	return empty(http.StatusNoContent), nil
}

// partBody is a part as CompleteMultipartUpload and ListParts have it.
type partBody struct {
	PartNumber        int
	ETag              string
	ChecksumCRC32     string `xml:",omitempty"`
	ChecksumCRC32C    string `xml:",omitempty"`
	ChecksumCRC64NVME string `xml:",omitempty"`
	ChecksumSHA1      string `xml:",omitempty"`
	ChecksumSHA256    string `xml:",omitempty"`
	Size              int64  `xml:",omitempty"`
	LastModified      string `xml:",omitempty"`
}

// sums returns where the checksums are, by algorithm.
func (p *partBody) sums() map[string]*string {
	return map[string]*string{"crc32": &p.ChecksumCRC32, "crc32c": &p.ChecksumCRC32C, "crc64nvme": &p.ChecksumCRC64NVME, "sha1": &p.ChecksumSHA1, "sha256": &p.ChecksumSHA256}
}

type completeBody struct {
	XMLName           xml.Name `xml:"CompleteMultipartUploadResult"`
	Location          string
	Bucket            string
	Key               string
	ETag              string
	ChecksumCRC32     string `xml:",omitempty"`
	ChecksumCRC32C    string `xml:",omitempty"`
	ChecksumCRC64NVME string `xml:",omitempty"`
	ChecksumSHA1      string `xml:",omitempty"`
	ChecksumSHA256    string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
}

func (s *Server) completeUpload(r *http.Request, req Request, b *body) (*answer, error) {
	if u := s.completed[req.UploadID]; u != nil && u.key == req.Key && !s.options.Forgetful {
		again := *u.result
		again.header = again.header.Clone()
		return &again, nil
	}
	u, err := s.find(req)
	if err != nil {
		return nil, err
	}
	var list struct {
		XMLName xml.Name   `xml:"CompleteMultipartUpload"`
		Parts   []partBody `xml:"Part"`
	}
	if err := xml.Unmarshal(b.data, &list); err != nil || len(list.Parts) == 0 {
		return nil, fail(http.StatusBadRequest, "MalformedXML", "the list of parts is none, or empty")
	}
	if err := s.checkNew(r, req.Key); err != nil {
		return nil, err
	}
	o, err := s.join(u, list.Parts)
	if err != nil {
		return nil, err
	}
	if err := checkWhole(r, u, o); err != nil {
		return nil, err
	}
	s.keep(o)
	delete(s.uploads, u.id)
	u.parts, u.result = nil, completeAnswer(s.options.Bucket, o, u)
	s.completed[u.id] = u
	first := *u.result
	first.header = first.header.Clone()
	return &first, nil
}

// join makes an object of an upload's parts, if these are the right ones.
func (s *Server) join(u *upload, listed []partBody) (*Object, error) {
	o := &Object{Key: u.key, Header: u.header, Modified: time.Now(), Parts: len(listed), checksums: map[string]string{}}
	for i := range listed[1:] {
		if listed[i+1].PartNumber <= listed[i].PartNumber {
			return nil, fail(http.StatusBadRequest, "InvalidPartOrder", "the parts are not in their order")
		}
	}
	var etags, sums []byte
	for i, l := range listed {
		p := u.parts[l.PartNumber]
		switch {
		case p == nil || strings.Trim(l.ETag, `"`) != strings.Trim(p.etag, `"`):
			return nil, fail(http.StatusBadRequest, "InvalidPart", "a part is not there, or another")
		case i < len(listed)-1 && int64(len(p.data)) < s.options.PartSize:
			return nil, fail(http.StatusBadRequest, "EntityTooSmall", "a part that isn't the last is too small")
		}
		for algorithm, told := range l.sums() {
			if *told != "" && *told != p.checksums[algorithm] {
				return nil, fail(http.StatusBadRequest, "InvalidPart", "a part's checksum is another")
			}
			if *told == "" && algorithm == u.algorithm && !u.full {
				return nil, fail(http.StatusBadRequest, "InvalidRequest", "a part's checksum is missing")
			}
		}
		sum, _ := hex.DecodeString(strings.Trim(p.etag, `"`)) // is ours
		etags = append(etags, sum...)
		sum, _ = base64.StdEncoding.DecodeString(p.checksums[u.algorithm]) // as above
		sums = append(sums, sum...)
		o.Data = append(o.Data, p.data...)
	}
	if len(o.Data) > maxObject {
		return nil, fail(http.StatusBadRequest, "EntityTooLarge", "an object has at most 5 TiB")
	}
	sum := md5.Sum(etags) //nolint:gosec // as above
	o.ETag = fmt.Sprintf(`"%x-%d"`, sum, len(listed))
	switch {
	case u.algorithm == "":
	case u.full:
		o.checksums[u.algorithm] = checksum(u.algorithm, o.Data)
	default:
		o.checksums[u.algorithm] = checksum(u.algorithm, sums) + "-" + strconv.Itoa(len(listed))
	}
	return o, nil
}

// checkWhole compares the object with what the request says of it.
func checkWhole(r *http.Request, u *upload, o *Object) error {
	if told := r.Header.Get("X-Amz-Mp-Object-Size"); told != "" && told != strconv.Itoa(len(o.Data)) {
		return fail(http.StatusBadRequest, "InvalidRequest", "the object has another size")
	}
	for _, algorithm := range algorithms() {
		told := r.Header.Get("X-Amz-Checksum-" + algorithm)
		if told != "" && (algorithm != u.algorithm || told != o.checksums[algorithm]) {
			return fail(http.StatusBadRequest, "BadDigest", "the object has another checksum")
		}
	}
	return nil
}

func completeAnswer(bucket string, o *Object, u *upload) *answer {
	c := completeBody{
		Location: "/" + bucket + "/" + o.Key, Bucket: bucket, Key: o.Key, ETag: o.ETag,
		ChecksumCRC32: o.checksums["crc32"], ChecksumCRC32C: o.checksums["crc32c"], ChecksumCRC64NVME: o.checksums["crc64nvme"],
		ChecksumSHA1: o.checksums["sha1"], ChecksumSHA256: o.checksums["sha256"],
	}
	switch {
	case u.algorithm == "":
	case u.full:
		c.ChecksumType = "FULL_OBJECT"
	default:
		c.ChecksumType = "COMPOSITE"
	}
	return xmlAnswer(c)
}
