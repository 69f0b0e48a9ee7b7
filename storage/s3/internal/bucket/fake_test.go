package bucket_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

// fake returns a bucket on a server that answers as handle does, without TLS.
func fake(t *testing.T, handle http.HandlerFunc) *bucket.Bucket {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return open(t, fakeConfig(server.URL))
}

func fakeConfig(url string) bucket.Config {
	return bucket.Config{Endpoint: url, Bucket: "logs", PathStyle: true, Keys: func() (bucket.Keys, error) {
		return bucket.Keys{Access: "access", Secret: "very-secret", Token: "a-token"}, nil
	}}
}

func put(t *testing.T, b *bucket.Bucket) error {
	t.Helper()
	_, err := b.Put(t.Context(), "k", strings.NewReader("x"), 1, bucket.About{})
	return err
}

func answer(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		if code != "" {
			_, _ = io.WriteString(w, "<?xml version=\"1.0\"?>\n<Error><Code>"+code+"</Code><Message>a &#10;\u202emessage</Message></Error>")
		}
	}
}

func TestAnErrorHasAClass(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		status int
		code   string
		class  bucket.Class
		is     error
	}{
		{500, "InternalError", bucket.Retry, nil},
		{500, "", bucket.Retry, nil},
		{503, "SlowDown", bucket.Retry, nil},
		{429, "", bucket.Retry, nil},
		{408, "RequestTimeout", bucket.Retry, nil},
		{400, "RequestTimeout", bucket.Retry, nil},
		{403, "RequestTimeTooSkewed", bucket.Retry, nil},
		{400, "BadDigest", bucket.Retry, nil},
		{409, "OperationAborted", bucket.Retry, nil},
		{409, "ConditionalRequestConflict", bucket.Retry, nil},
		{307, "TemporaryRedirect", bucket.Retry, nil},
		{307, "", bucket.Retry, nil},
		{301, "PermanentRedirect", bucket.Operator, nil},
		{302, "", bucket.Operator, nil},
		{400, "ExpiredToken", bucket.Operator, nil},
		{403, "AccessDenied", bucket.Operator, bucket.ErrDenied},
		{403, "SignatureDoesNotMatch", bucket.Operator, bucket.ErrDenied},
		{403, "", bucket.Operator, bucket.ErrDenied},
		{404, "NoSuchBucket", bucket.Operator, nil},
		{400, "InvalidStorageClass", bucket.Operator, nil},
		{507, "XMinioStorageFull", bucket.Operator, nil},
		{403, "QuotaExceeded", bucket.Operator, nil},
		{501, "NotImplemented", bucket.Operator, bucket.ErrUnknown},
		{404, "NoSuchUpload", bucket.Retry, bucket.ErrNoUpload},
		{404, "", bucket.Operator, bucket.ErrNotExist},
		{412, "PreconditionFailed", bucket.Final, bucket.ErrExist},
		{412, "", bucket.Final, bucket.ErrExist},
		{400, "InvalidPart", bucket.Retry, bucket.ErrParts},
		{400, "EntityTooLarge", bucket.Final, nil},
		{600, "", bucket.Retry, nil},
	} {
		var requests atomic.Int32
		handle := answer(row.status, row.code)
		b := fake(t, func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			w.Header().Set("Location", "/logs/k")
			handle(w, r)
		})
		err := put(t, b)
		if got := bucket.ClassOf(err); err == nil || got != row.class {
			t.Errorf("%d %s: Put = %v of class %s, want %s", row.status, row.code, err, got, row.class)
			continue
		}
		if row.is != nil && !errors.Is(err, row.is) {
			t.Errorf("%d %s: Put = %v, want %v", row.status, row.code, err, row.is)
		}
		if n := requests.Load(); n != 1 && row.status != 501 {
			t.Errorf("%d %s: %d requests, want 1", row.status, row.code, n)
		}
		if text := err.Error(); strings.ContainsAny(text, "\u202e\n") || strings.Contains(text, "very-secret") || strings.Contains(text, "a-token") {
			t.Errorf("%d %s: error is %q, with bytes that are not text or a secret", row.status, row.code, text)
		}
	}
}

func TestAnErrorTellsTheBucketsRegion(t *testing.T) {
	t.Parallel()
	b := fake(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amz-Bucket-Region", "eu-central-1")
		answer(http.StatusMovedPermanently, "PermanentRedirect")(w, r)
	})
	if err := put(t, b); err == nil || !strings.Contains(err.Error(), `region is "eu-central-1"`) {
		t.Errorf("Put = %v, want the bucket's region", err)
	}
}

