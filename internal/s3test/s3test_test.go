package s3test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
)

// partSize is the least that S3 takes for a part that isn't the last.
const partSize = 5 << 20

// upload does all that a gateway needs, with an account's rights, and returns the upload
// that it left open.
func upload(t *testing.T, s *Server, c *minio.Core) Upload {
	t.Helper()
	ctx := t.Context()
	if _, err := c.PutObject(ctx, s.Bucket, "short", strings.NewReader("a log"), 5, "", "", minio.PutObjectOptions{UserMetadata: map[string]string{"username": "alice"}}); err != nil {
		t.Fatalf("PutObject: %v", err)
	}
	id, err := c.NewMultipartUpload(ctx, s.Bucket, "long", minio.PutObjectOptions{})
	if err != nil {
		t.Fatalf("CreateMultipartUpload: %v", err)
	}
	var parts []minio.CompletePart
	for n, text := range []string{strings.Repeat("x", partSize), "end"} {
		p, err := c.PutObjectPart(ctx, s.Bucket, "long", id, n+1, strings.NewReader(text), int64(len(text)), minio.PutObjectPartOptions{})
		if err != nil {
			t.Fatalf("UploadPart: %v", err)
		}
		parts = append(parts, minio.CompletePart{PartNumber: p.PartNumber, ETag: p.ETag})
	}
	if list, err := c.ListMultipartUploads(ctx, s.Bucket, "", "", "", "", 10); err != nil || len(list.Uploads) != 1 {
		t.Fatalf("ListMultipartUploads: %v, %v, want one", list.Uploads, err)
	}
	if _, err := c.CompleteMultipartUpload(ctx, s.Bucket, "long", id, parts, minio.PutObjectOptions{}); err != nil {
		t.Fatalf("CompleteMultipartUpload: %v", err)
	}
	for _, key := range []string{"left", "aborted"} {
		if id, err = c.NewMultipartUpload(ctx, s.Bucket, key, minio.PutObjectOptions{}); err != nil {
			t.Fatalf("CreateMultipartUpload: %v", err)
		}
	}
	if err := c.AbortMultipartUpload(ctx, s.Bucket, "aborted", id); err != nil {
		t.Fatalf("AbortMultipartUpload: %v", err)
	}
	uploads := s.Uploads(t)
	if len(uploads) != 1 {
		t.Fatalf("there are uploads %v, want one", uploads)
	}
	return uploads[0]
}

func TestTheLimitedAccountMayDoWhatIsNeeded(t *testing.T) {
	t.Parallel()
	s := Start(t)
	left := upload(t, s, s.Client(t, s.Limited))
	if got, want := s.Keys(t), []string{"long", "short"}; !slices.Equal(got, want) {
		t.Errorf("the bucket has %q, want %q", got, want)
	}
	if got := s.Object(t, "short"); string(got) != "a log" {
		t.Errorf("the short object has %q", got)
	}
	if got := s.Object(t, "long"); !bytes.Equal(got, append(bytes.Repeat([]byte("x"), partSize), "end"...)) {
		t.Errorf("the long object is %d bytes that were not sent", len(got))
	}
	if m := s.Metadata(t, "short"); m["username"] != "alice" {
		t.Errorf("the short object's metadata is %v", m)
	}
	if left.Key != "left" || len(s.Parts(t, left)) != 0 {
		t.Errorf("left is the upload %v with parts %v", left, s.Parts(t, left))
	}
	if s.Abort(t, left); len(s.Uploads(t)) != 0 || s.Parts(t, left) != nil {
		t.Errorf("uploads %v are there after they were aborted", s.Uploads(t))
	}
	if s.Remove(t, "short"); len(s.Keys(t)) != 1 {
		t.Errorf("an object that was removed is there: %q", s.Keys(t))
	}
}

func TestTheLimitedAccountMayDoNothingElse(t *testing.T) {
	t.Parallel()
	s := Start(t)
	c, ctx := s.Client(t, s.Limited), t.Context()
	left := upload(t, s, c)
	for name, do := range map[string]func() error{
		"HeadObject": func() error {
			_, err := c.StatObject(ctx, s.Bucket, "short", minio.StatObjectOptions{})
			return err
		},
		"GetObject": func() error {
			_, _, _, err := c.GetObject(ctx, s.Bucket, "short", minio.GetObjectOptions{})
			return err
		},
		"ListObjectsV2": func() error { _, err := c.ListObjectsV2(s.Bucket, "", "", "", "", 10); return err },
		"ListParts": func() error {
			_, err := c.ListObjectParts(ctx, s.Bucket, left.Key, left.ID, 0, 10)
			return err
		},
		"HeadBucket":      func() error { _, err := c.BucketExists(ctx, s.Bucket); return err },
		"DeleteObject":    func() error { return c.RemoveObject(ctx, s.Bucket, "short", minio.RemoveObjectOptions{}) },
		"GetBucketPolicy": func() error { _, err := c.GetBucketPolicy(ctx, s.Bucket); return err },
		"another bucket": func() error {
			_, err := c.PutObject(ctx, "other", "x", strings.NewReader("x"), 1, "", "", minio.PutObjectOptions{})
			return err
		},
	} {
		if name == "another bucket" {
			s.NewBucket(t, "other")
		}
		if err := do(); err == nil || minio.ToErrorResponse(err).StatusCode != 403 {
			t.Errorf("%s: %v, want that it is denied", name, err)
		}
	}
	s.Permit(t, append(Needed(), "s3:GetObject")...)
	if _, err := c.StatObject(ctx, s.Bucket, "short", minio.StatObjectOptions{}); err != nil {
		t.Errorf("HeadObject, once it is permitted: %v", err)
	}
	s.Permit(t)
	if _, err := c.PutObject(ctx, s.Bucket, "x", strings.NewReader("x"), 1, "", "", minio.PutObjectOptions{}); err == nil {
		t.Error("PutObject succeeds, though nothing is permitted")
	}
}

