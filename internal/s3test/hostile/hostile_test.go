package hostile

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// client is minio-go's client of a server, which tries each request once.
type client struct {
	*minio.Core
	t      *testing.T
	server *Server
}

// newClient returns a client that needs no sockets.
func newClient(t *testing.T, s *Server) client {
	t.Helper()
	return clientOf(t, s, "hostile.test", false, s)
}

func clientOf(t *testing.T, s *Server, host string, secure bool, transport http.RoundTripper) client {
	t.Helper()
	c, err := minio.NewCore(host, &minio.Options{
		Creds: credentials.NewStaticV4("key", "secret", ""), Transport: transport, Secure: secure, Region: "us-east-1",
		BucketLookup: minio.BucketLookupPath, TrailingHeaders: true, MaxRetries: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client{c, t, s}
}

func (c client) put(key, text string) error {
	_, err := c.PutObject(c.t.Context(), "logs", key, strings.NewReader(text), int64(len(text)), "", "", minio.PutObjectOptions{})
	return err
}

func (c client) begin(key string) string {
	c.t.Helper()
	id, err := c.NewMultipartUpload(c.t.Context(), "logs", key, minio.PutObjectOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	return id
}

func (c client) part(key, id string, n int, text string) (minio.CompletePart, error) {
	p, err := c.PutObjectPart(c.t.Context(), "logs", key, id, n, strings.NewReader(text), int64(len(text)), minio.PutObjectPartOptions{})
	return minio.CompletePart{PartNumber: n, ETag: p.ETag}, err
}

func (c client) complete(key, id string, parts ...minio.CompletePart) error {
	_, err := c.CompleteMultipartUpload(c.t.Context(), "logs", key, id, parts, minio.PutObjectOptions{})
	return err
}

// parts sends texts as parts 1, 2, …
func (c client) parts(key, id string, texts ...string) (sent []minio.CompletePart) {
	c.t.Helper()
	for i, text := range texts {
		p, err := c.part(key, id, i+1, text)
		if err != nil {
			c.t.Fatal(err)
		}
		sent = append(sent, p)
	}
	return sent
}

func (c client) has(key, want string) {
	c.t.Helper()
	o := c.server.Object(key)
	if o == nil || string(o.Data) != want {
		c.t.Errorf("object %s is %v, want the text %q", key, o, want)
	}
}

// code is the S3 error that err is, "" for none.
func code(err error) string {
	if err == nil {
		return ""
	}
	return minio.ToErrorResponse(err).Code
}

func small() *Server { return New(Options{Bucket: "logs", PartSize: 4}) }

// overBoth runs a test without sockets, over HTTP and over TLS, where the client signs and sends
// otherwise.
func overBoth(t *testing.T, test func(t *testing.T, s *Server, c client)) {
	t.Run("no sockets", func(t *testing.T) {
		s := small()
		test(t, s, newClient(t, s))
	})
	for name, start := range map[string]func(http.Handler) *httptest.Server{"HTTP": httptest.NewServer, "TLS": httptest.NewTLSServer} {
		t.Run(name, func(t *testing.T) {
			s := small()
			h := start(s)
			t.Cleanup(h.Close)
			t.Cleanup(s.Close) // first, or requests that hang would hold the other up
			h.Config.ErrorLog = nil
			test(t, s, clientOf(t, s, h.Listener.Addr().String(), name == "TLS", h.Client().Transport))
		})
	}
}

func TestALifeOfObjects(t *testing.T) {
	overBoth(t, func(t *testing.T, s *Server, c client) {
		if err := c.put("a", "short"); err != nil {
			t.Fatal(err)
		}
		c.has("a", "short")
		id := c.begin("b")
		sent := c.parts("b", id, "1234", "5678", "9")
		if u := s.Uploads(); len(u) != 1 || u[0].Key != "b" || len(u[0].Parts) != 3 || u[0].Parts[3] != 1 {
			t.Errorf("open uploads: %v", u)
		}
		if list, err := c.ListObjectParts(t.Context(), "logs", "b", id, 0, 1000); err != nil || len(list.ObjectParts) != 3 || list.ObjectParts[2].Size != 1 {
			t.Errorf("its parts: %v, %v", list, err)
		}
		if err := c.complete("b", id, sent...); err != nil {
			t.Fatal(err)
		}
		c.has("b", "123456789")
		o, err := c.StatObject(t.Context(), "logs", "b", minio.StatObjectOptions{})
		if err != nil || o.Size != 9 || !strings.HasSuffix(o.ETag, "-3") {
			t.Errorf("it is %+v, %v", o, err)
		}
		c.reads("b", 2, 5, "3456")
		c.reads("b", 7, 0, "89") // to its end
		c.reads("b", 0, -3, "789")
		if err := c.RemoveObject(t.Context(), "logs", "a", minio.RemoveObjectOptions{}); err != nil {
			t.Fatal(err)
		}
		if keys := s.Keys(); !slices.Equal(keys, []string{"b"}) {
			t.Errorf("there is %q", keys)
		}
	})
}

// reads reads a range as minio-go's SetRange has it.
func (c client) reads(key string, from, to int64, want string) {
	c.t.Helper()
	o := minio.GetObjectOptions{}
	if err := o.SetRange(from, to); err != nil {
		c.t.Fatal(err)
	}
	r, _, _, err := c.GetObject(c.t.Context(), "logs", key, o)
	if err != nil {
		c.t.Errorf("read %d-%d: %v", from, to, err)
		return
	}
	defer r.Close()
	if b, err := io.ReadAll(r); err != nil || string(b) != want {
		c.t.Errorf("read %d-%d: %q, %v, want %q", from, to, b, err, want)
	}
}

func TestItIsStrict(t *testing.T) {
	s := small()
	c := newClient(t, s)
	id := c.begin("x")
	one, _ := c.part("x", id, 1, "1234")
	two, _ := c.part("x", id, 2, "12")
	three, _ := c.part("x", id, 3, "1")
	wrong := one
	wrong.ETag = two.ETag
	part := func(n int) error { _, err := c.part("x", id, n, "1234"); return err }
	for _, is := range []struct {
		what string
		err  error
		want string
	}{
		{"part 0", part(0), "InvalidArgument"},
		{"part 10001", part(10001), "InvalidArgument"},
		{"part 10000", part(10000), ""},
		{"no parts", c.complete("x", id), "MalformedXML"},
		{"parts in the wrong order", c.complete("x", id, two, one), "InvalidPartOrder"},
		{"a part twice", c.complete("x", id, one, one), "InvalidPartOrder"},
		{"a small part that is not the last", c.complete("x", id, one, two, three), "EntityTooSmall"},
		{"a part with another's ETag", c.complete("x", id, wrong), "InvalidPart"},
		{"a part that was never sent", c.complete("x", id, minio.CompletePart{PartNumber: 7, ETag: one.ETag}), "InvalidPart"},
		{"an upload to another key", c.complete("y", id, one), "NoSuchUpload"},
		{"no such upload", c.complete("x", "none", one), "NoSuchUpload"},
		{"all is well", c.complete("x", id, one, two), ""},
		{"an abort after that", c.AbortMultipartUpload(t.Context(), "logs", "x", id), "NoSuchUpload"},
		{"a part after that", part(1), "NoSuchUpload"},
		{"completed again", c.complete("x", id, one, two), ""},
	} {
		if code(is.err) != is.want {
			t.Errorf("%s: %v, want %q", is.what, is.err, is.want)
		}
	}
	c.has("x", "123412")
	if n := len(s.Versions("x")); n != 1 {
		t.Errorf("the object was written %d times", n)
	}
	s.options.Forgetful = true
	if err := c.complete("x", id, one, two); code(err) != "NoSuchUpload" {
		t.Errorf("completed again, at a server that forgets: %v", err)
	}
}

func TestItWantsWhatMustBeThere(t *testing.T) {
	s := small()
	for name, is := range map[string]struct {
		header http.Header
		code   string
	}{
		"no signature":     {http.Header{}, "AccessDenied"},
		"an old signature": {http.Header{"Authorization": {"AWS key:signature"}}, "AuthorizationHeaderMalformed"},
		"an unsigned header": {http.Header{"X-Amz-Acl": {"private"}, "Authorization": {
			"AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"}}, "AccessDenied"},
		"another day": {http.Header{"X-Amz-Date": {"20260102T000000Z"}, "Authorization": {
			"AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=0"}}, "AccessDenied"},
		"a wrong clock": {http.Header{"X-Amz-Date": {"20200101T000000Z"}, "Authorization": {
			"AWS4-HMAC-SHA256 Credential=key/20200101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=0"}}, "RequestTimeTooSkewed"},
	} {
		r := httptest.NewRequest(http.MethodPut, "http://hostile.test/logs/x", strings.NewReader("text"))
		r.Header = is.header
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); !strings.Contains(w.Body.String(), "<Code>"+is.code+"</Code>") {
			t.Errorf("%s: %s, want %s", name, w.Body, is.code)
		}
	}
	if keys := s.Keys(); len(keys) != 0 {
		t.Errorf("there is %q", keys)
	}
	s.Permit(Six())
	c := newClient(t, s)
	if err := c.put("x", "text"); err != nil {
		t.Errorf("put, which is permitted: %v", err)
	}
	if _, err := c.StatObject(t.Context(), "logs", "x", minio.StatObjectOptions{}); code(err) != "AccessDenied" {
		t.Errorf("head, which is not permitted: %v", err)
	}
	if _, err := c.ListObjectsV2("none", "", "", "", "", 1); code(err) != "NoSuchBucket" {
		t.Errorf("another bucket: %v", err)
	}
}

func TestWrittenOnce(t *testing.T) {
	s := small()
	c := newClient(t, s)
	o := minio.PutObjectOptions{}
	o.SetMatchETagExcept("*")
	put := func() error {
		_, err := c.PutObject(t.Context(), "logs", "x", strings.NewReader("1"), 1, "", "", o)
		return err
	}
	if err := put(); err != nil {
		t.Fatal(err)
	}
	if err := put(); code(err) != "PreconditionFailed" {
		t.Errorf("put again: %v", err)
	}
	id := c.begin("x")
	parts := c.parts("x", id, "2")
	if _, err := c.CompleteMultipartUpload(t.Context(), "logs", "x", id, parts, o); code(err) != "PreconditionFailed" {
		t.Errorf("complete: %v", err)
	}
	c.has("x", "1")
	s.options.Unconditional = true
	if err := put(); err != nil {
		t.Errorf("put again, at a server without conditions: %v", err)
	}
	if n := len(s.Versions("x")); n != 2 {
		t.Errorf("there are %d versions, want 2", n)
	}
}

func TestChecksums(t *testing.T) {
	overBoth(t, func(t *testing.T, s *Server, c client) {
		for _, kind := range []minio.ChecksumType{minio.ChecksumCRC32, minio.ChecksumCRC32C, minio.ChecksumCRC64NVME, minio.ChecksumSHA1, minio.ChecksumSHA256} {
			h := kind.Hasher()
			h.Write([]byte("text"))
			sum := minio.NewChecksum(kind, h.Sum(nil)).Encoded()
			// The client computes it itself, too: in the trailer.
			info, err := c.PutObject(t.Context(), "logs", "trailer", strings.NewReader("text"), 4, "", "", minio.PutObjectOptions{Checksum: kind})
			if err != nil {
				t.Errorf("%v in the trailer: %v", kind, err)
			} else if got := info.ChecksumCRC32 + info.ChecksumCRC32C + info.ChecksumCRC64NVME + info.ChecksumSHA1 + info.ChecksumSHA256; got != sum {
				t.Errorf("%v: the server has %q, want %q", kind, got, sum)
			}
			for text, want := range map[string]string{"text": "", "tex_": "BadDigest"} {
				o := minio.PutObjectOptions{UserMetadata: map[string]string{kind.Key(): sum}}
				if _, err := c.PutObject(t.Context(), "logs", "header", strings.NewReader(text), 4, "", "", o); code(err) != want {
					t.Errorf("%v of text with %s: %v, want %q", kind, text, err, want)
				}
			}
		}
	})
}

// TestChecksumsOfTheWhole completes an upload with the CRC-64 of all parts, of which the server
// finds out the whole object's.
func TestChecksumsOfTheWhole(t *testing.T) {
	s := small()
	c, ctx := newClient(t, s), t.Context()
	h := minio.ChecksumCRC64NVME.Hasher()
	sum := func(text string) string {
		h.Reset()
		h.Write([]byte(text))
		return minio.NewChecksum(minio.ChecksumCRC64NVME, h.Sum(nil)).Encoded()
	}
	id, err := c.NewMultipartUpload(ctx, "logs", "x", minio.PutObjectOptions{UserMetadata: map[string]string{
		"X-Amz-Checksum-Algorithm": "CRC64NVME", "X-Amz-Checksum-Type": "FULL_OBJECT"}})
	if err != nil {
		t.Fatal(err)
	}
	var parts []minio.CompletePart
	for n, text := range []string{"1234", "5"} {
		header := http.Header{"X-Amz-Checksum-Crc64nvme": {sum(text)}}
		p, err := c.PutObjectPart(ctx, "logs", "x", id, n+1, strings.NewReader(text), int64(len(text)), minio.PutObjectPartOptions{CustomHeader: header})
		if err != nil || p.ChecksumCRC64NVME != sum(text) {
			t.Fatalf("part: %+v, %v", p, err)
		}
		parts = append(parts, minio.CompletePart{PartNumber: n + 1, ETag: p.ETag, ChecksumCRC64NVME: p.ChecksumCRC64NVME})
	}
	for _, is := range []struct{ told, code string }{{sum("54321"), "BadDigest"}, {sum("12345"), ""}} {
		o := minio.PutObjectOptions{UserMetadata: map[string]string{"X-Amz-Checksum-Crc64nvme": is.told, "X-Amz-Checksum-Type": "FULL_OBJECT"}}
		info, err := c.CompleteMultipartUpload(ctx, "logs", "x", id, parts, o)
		if code(err) != is.code || err == nil && info.ChecksumCRC64NVME != sum("12345") {
			t.Errorf("complete with %s: %+v, %v, want %q", is.told, info, err, is.code)
		}
	}
}

// TestPages lists ten thousand objects, and more uploads and parts than one answer has.
func TestPages(t *testing.T) {
	s := New(Options{Bucket: "logs", Page: 7})
	c, ctx := newClient(t, s), t.Context()
	for i := range 30 {
		id := c.begin(fmt.Sprintf("u/%d", i/3))
		for n := 1; i == 0 && n <= 20; n++ {
			if _, err := c.part("u/0", id, n, "p"); err != nil {
				t.Fatal(err)
			}
		}
	}
	uploads, parts := 0, 0
	for key, id := "", ""; ; {
		list, err := c.ListMultipartUploads(ctx, "logs", "u/", key, id, "", 1000)
		if err != nil || len(list.Uploads) > 7 {
			t.Fatalf("list uploads: %d, %v", len(list.Uploads), err)
		}
		uploads += len(list.Uploads)
		if key, id = list.NextKeyMarker, list.NextUploadIDMarker; !list.IsTruncated {
			break
		}
	}
	for marker := 0; ; {
		list, err := c.ListObjectParts(ctx, "logs", "u/0", s.Uploads()[0].ID, marker, 1000)
		if err != nil {
			t.Fatal(err)
		}
		parts += len(list.ObjectParts)
		if marker = list.NextPartNumberMarker; !list.IsTruncated {
			break
		}
	}
	if uploads != 30 || parts != 20 {
		t.Errorf("listed %d uploads and %d parts, want 30 and 20", uploads, parts)
	}
	s.options.Page = 1000
	for i := range 10_000 {
		s.Fill(fmt.Sprintf("logs/%05d", i), []byte("log"))
	}
	before, last, n := s.Count(ListObjects), "", 0
	for o := range c.ListObjectsIter(ctx, "logs", minio.ListObjectsOptions{Prefix: "logs/", Recursive: true, StartAfter: "logs/00009"}) {
		if o.Err != nil || o.Key <= last || o.Size != 3 {
			t.Fatalf("after %s comes %+v", last, o)
		}
		last, n = o.Key, n+1
	}
	if requests := s.Count(ListObjects) - before; n != 9_990 || requests != 10 {
		t.Errorf("listed %d objects with %d requests, want 9990 with 10", n, requests)
	}
}

func TestPrefixesInCommon(t *testing.T) {
	s := New(Options{Bucket: "logs", Page: 2})
	c := newClient(t, s)
	for _, key := range []string{"a", "b/1", "b/2", "b/3", "c", "d/1"} {
		s.Fill(key, nil)
	}
	var got []string
	for o := range c.ListObjectsIter(t.Context(), "logs", minio.ListObjectsOptions{}) {
		got = append(got, o.Key)
	}
	slices.Sort(got) // a page has its objects first
	if want := []string{"a", "b/", "c", "d/"}; !slices.Equal(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
}

// TestEachFault has a part meet each of them: what the client gets, what the server has done,
// and what the ledger says.
func TestEachFault(t *testing.T) {
	overBoth(t, func(t *testing.T, s *Server, c client) {
		for _, f := range Faults(UploadPart) {
			t.Run(f.String(), func(t *testing.T) { c.t = t; c.meets(t, f) })
		}
	})
}

func (c client) meets(t *testing.T, f *Fault) {
	s, id, want := c.server, c.begin("x"), "1234"
	defer s.Abort(id)
	s.Plan(At(UploadPart, s.Count(UploadPart)+1, f))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := slices.Contains([]kind{lose, hangDone, half, wrongETag, corrupt}, f.kind)
	if f.kind == hang || f.kind == hangDone {
		go func() { // ends when the request has come; else the test hangs
			for e := c.last(); e.UploadID != id || e.Done != done; e = c.last() {
				runtime.Gosched()
			}
			cancel()
		}()
	}
	p, err := c.PutObjectPart(ctx, "logs", "x", id, 1, strings.NewReader(want), 4, minio.PutObjectPartOptions{})
	if e := c.last(); e.Op != UploadPart || e.Part != 1 || e.UploadID != id || e.AccessKey != "key" || e.Fault != f || e.Done != done {
		t.Errorf("the ledger has %+v, want that done is %v", e, done)
	}
	answered := slices.Contains([]kind{garbage, wrongETag, corrupt}, f.kind)
	if (err == nil) != answered {
		t.Errorf("the client gets %+v, %v", p, err)
	}
	if f.kind == refuse && f.Code != "" && code(err) != f.Code {
		t.Errorf("the client gets %v, want %s", err, f.Code)
	}
	if etag := strings.Trim(p.ETag, `"`); answered && (etag == md5Hex([]byte(want)) || f.kind != garbage && len(etag) != 32) {
		t.Errorf("the client gets ETag %s", p.ETag)
	}
	if f.kind == forget && len(s.Uploads()) != 0 {
		t.Error("the upload is there")
	}
}

// last is the newest entry of the ledger.
func (c client) last() Entry {
	ledger := c.server.Ledger()
	return ledger[len(ledger)-1]
}