func TestABodyIsSignedWhereTLSDoesNotGuardIt(t *testing.T) {
	t.Parallel()
	var signed, sent string
	b := fake(t, func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		sum := sha256.Sum256(text)
		signed, sent = r.Header.Get("X-Amz-Content-Sha256"), hex.EncodeToString(sum[:])
		w.Header().Set("ETag", `"anything"`)
	})
	st, err := b.Put(t.Context(), "k", strings.NewReader("some bytes"), 10, bucket.About{})
	if err != nil || signed != sent || st.Match != bucket.Unknown {
		t.Errorf("Put = %+v, %v, signed for %q, want %q", st, err, signed, sent)
	}
}

func TestAnswersAreNotBelieved(t *testing.T) {
	t.Parallel()
	const id = `<InitiateMultipartUploadResult><UploadId></UploadId></InitiateMultipartUploadResult>`
	const done = `<CompleteMultipartUploadResult><Bucket>logs</Bucket><Key>k</Key><ETag>"x-1"</ETag></CompleteMultipartUploadResult>`
	for name, row := range map[string]struct {
		header, body string
		do           func(b *bucket.Bucket) (bucket.Match, error)
		class        bucket.Class
		is           error
		match        bucket.Match
	}{
		"put without an ETag":         {"", "", doPut, bucket.Retry, nil, ""},
		"put with another checksum":   {"AAAAAAAAAAA=", "", doPut, bucket.Retry, bucket.ErrCorrupt, ""},
		"part with another checksum":  {"AAAAAAAAAAA=", "", doPart, bucket.Retry, bucket.ErrCorrupt, ""},
		"complete with no answer":     {"", "", doComplete, bucket.Retry, nil, ""},
		"complete with garbage":       {"", "\x00<<<", doComplete, bucket.Retry, nil, ""},
		"complete cut off":            {"", done[:60], doComplete, bucket.Retry, nil, ""},
		"complete with another thing": {"", id, doComplete, bucket.Retry, nil, ""},
		"complete with an error":      {"", "   \n<Error><Code>InternalError</Code></Error>", doComplete, bucket.Retry, nil, ""},
		"complete with a final error": {"", "<Error><Code>EntityTooSmall</Code></Error>", doComplete, bucket.Final, nil, ""},
		"complete, no upload":         {"", "<Error><Code>NoSuchUpload</Code></Error>", doComplete, bucket.Retry, bucket.ErrNoUpload, ""},
		"complete with less":          {"", done, doComplete, "", nil, bucket.Unknown},
		"complete with another sum":   {"", strings.Replace(done, "<ETag>", "<ChecksumCRC64NVME>AAAAAAAAAAA=</ChecksumCRC64NVME><ETag>", 1), doComplete, bucket.Retry, bucket.ErrCorrupt, ""},
		"begin without an id":         {"", id, doBegin, bucket.Retry, nil, ""},
		"begin with an error":         {"", "<Error><Code>AccessDenied</Code></Error>", doBegin, bucket.Operator, bucket.ErrDenied, ""},
		"begin with garbage":          {"", "%", doBegin, bucket.Retry, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := fake(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if row.header != "" {
					w.Header().Set("X-Amz-Checksum-Crc64nvme", row.header)
					w.Header().Set("ETag", `"x"`)
				}
				_, _ = io.WriteString(w, row.body)
			})
			match, err := row.do(b)
			switch {
			case row.class == "" && (err != nil || match != row.match):
				t.Errorf("got %s, %v, want %s", match, err, row.match)
			case row.class != "" && (err == nil || bucket.ClassOf(err) != row.class || row.is != nil && !errors.Is(err, row.is)):
				t.Errorf("got %v of class %s, want %v of class %s", err, bucket.ClassOf(err), row.is, row.class)
			}
		})
	}
}

func doPut(b *bucket.Bucket) (bucket.Match, error) {
	st, err := b.Put(noContext, "k", strings.NewReader("x"), 1, bucket.About{})
	return st.Match, err
}

func doPart(b *bucket.Bucket) (bucket.Match, error) {
	p, err := b.Part(noContext, "k", "id", 1, strings.NewReader("x"), 0, 1)
	return p.Match, err
}

func doBegin(b *bucket.Bucket) (bucket.Match, error) {
	_, err := b.Begin(noContext, "k", bucket.About{})
	return "", err
}

func doComplete(b *bucket.Bucket) (bucket.Match, error) {
	sum, err := bucket.SumOf(strings.NewReader("x"), 1)
	if err != nil {
		return "", err
	}
	st, err := b.Complete(noContext, "k", "id", []bucket.Part{{Number: 1, Size: 1, ETag: sum.ETag, CRC64: sum.CRC64}})
	return st.Match, err
}