func TestTheServerChecksSecretsAndItsClientsTheServer(t *testing.T) {
	t.Parallel()
	s := Start(t)
	put := func(a Account) error {
		_, err := s.Client(t, a).PutObject(t.Context(), s.Bucket, "x", strings.NewReader("x"), 1, "", "", minio.PutObjectOptions{})
		return err
	}
	old := s.Limited
	s.ChangeSecret(t, &s.Limited, "another secret")
	if err := put(old); minio.ToErrorResponse(err).Code != "SignatureDoesNotMatch" {
		t.Errorf("with a secret that was changed: %v", err)
	}
	if err := put(s.Limited); err != nil {
		t.Errorf("with the new secret: %v", err)
	}
	other := Start(t)
	other.roots = s.roots
	if _, err := other.Client(t, other.Root).BucketExists(t.Context(), other.Bucket); err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("a server with a certificate of another authority: %v", err)
	}
}

func TestOutagesLoseNothing(t *testing.T) {
	t.Parallel()
	s := Start(t)
	upload(t, s, s.Client(t, s.Limited))
	for _, end := range []func(testing.TB){s.Stop, s.Kill} {
		end(t)
		if s.answers() {
			t.Error("a server that is down answers")
		}
		s.Resume(t)
		if got := s.Object(t, "short"); string(got) != "a log" || len(s.Uploads(t)) != 1 {
			t.Errorf("after an outage the object has %q, and there are uploads %v", got, s.Uploads(t))
		}
	}
}

// TestKeysCanBeWrittenOnce shows what stores count on here: that If-None-Match (RFC 9110,
// section 13.1.2) protects what is there, and that what was written twice can be seen.
func TestKeysCanBeWrittenOnce(t *testing.T) {
	t.Parallel()
	s := Start(t)
	s.KeepVersions(t)
	c, once := s.Client(t, s.Limited), minio.PutObjectOptions{}
	once.SetMatchETagExcept("*")
	put := func(text string, o minio.PutObjectOptions) error {
		_, err := c.PutObject(t.Context(), s.Bucket, "x", strings.NewReader(text), int64(len(text)), "", "", o)
		return err
	}
	if err := put("one", once); err != nil {
		t.Fatal(err)
	}
	if err := put("two", once); minio.ToErrorResponse(err).StatusCode != 412 {
		t.Errorf("a second write, only if there is nothing: %v, want status 412", err)
	}
	if got := s.Object(t, "x"); string(got) != "one" || len(s.Keys(t)) != 1 {
		t.Errorf("the object has %q, in %d versions", got, len(s.Keys(t)))
	}
	if err := put("three", minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := s.Object(t, "x"); string(got) != "three" || len(s.Keys(t)) != 2 {
		t.Errorf("after another write the object has %q, in %d versions, want 2", got, len(s.Keys(t)))
	}
}

// TestWrongBytesAreRefused shows that the server checks what it is told of the bytes.
func TestWrongBytesAreRefused(t *testing.T) {
	t.Parallel()
	s := Start(t)
	c := s.Client(t, s.Limited)
	other := sha256.Sum256([]byte("other"))
	for name, o := range map[string]minio.PutObjectOptions{
		"checksum": {UserMetadata: map[string]string{"x-amz-checksum-sha256": base64.StdEncoding.EncodeToString(other[:])}},
		"payload":  {},
	} {
		digest := ""
		if name == "payload" {
			digest = hex.EncodeToString(other[:])
		}
		if _, err := c.PutObject(t.Context(), s.Bucket, "x", strings.NewReader("these"), 5, "", digest, o); err == nil || err == io.EOF {
			t.Errorf("with another %s: %v, want that it is refused", name, err)
		}
	}
	if keys := s.Keys(t); len(keys) != 0 {
		t.Errorf("there is %q", keys)
	}
}
