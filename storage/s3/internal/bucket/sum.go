package bucket

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"

	"github.com/minio/crc64nvme"
	"github.com/minio/minio-go/v7"
)

// Match is what a comparison of an object in the store with what it should be has shown.
type Match string

// The outcomes of a comparison.
const (
	Same    Match = "same"
	Other   Match = "other"
	Unknown Match = "unknown" // the store tells too little
)

// Sum is what is known here of an object or part: what the store says is compared with it.
type Sum struct {
	Size  int64  `json:"size"`
	CRC64 string `json:"crc64,omitempty"` // CRC-64/NVME, in base64 as S3 writes it
	ETag  string `json:"etag,omitempty"`  // what the ETag is where stores make it of MD5
}

// Compare compares an object of the store with s. A checksum that the store tells decides;
// otherwise an ETag that is equal is proof, and one that is not means nothing, since encrypted objects have others.
func (s Sum) Compare(st Stored) Match {
	switch {
	case st.Size >= 0 && st.Size != s.Size:
		return Other
	case s.CRC64 != "" && st.CRC64 != "":
		if st.CRC64 == s.CRC64 {
			return Same
		}
		return Other
	case s.ETag != "" && st.ETag == s.ETag:
		return Same
	}
	return Unknown
}

// Whole returns the sum of the object that these parts make, in their order.
func Whole(parts []Part) (Sum, error) {
	s := Sum{}
	var pieces []minio.ObjectPart
	sums, crc, tags := md5.New(), true, true
	for _, p := range parts {
		s.Size += p.Size
		crc = crc && p.CRC64 != ""
		pieces = append(pieces, minio.ObjectPart{PartNumber: p.Number, Size: p.Size, ChecksumCRC64NVME: p.CRC64})
		raw, err := hex.DecodeString(p.ETag)
		tags = tags && err == nil && len(raw) == md5.Size
		sums.Write(raw)
	}
	if crc && len(parts) > 0 {
		whole, err := minio.ChecksumCRC64NVME.FullObjectChecksum(pieces)
		if err != nil {
			return s, fmt.Errorf("combine the checksums of %d parts: %w", len(parts), err)
		}
		s.CRC64 = whole.Encoded()
	}
	if tags && len(parts) > 0 {
		s.ETag = hex.EncodeToString(sums.Sum(nil)) + "-" + strconv.Itoa(len(parts))
	}
	return s, nil
}

// SumOf reads size bytes of r and returns their sum, with everything in it.
func SumOf(r io.ReaderAt, size int64) (Sum, error) {
	crc, tag := crc64nvme.New(), md5.New()
	if err := readAll(r, size, crc, tag); err != nil {
		return Sum{}, err
	}
	return Sum{Size: size, CRC64: base64.StdEncoding.EncodeToString(crc.Sum(nil)), ETag: hex.EncodeToString(tag.Sum(nil))}, nil
}

// digest is what a request says of its body.
type digest struct {
	sum    Sum
	md5    string // base64, for Content-MD5
	sha256 string // hex, for the signature; "" where TLS guards the body
}

// digest reads what will be sent, as far as the configuration and the protocol want it.
func (b *Bucket) digest(r io.ReaderAt, size int64) (digest, error) {
	var hashes []io.Writer
	var crc, tag, sha hash.Hash
	if b.config.Checksum == CRC64 {
		crc = crc64nvme.New()
		hashes = append(hashes, crc)
	}
	if b.config.Checksum == MD5 {
		tag = md5.New()
		hashes = append(hashes, tag)
	}
	if !b.secure() {
		sha = sha256.New()
		hashes = append(hashes, sha)
	}
	d := digest{sum: Sum{Size: size}}
	if len(hashes) == 0 {
		return d, nil
	}
	if err := readAll(r, size, hashes...); err != nil {
		return d, err
	}
	if crc != nil {
		d.sum.CRC64 = base64.StdEncoding.EncodeToString(crc.Sum(nil))
	}
	if tag != nil {
		d.md5, d.sum.ETag = base64.StdEncoding.EncodeToString(tag.Sum(nil)), hex.EncodeToString(tag.Sum(nil))
	}
	if sha != nil {
		d.sha256 = hex.EncodeToString(sha.Sum(nil))
	}
	return d, nil
}

// prove compares what a store answered to a request with what was sent. MD5 is computed only for a store
// that tells nothing better.
func (d digest) prove(r io.ReaderAt, crc, etag string) (Match, error) {
	if etag == "" {
		return Unknown, errNoETag
	}
	m := d.sum.Compare(Stored{Size: d.sum.Size, CRC64: crc, ETag: etag})
	if m != Unknown || d.sum.ETag != "" || len(etag) != 2*md5.Size {
		return m, nil
	}
	tag := md5.New()
	if err := readAll(r, d.sum.Size, tag); err != nil {
		return Unknown, err
	}
	if strings.EqualFold(etag, hex.EncodeToString(tag.Sum(nil))) {
		return Same, nil
	}
	return Unknown, nil
}

// readError is that what should be sent can't be read here.
type readError struct{ err error }

func (e *readError) Error() string { return "read what is to be sent: " + e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

func readAll(r io.ReaderAt, size int64, to ...io.Writer) error {
	n, err := io.Copy(io.MultiWriter(to...), io.NewSectionReader(r, 0, size))
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return &readError{err}
	}
	return nil
}

// body is what is sent: it marks an error of the disk as such, and gives no way to close what is not ours.
type body struct{ *io.SectionReader }

func newBody(r io.ReaderAt, size int64) body { return body{io.NewSectionReader(r, 0, size)} }

func (b body) Read(p []byte) (int, error) {
	n, err := b.SectionReader.Read(p)
	if err != nil && err != io.EOF {
		err = &readError{err}
	}
	return n, err
}