func TestAnETagProvesWhereThereIsNoChecksum(t *testing.T) {
	t.Parallel()
	sum, err := bucket.SumOf(strings.NewReader("x"), 1)
	if err != nil {
		t.Fatal(err)
	}
	for etag, want := range map[string]bucket.Match{sum.ETag: bucket.Same, strings.ToUpper(sum.ETag): bucket.Same, strings.Repeat("0", 32): bucket.Unknown} {
		b := fake(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("ETag", `"`+etag+`"`) })
		if got, err := doPut(b); err != nil || got != want {
			t.Errorf("Put answered with ETag %s: %s, %v, want %s", etag, got, err, want)
		}
	}
}

// TestAStoreWithoutConditions is one that answers 501 to If-None-Match, as S3 says that stores do
// with what they don't know.
func TestAStoreWithoutConditions(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	b := fake(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if r.Header.Get("If-None-Match") != "" {
			answer(http.StatusNotImplemented, "NotImplemented")(w, r)
			return
		}
		w.Header().Set("ETag", `"x"`)
	})
	for range 2 {
		if err := put(t, b); err != nil {
			t.Fatalf("Put: %v", err)
		}
	}
	if n := requests.Load(); n != 3 || b.Conditional() {
		t.Errorf("%d requests and Conditional() = %t, want 3 (two for the first object) and false", n, b.Conditional())
	}
}

func TestAnUnknownAuthorityIsTheOperatorsMatter(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(answer(200, ""))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	err := put(t, open(t, fakeConfig(server.URL)))
	if bucket.ClassOf(err) != bucket.Operator || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("Put = %v, want an error about the certificate for the operator", err)
	}
	c := fakeConfig(server.URL)
	c.CACert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := put(t, open(t, c)); err == nil || !strings.Contains(err.Error(), "ETag") {
		t.Errorf("Put with the authority = %v, want to reach the server", err)
	}
	plain := httptest.NewServer(answer(200, ""))
	t.Cleanup(plain.Close)
	err = put(t, open(t, fakeConfig(strings.Replace(plain.URL, "http:", "https:", 1))))
	if bucket.ClassOf(err) != bucket.Operator {
		t.Errorf("Put to a server without TLS = %v, want an error for the operator", err)
	}
}

func TestAStoreThatStopsIsLeft(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	stall := func(w http.ResponseWriter) {
		_ = http.NewResponseController(w).Flush()
		<-stop
	}
	for name, handle := range map[string]http.HandlerFunc{
		"before it reads":     func(http.ResponseWriter, *http.Request) { <-stop },
		"before it answers":   func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-stop },
		"within an answer":    func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500); stall(w) },
		"with half an answer": func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "<Compl"); stall(w) },
	} {
		server := httptest.NewServer(handle)
		t.Cleanup(server.Close)
		c := fakeConfig(server.URL)
		c.Timeout = 20 * time.Millisecond
		b := open(t, c)
		for what, do := range map[string]func(*bucket.Bucket) (bucket.Match, error){"put": doPut, "complete": doComplete, "begin": doBegin} {
			if what == "put" && name == "with half an answer" {
				continue // its body is not looked at
			}
			if _, err := do(b); bucket.ClassOf(err) != bucket.Retry || err == nil || !strings.Contains(err.Error(), "no progress") {
				t.Errorf("%s with a store that stops %s: %v, want an error that it made no progress", what, name, err)
			}
		}
	}
	close(stop)
}

func TestASpoolThatFailsIsTheOperatorsMatter(t *testing.T) {
	t.Parallel()
	b := fake(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	broken := errors.New("this disk is broken")
	for after := range 2 {
		_, err := b.Part(t.Context(), "k", "id", 1, &brokenReader{after: after, err: broken}, 0, 1<<20)
		if bucket.ClassOf(err) != bucket.Operator || !errors.Is(err, broken) {
			t.Errorf("Part of what can't be read after %d times = %v of class %s", after, err, bucket.ClassOf(err))
		}
	}
}

// brokenReader can be read a number of times.
type brokenReader struct {
	after int
	err   error
}

func (r *brokenReader) ReadAt(p []byte, off int64) (int, error) {
	if off == 0 {
		r.after--
	}
	if r.after < 0 {
		return 0, r.err
	}
	clear(p)
	return len(p), nil
}

func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := fakeConfig("http://127.0.0.1:1")
	keys, err := c.Keys()
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		printTo(&out, verb, keys, c, &c)
	}
	if err := put(t, open(t, c)); err == nil || bucket.ClassOf(err) != bucket.Retry {
		t.Errorf("Put to nobody = %v of class %s", err, bucket.ClassOf(err))
	} else {
		out.WriteString(err.Error())
	}
	if s := out.String(); strings.Contains(s, "very-secret") || strings.Contains(s, "a-token") || strings.Contains(s, hex.EncodeToString([]byte("secret"))) {
		t.Errorf("printed %q", s)
	}
}

var noContext = context.Background()

func printTo(w io.Writer, verb string, values ...any) {
	for _, v := range values {
		_, _ = fmt.Fprintf(w, verb, v)
	}
}
