package metrics

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/record"
)

// served is a server that serves a test.
type served struct {
	*Server
	ln   net.Listener
	said *safeBuffer
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func serve(t *testing.T) *served {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	said := &safeBuffer{}
	s := NewServer("v1", func() Messages { return Messages{} }, slog.New(slog.NewTextHandler(said, nil)))
	s.Serve(ln)
	t.Cleanup(func() { s.Close() })
	return &served{s, ln, said}
}

// do asks, with headers as "Name: value", and returns the answer and its body.
func (s *served) do(t *testing.T, method, path string, headers ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.ln.Addr().String()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	r, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, string(b)
}

// check asks with GET and looks at the answer.
func (s *served) check(t *testing.T, path string, status int, says string) {
	t.Helper()
	if r, body := s.do(t, http.MethodGet, path); r.StatusCode != status || !strings.Contains(body, says) {
		t.Errorf("%s answers %d %q, want %d and %q", path, r.StatusCode, body, status, says)
	}
}

func answering(obstacles ...string) Sources {
	return Sources{Gateway: func() Gateway { return Gateway{Obstacles: obstacles} }, Recorder: func() record.Stats { return record.Stats{} }}
}

func TestHealthInEachState(t *testing.T) {
	s := serve(t)
	s.check(t, "/", 200, "/readyz")
	s.check(t, "/healthz", 200, "ok\n")
	s.check(t, "/readyz", 503, "the gateway starts")
	s.check(t, "/metrics", 200, "sshtrail_ready 0\n")

	s.Begin(answering())
	s.check(t, "/healthz", 200, "ok\n")
	s.check(t, "/readyz", 200, "ready\n")
	s.check(t, "/metrics", 200, "sshtrail_ready 1\n")
	s.check(t, "/metrics", 200, "go_goroutines ")
	s.check(t, "/metrics", 200, "process_open_fds ")

	s.Begin(answering("the disk is full", "no new connections are taken"))
	s.check(t, "/healthz", 200, "ok\n")
	s.check(t, "/readyz", 503, "the disk is full\nno new connections are taken\n")
	s.check(t, "/metrics", 200, "sshtrail_ready 0\n")
}

func TestHealthAsJSON(t *testing.T) {
	s := serve(t)
	s.Begin(answering("a \"b\"\x1b", "c"))
	for path, want := range map[string]string{
		"/healthz": `{"status":"ok"}`,
		"/readyz":  `{"status":"not ready","reasons":["a \"b\"\u001b","c"]}`,
	} {
		r, body := s.do(t, http.MethodGet, path, "Accept: text/html, application/json")
		if got := strings.TrimSpace(body); got != want || r.Header.Get("Content-Type") != "application/json" || !json.Valid([]byte(body)) {
			t.Errorf("%s answers %s as %s, want %s", path, got, r.Header.Get("Content-Type"), want)
		}
	}
}

func TestWhatIsNotServed(t *testing.T) {
	s := serve(t)
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"} {
		for _, path := range []string{"/", "/metrics", "/healthz", "/readyz"} {
			if r, _ := s.do(t, method, path); r.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s %s answers %d", method, path, r.StatusCode)
			}
		}
	}
	for _, path := range []string{"/debug/pprof/", "/metrics/x", "/etc/passwd", "/index.html"} {
		if r, _ := s.do(t, http.MethodGet, path); r.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s answers %d", path, r.StatusCode)
		}
	}
	for _, path := range []string{"/", "/metrics", "/healthz"} {
		if r, body := s.do(t, http.MethodHead, path); r.StatusCode != http.StatusOK || body != "" {
			t.Errorf("HEAD %s answers %d %q", path, r.StatusCode, body)
		}
	}
	if r, _ := s.do(t, http.MethodGet, "/", "X: "+strings.Repeat("x", 100<<10)); r.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a head of 100 KiB answers %d", r.StatusCode)
	}
}

// A part of the gateway that does not say how it is makes the gateway neither healthy
// nor ready, and that is said within a second, however often it is asked.
func TestPartsThatHang(t *testing.T) {
	s := serve(t)
	release := make(chan struct{})
	s.Begin(Sources{Gateway: func() Gateway { <-release; return Gateway{} }})
	var asked sync.WaitGroup
	for range 2 * maxAsking {
		for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
			asked.Go(func() { // ends with the answer
				began := time.Now()
				r, err := http.Get("http://" + s.ln.Addr().String() + path)
				if err != nil {
					t.Error(err)
					return
				}
				r.Body.Close()
				if r.StatusCode != http.StatusServiceUnavailable {
					t.Errorf("%s answers %d", path, r.StatusCode)
				}
				// The machine may be busy; that it takes no disk's time is what counts.
				if took := time.Since(began); took > 10*answerTime {
					t.Errorf("%s has answered after %v", path, took)
				}
			})
		}
	}
	asked.Wait()
	s.check(t, "/healthz", 503, "does not say how it is")
	if n := len(s.asking); n > maxAsking {
		t.Errorf("%d questions are under way, want %d at most", n, maxAsking)
	}
	close(release)
	s.check(t, "/healthz", 200, "ok\n")
	s.check(t, "/readyz", 200, "ready\n")
}

// Who is slow to ask or to read, and who only holds connections, holds nobody else.
func TestSlowReadersHoldNobody(t *testing.T) {
	s := serve(t)
	s.Begin(answering())
	for i := range 200 {
		c, err := net.Dial("tcp", s.ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		switch i % 3 {
		case 0: // says nothing
		case 1:
			fmt.Fprint(c, "GET /metrics HTTP/1.1\r\nHost: x\r\nX: ")
		case 2: // and reads nothing
			c.(*net.TCPConn).SetReadBuffer(1)
			fmt.Fprint(c, strings.Repeat("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 20))
		}
	}
	s.check(t, "/healthz", 200, "ok\n")
	s.check(t, "/metrics", 200, "sshtrail_ready 1\n")
	s.check(t, "/readyz", 200, "ready\n")
}

// A listener that is closed belongs to another process: whoever is connected has to ask
// that one, and nobody needs to be told.
func TestListenerThatIsHandedOver(t *testing.T) {
	s := serve(t)
	c, err := net.Dial("tcp", s.ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	s.ln.Close()
	c.SetReadDeadline(time.Now().Add(30 * time.Second))
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Errorf("the connection goes on: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if said := s.said.String(); said != "" {
		t.Errorf("the operator is told %q", said)
	}
}

// What net/http has to say is told in one line, quoted.
func TestComplaints(t *testing.T) {
	s := serve(t)
	s.http.ErrorLog.Print("bad request from \x1b[2J\nlevel=ERROR msg=forged")
	if said := s.said.String(); strings.Count(said, "\n") != 1 || strings.Contains(said, "\x1b") || !strings.Contains(said, "level=WARN") {
		t.Errorf("the operator is told %q", said)
	}
}
