package s3test

import (
	"io"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
)

// NewBucket makes a bucket that nobody but Root can use.
func (s *Server) NewBucket(t testing.TB, name string) {
	t.Helper()
	if err := s.Client(t, s.Root).MakeBucket(t.Context(), name, minio.MakeBucketOptions{Region: s.Region}); err != nil {
		t.Fatalf("make bucket %s: %v", name, err)
	}
}

// KeepVersions has the server keep all that was ever written to a key of Bucket, so that
// [Server.Objects] shows what was written twice.
func (s *Server) KeepVersions(t testing.TB) {
	t.Helper()
	if err := s.Client(t, s.Root).EnableVersioning(t.Context(), s.Bucket); err != nil {
		t.Fatalf("have bucket %s keep versions: %v", s.Bucket, err)
	}
}

// Objects lists what is in Bucket, in the order of keys, every version that is kept.
func (s *Server) Objects(t testing.TB) []minio.ObjectInfo {
	t.Helper()
	var objects []minio.ObjectInfo
	for o := range s.Client(t, s.Root).ListObjectsIter(t.Context(), s.Bucket, minio.ListObjectsOptions{Recursive: true, WithVersions: true}) {
		if o.Err != nil {
			t.Fatalf("list bucket %s: %v", s.Bucket, o.Err)
		}
		objects = append(objects, o)
	}
	return objects
}

// Keys lists the keys in Bucket in their order, one as often as it has versions.
func (s *Server) Keys(t testing.TB) []string {
	t.Helper()
	var keys []string
	for _, o := range s.Objects(t) {
		keys = append(keys, o.Key)
	}
	return keys
}

// Object returns the bytes of an object in Bucket.
func (s *Server) Object(t testing.TB, key string) []byte {
	t.Helper()
	r, _, _, err := s.Client(t, s.Root).GetObject(t.Context(), s.Bucket, key, minio.GetObjectOptions{})
	if err != nil {
		t.Fatalf("get object %s: %v", key, err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read object %s: %v", key, err)
	}
	return b
}

// Metadata returns what is told of an object in Bucket beside its bytes, by names in lower case.
func (s *Server) Metadata(t testing.TB, key string) map[string]string {
	t.Helper()
	o, err := s.Client(t, s.Root).StatObject(t.Context(), s.Bucket, key, minio.StatObjectOptions{})
	if err != nil {
		t.Fatalf("ask for object %s: %v", key, err)
	}
	metadata := map[string]string{}
	for name, value := range o.UserMetadata { // as headers are written
		metadata[strings.ToLower(name)] = value
	}
	return metadata
}

// Remove removes an object of Bucket.
func (s *Server) Remove(t testing.TB, key string) {
	t.Helper()
	if err := s.Client(t, s.Root).RemoveObject(t.Context(), s.Bucket, key, minio.RemoveObjectOptions{}); err != nil {
		t.Fatalf("remove object %s: %v", key, err)
	}
}

// Upload is a multipart upload that was begun and neither completed nor aborted.
type Upload struct{ Key, ID string }

// Uploads lists the open multipart uploads in Bucket.
func (s *Server) Uploads(t testing.TB) []Upload {
	t.Helper()
	c, uploads := s.Client(t, s.Root), []Upload(nil)
	for key, id := "", ""; ; {
		page, err := c.ListMultipartUploads(t.Context(), s.Bucket, "", key, id, "", 1000)
		if err != nil {
			t.Fatalf("list uploads to bucket %s: %v", s.Bucket, err)
		}
		for _, u := range page.Uploads {
			uploads = append(uploads, Upload{u.Key, u.UploadID})
		}
		if !page.IsTruncated {
			return uploads
		}
		key, id = page.NextKeyMarker, page.NextUploadIDMarker
	}
}

// Parts lists the parts of an upload by their numbers, with their sizes; none if it is no
// longer open.
func (s *Server) Parts(t testing.TB, u Upload) map[int]int64 {
	t.Helper()
	c, parts := s.Client(t, s.Root), map[int]int64{}
	for marker := 0; ; {
		page, err := c.ListObjectParts(t.Context(), s.Bucket, u.Key, u.ID, marker, 1000)
		if minio.ToErrorResponse(err).Code == minio.NoSuchUpload {
			return nil
		}
		if err != nil {
			t.Fatalf("list parts of %s: %v", u.Key, err)
		}
		for _, p := range page.ObjectParts {
			parts[p.PartNumber] = p.Size
		}
		if !page.IsTruncated {
			return parts
		}
		marker = page.NextPartNumberMarker
	}
}

// Abort ends an upload and removes its parts, as a bucket's lifecycle rule does behind
// the back of who uploads.
func (s *Server) Abort(t testing.TB, u Upload) {
	t.Helper()
	if err := s.Client(t, s.Root).AbortMultipartUpload(t.Context(), s.Bucket, u.Key, u.ID); err != nil {
		t.Fatalf("abort upload of %s: %v", u.Key, err)
	}
}
