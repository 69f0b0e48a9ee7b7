package bucket

import (
	"context"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"
)

// The limits of a multipart upload, from https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html.
const (
	MinPart   = 5 << 20
	MaxPart   = 5 << 30
	MaxParts  = 10_000
	MaxObject = 5 << 40
	MaxPut    = 5 << 30
)

// Part is a part of an upload that the store has taken. Its JSON is stable: it is kept across restarts.
type Part struct {
	Number int    `json:"number"` // from 1
	Size   int64  `json:"size"`
	ETag   string `json:"etag"`
	CRC64  string `json:"crc64,omitempty"` // base64; computed here, or told by the store to Parts
	Match  Match  `json:"match,omitempty"` // whether the store has shown that it has what was sent

	Modified time.Time `json:"-"` // of Parts
}

// Upload is an upload that is open.
type Upload struct {
	Key   string
	ID    string
	Begun time.Time
}

// Begin opens an upload and returns its id.
func (b *Bucket) Begin(ctx context.Context, key string, about About) (string, error) {
	opts := b.options(about)
	if b.config.Checksum == CRC64 {
		opts.UserMetadata["x-amz-checksum-algorithm"] = "CRC64NVME"
		opts.UserMetadata["x-amz-checksum-type"] = "FULL_OBJECT"
	}
	id, err := b.core.NewMultipartUpload(ctx, b.config.Bucket, b.key(key), opts)
	if err == nil && id == "" {
		err = errNoUploadID
	}
	return id, b.fail("begin upload", key, err)
}

// Part sends size bytes of r from offset as a part, in place of what the upload had under that number.
// It fails with [ErrNoUpload] if the upload is gone, and with [ErrCorrupt] if the store shows that it got other bytes.
func (b *Bucket) Part(ctx context.Context, key, id string, number int, r io.ReaderAt, offset, size int64) (Part, error) {
	const op = "upload part"
	section := io.NewSectionReader(r, offset, size)
	d, err := b.digest(section, size)
	if err != nil {
		return Part{}, b.fail(op, key, err)
	}
	opts := minio.PutObjectPartOptions{Md5Base64: d.md5, Sha256Hex: d.sha256, DisableContentSha256: true, CustomHeader: http.Header{}}
	if d.sum.CRC64 != "" {
		opts.CustomHeader.Set(headerCRC64, d.sum.CRC64)
	}
	got, err := b.core.PutObjectPart(ctx, b.config.Bucket, b.key(key), id, number, newBody(section, size), size, opts)
	if err != nil {
		return Part{}, b.fail(op, key, err)
	}
	p := Part{Number: number, Size: size, ETag: got.ETag, CRC64: d.sum.CRC64}
	if p.Match, err = d.prove(section, got.ChecksumCRC64NVME, got.ETag); err == nil && p.Match == Other {
		err = ErrCorrupt
	}
	return p, b.fail(op, key, err)
}

// Complete makes an object of the parts. It fails with [ErrExist] if there is one of that key, in a store that
// knows If-None-Match; with [ErrParts] if the store does not have these parts; with [ErrNoUpload] if the
// upload is gone: it may have been completed by a request whose answer was lost. After any error that is not
// Final the object may be there.
func (b *Bucket) Complete(ctx context.Context, key, id string, parts []Part) (Stored, error) {
	const op = "complete upload"
	want, err := Whole(parts)
	if err != nil {
		return Stored{}, b.fail(op, key, err)
	}
	var list []minio.CompletePart
	for _, p := range parts {
		list = append(list, minio.CompletePart{PartNumber: p.Number, ETag: p.ETag, ChecksumCRC64NVME: b.told(p.CRC64)})
	}
	var info minio.UploadInfo
	err = b.conditional(true, func(once bool) error {
		opts := minio.PutObjectOptions{UserMetadata: map[string]string{}}
		if crc := b.told(want.CRC64); crc != "" {
			opts.UserMetadata[headerCRC64] = crc
			opts.UserMetadata["x-amz-checksum-type"] = "FULL_OBJECT"
		}
		if once {
			opts.SetMatchETagExcept("*")
		}
		info, err = b.core.CompleteMultipartUpload(ctx, b.config.Bucket, b.key(key), id, list, opts)
		return err
	})
	if err != nil {
		return Stored{}, b.fail(op, key, err)
	}
	st := Stored{Key: key, Size: want.Size, ETag: info.ETag, CRC64: info.ChecksumCRC64NVME, Version: info.VersionID}
	st.Match = want.Compare(st)
	if st.Match == Same && st.CRC64 == "" && !all(parts, Same) {
		st.Match = Unknown // the ETag shows that the object is made of these parts, and nothing shows what they are
	}
	switch {
	case st.ETag == "":
		err = errNoETag
	case st.Match == Other:
		err = ErrCorrupt
	}
	return st, b.fail(op, key, err)
}

// told returns a checksum as it is told to the store: with another setting the store is told none.
func (b *Bucket) told(crc string) string {
	if b.config.Checksum != CRC64 {
		return ""
	}
	return crc
}

func all(parts []Part, m Match) bool {
	for _, p := range parts {
		if p.Match != m {
			return false
		}
	}
	return true
}

// Abort drops an upload and its parts.
func (b *Bucket) Abort(ctx context.Context, key, id string) error {
	return b.fail("abort upload", key, b.core.AbortMultipartUpload(ctx, b.config.Bucket, b.key(key), id))
}

// Uploads yields the open uploads whose keys begin with prefix, a page a request. It ends after the first error.
func (b *Bucket) Uploads(ctx context.Context, prefix string) iter.Seq2[Upload, error] {
	const op = "list uploads"
	return func(yield func(Upload, error) bool) {
		key, id := "", ""
		for {
			page, err := b.core.ListMultipartUploads(ctx, b.config.Bucket, b.key(prefix), key, id, "", 1000)
			if err != nil {
				yield(Upload{}, b.fail(op, prefix, err))
				return
			}
			for _, u := range page.Uploads {
				if !yield(Upload{Key: b.name(u.Key), ID: u.UploadID, Begun: u.Initiated}, nil) {
					return
				}
			}
			if !page.IsTruncated {
				return
			}
			if page.NextKeyMarker < key || page.NextKeyMarker == key && page.NextUploadIDMarker == id {
				yield(Upload{}, b.fail(op, prefix, errEndlessPages))
				return
			}
			key, id = page.NextKeyMarker, page.NextUploadIDMarker
		}
	}
}

// Parts yields the parts that an open upload has. It needs s3:ListMultipartUploadParts, and ends after the first error.
func (b *Bucket) Parts(ctx context.Context, key, id string) iter.Seq2[Part, error] {
	const op = "list parts"
	return func(yield func(Part, error) bool) {
		for after := 0; ; {
			page, err := b.core.ListObjectParts(ctx, b.config.Bucket, b.key(key), id, after, 1000)
			if err != nil {
				yield(Part{}, b.fail(op, key, err))
				return
			}
			for _, p := range page.ObjectParts {
				if !yield(Part{Number: p.PartNumber, Size: p.Size, ETag: trimETag(p.ETag), CRC64: p.ChecksumCRC64NVME, Modified: p.LastModified}, nil) {
					return
				}
			}
			if !page.IsTruncated {
				return
			}
			if page.NextPartNumberMarker <= after {
				yield(Part{}, b.fail(op, key, errEndlessPages))
				return
			}
			after = page.NextPartNumberMarker
		}
	}
}
