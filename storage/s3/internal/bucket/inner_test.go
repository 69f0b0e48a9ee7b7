package bucket

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// trickle is a body of which a byte comes each step, until it stops coming.
type trickle struct {
	step  time.Duration
	bytes int
	ctx   interface{ Done() <-chan struct{} }
}

func (t *trickle) Read(p []byte) (int, error) {
	wait := t.step
	if t.bytes == 0 {
		wait = time.Hour
	}
	select {
	case <-time.After(wait):
	case <-t.ctx.Done():
		return 0, errors.New("ended")
	}
	t.bytes--
	return 1, nil
}

func (t *trickle) Close() error { return nil }

// slow is a store that takes a request's body a byte each step and answers with a trickle.
type slow struct {
	step  time.Duration
	bytes int
}

func (s slow) RoundTrip(req *http.Request) (*http.Response, error) {
	for req.Body != nil {
		if _, err := req.Body.Read(make([]byte, 1)); err != nil {
			break
		}
		select {
		case <-time.After(s.step):
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
	return &http.Response{StatusCode: 200, Body: &trickle{step: s.step, bytes: s.bytes, ctx: req.Context()}}, nil
}

func TestPatienceIsForEachStep(t *testing.T) {
	const patience = time.Minute
	for name, row := range map[string]struct {
		method, url string
		body        int
		next        slow
		bytes       int // that come
		after       time.Duration
	}{
		"a body that goes slowly":    {"PUT", "/b/k", 100, slow{step: 50 * time.Second}, 0, 101 * time.Minute},
		"a body that stands still":   {"PUT", "/b/k", 100, slow{step: 70 * time.Second}, -1, 2 * time.Minute},
		"an object that comes":       {"GET", "/b/k", 0, slow{step: 50 * time.Second, bytes: 100}, 100, 101 * time.Minute},
		"a listing that trickles":    {"GET", "/b/?list-type=2", 0, slow{step: 50 * time.Second, bytes: 100}, -1, time.Minute},
		"completion that takes long": {"POST", "/b/k?uploadId=1", 0, slow{step: 9 * time.Minute, bytes: 1}, 1, 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				w := &watch{next: row.next, patience: patience}
				var body io.Reader
				if row.body > 0 {
					body = bytes.NewReader(make([]byte, row.body))
				}
				req, err := http.NewRequestWithContext(t.Context(), row.method, "http://h"+row.url, body)
				if err != nil {
					t.Fatal(err)
				}
				resp, err := w.RoundTrip(req)
				n := int64(-1)
				if err == nil {
					n, err = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
				}
				if took := time.Since(start); !errors.Is(err, errStalled) || n != int64(row.bytes) || took > row.after {
					t.Errorf("%d bytes and %v after %s, want %d and no progress, in %s", n, err, took, row.bytes, row.after)
				}
			})
		})
	}
}

