package bucket

import (
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/encrypt"
)

const headerCRC64 = "x-amz-checksum-crc64nvme"

// maxValue is how long one encoded value of the metadata may be: all together, S3 takes 2 KiB.
const maxValue = 512

// About is what an object tells of itself. The names in Metadata are lower case letters, digits and -.
// Values are any bytes: in the store they are encoded as in a URL, so that they survive each store's way with headers.
type About struct {
	ContentType string
	Metadata    map[string]string
	// Passing says that the object is replaced or removed soon: it is not locked. Stores do not tell it.
	Passing bool
}

// options are the headers that an object gets at its beginning.
func (b *Bucket) options(about About) minio.PutObjectOptions {
	c := b.config
	opts := minio.PutObjectOptions{
		ContentType:          about.ContentType,
		StorageClass:         c.StorageClass,
		DisableContentSha256: true,
		UserMetadata:         map[string]string{},
	}
	for name, value := range about.Metadata {
		if v := encode(value); v != "" {
			opts.UserMetadata["x-amz-meta-"+name] = v
		}
	}
	if c.ACL != "" {
		opts.UserMetadata["x-amz-acl"] = c.ACL
	}
	switch c.SSE {
	case "AES256":
		opts.ServerSideEncryption = encrypt.NewSSE()
	case "aws:kms":
		// The error is of encoding a context, and there is none.
		opts.ServerSideEncryption, _ = encrypt.NewSSEKMS(c.KMSKey, nil)
	}
	if about.Passing {
		return opts
	}
	if c.Lock.LegalHold {
		opts.LegalHold = minio.LegalHoldEnabled
	}
	if c.Lock.Mode != "" {
		opts.Mode = minio.RetentionMode(c.Lock.Mode)
		opts.RetainUntilDate = c.Lock.Until
		if c.Lock.Days > 0 {
			opts.RetainUntilDate = b.now().AddDate(0, 0, c.Lock.Days)
		}
	}
	return opts
}

// aboutOf reads the metadata of an answer.
func aboutOf(info minio.ObjectInfo) About {
	a := About{ContentType: info.ContentType, Metadata: map[string]string{}}
	for name, value := range info.UserMetadata {
		if v, err := url.PathUnescape(value); err == nil {
			value = v
		}
		a.Metadata[strings.ToLower(name)] = value
	}
	return a
}

// encode writes every byte but letters, digits and -._~@:/ as %XX. So a value has nothing that a header, a
// signature, a proxy or RFC 2047 gives a meaning to.
func encode(s string) string {
	const hex = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(s) {
		c := s[i]
		plain := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~@:/", c) >= 0
		size := 3
		if plain {
			size = 1
		}
		if out.Len()+size > maxValue {
			break
		}
		if plain {
			out.WriteByte(c)
		} else {
			out.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return out.String()
}

func trimETag(s string) string { return strings.Trim(s, `"`) }