func TestKeysAreFoundAsAmazonsClientsDo(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config"))
	file := filepath.Join(dir, "credentials")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/") // nobody answers: there is no role
	k := newKeyring(nil)
	if v, err := k.Retrieve(); !errors.Is(err, errNoKeys) || localClass(err) != Operator {
		t.Errorf("with nothing: %v, %v, want that no keys were found, for the operator", v.AccessKeyID, err)
	}
	want := func(access string) {
		t.Helper()
		if v, err := k.Retrieve(); err != nil || v.AccessKeyID != access || v.SecretAccessKey != "s-"+access || !k.IsExpired() {
			t.Errorf("found %q, %v, want %q, asked each time", v.AccessKeyID, err, access)
		}
	}
	write := func(access string) {
		t.Helper()
		text := "[default]\naws_access_key_id = " + access + "\naws_secret_access_key = s-" + access + "\n[other]\naws_access_key_id = OTHER\naws_secret_access_key = s-OTHER\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("FIRST")
	want("FIRST")
	write("SECND") // of the same length
	want("SECND")
	t.Setenv("AWS_PROFILE", "other")
	want("OTHER")
	t.Setenv("AWS_PROFILE", "missing")
	if _, err := k.Retrieve(); err == nil || !strings.Contains(err.Error(), `profile "missing"`) {
		t.Errorf("with a profile that is not there: %v", err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "ENV")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s-ENV")
	want("ENV")
}

func TestLocksCountFromTheUpload(t *testing.T) {
	b, err := New(Config{Bucket: "logs", Lock: Lock{Mode: "COMPLIANCE", Days: 30, LegalHold: true}, SSE: "aws:kms", KMSKey: "arn:key", ACL: "private", StorageClass: "STANDARD_IA"})
	if err != nil {
		t.Fatal(err)
	}
	b.now = func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	opts := b.options(About{ContentType: "text/plain"})
	header := opts.Header()
	for name, want := range map[string]string{
		"X-Amz-Object-Lock-Mode":                      "COMPLIANCE",
		"X-Amz-Object-Lock-Retain-Until-Date":         "2026-02-01T03:04:05Z",
		"X-Amz-Object-Lock-Legal-Hold":                "ON",
		"X-Amz-Server-Side-Encryption":                "aws:kms",
		"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": "arn:key",
		"X-Amz-Acl":           "private",
		"X-Amz-Storage-Class": "STANDARD_IA",
		"Content-Type":        "text/plain",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestWhatIsWrongWithAConfigIsSaid(t *testing.T) {
	for name, c := range map[string]Config{
		"bucket":      {},
		"bucket \"a":  {Bucket: "a"},
		"endpoint":    {Bucket: "logs", Endpoint: "ftp://host"},
		"without a p": {Bucket: "logs", Endpoint: "https://host/path"},
		"prefix":      {Bucket: "logs", Prefix: "/logs/"},
		"certificate": {Bucket: "logs", CACert: []byte("none")},
		"sse":         {Bucket: "logs", SSE: "yes"},
		"KMS":         {Bucket: "logs", KMSKey: "k"},
		"checksum":    {Bucket: "logs", Checksum: "crc"},
		"mode":        {Bucket: "logs", Lock: Lock{Mode: "compliance", Days: 1}},
		"no mode":     {Bucket: "logs", Lock: Lock{Days: 1}},
		"not both":    {Bucket: "logs", Lock: Lock{Mode: "COMPLIANCE"}},
		"-1 days":     {Bucket: "logs", Lock: Lock{Mode: "COMPLIANCE", Days: -1}},
		"lock needs":  {Bucket: "logs", Lock: Lock{LegalHold: true}, Checksum: NoChecksum},
	} {
		if b, err := New(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("New(%+v) = %v, %v, want an error about %q", c, b, err, name)
		}
	}
}

// TestKeysThatExpireAreKept has keys from a program that need not run for each request, but does
// when the profile names another one.
func TestKeysThatExpireAreKept(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	config := filepath.Join(dir, "config")
	t.Setenv("AWS_CONFIG_FILE", config)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dir, "credentials"))
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := func(name, access string) {
		t.Helper()
		until := time.Now().Add(time.Hour).Format(time.RFC3339)
		write(filepath.Join(dir, name), `{"Version": 1, "AccessKeyId": "`+access+`", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "`+until+`"}`)
		write(config, "[default]\ncredential_process = cat "+filepath.Join(dir, name)+"\n")
	}
	k := newKeyring(nil)
	want := func(access string) {
		t.Helper()
		if v, err := k.Retrieve(); err != nil || v.AccessKeyID != access || v.SessionToken != "t" {
			t.Errorf("found %q, %v, want %q", v.AccessKeyID, err, access)
		}
	}
	program("one", "FIRST")
	want("FIRST")
	if err := os.Remove(filepath.Join(dir, "one")); err != nil {
		t.Fatal(err)
	}
	want("FIRST")
	program("second", "SECOND")
	want("SECOND")
}
