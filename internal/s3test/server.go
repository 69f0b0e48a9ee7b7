// Package s3test starts a real S3 server, versitygw, for a test.
//
// It speaks TLS with a certificate of an authority that only the test knows, has a bucket,
// and an account that may do no more there than a gateway must be able to do:
//
//	s := s3test.Start(t)
//	c := s.Client(t, s.Limited)
//	s.Kill(t) // an outage
//	s.Resume(t)
package s3test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Server is a versitygw that a test has started. Its methods are for one goroutine at a time.
type Server struct {
	URL    string // https://127.0.0.1:port, path style
	CA     string // the authority's certificate, as PEM
	CAFile string // a file that holds it
	Bucket string // is there, and empty at first
	// Region is what requests must be signed for.
	Region string
	Root   Account // may do everything
	// Limited may do what [Needed] lists, in Bucket.
	Limited Account

	addr, dir, program string
	roots              *x509.CertPool
	process            *process // nil while it is stopped
}

// Account is an access key with its secret.
type Account struct{ AccessKey, SecretKey string }

// patience is how long the server may take for what takes it milliseconds.
const patience = 60 * time.Second

// Start starts a server that ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{
		Bucket: "logs", Region: "us-east-1",
		Root: Account{"root", "the secret of root"}, Limited: Account{"gateway", "the secret of the gateway"},
		program: program(t), dir: t.TempDir(), roots: x509.NewCertPool(),
	}
	for _, name := range []string{"data", "metadata", "versions", "accounts"} {
		if err := os.Mkdir(s.path(name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.CA, s.CAFile = certify(t, s.path("server.crt"), s.path("server.key")), s.path("ca.crt")
	if err := os.WriteFile(s.CAFile, []byte(s.CA), 0o644); err != nil {
		t.Fatal(err)
	}
	s.roots.AppendCertsFromPEM([]byte(s.CA))
	for listens := false; !listens; {
		s.addr = freeAddr(t)
		listens = s.begin(t)
	}
	s.URL = "https://" + s.addr
	s.createAccount(t, s.Limited)
	s.NewBucket(t, s.Bucket)
	s.Permit(t, Needed()...)
	return s
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

// begin starts the program and returns when it answers. It reports false if somebody else
// has taken the port.
func (s *Server) begin(t testing.TB) bool {
	t.Helper()
	// It keeps what it knows of objects in files of their own: in extended attributes, its
	// other way, there is no room for the parts of a long log, and not every file system has them.
	cmd := exec.Command(s.program, "--port", s.addr, "--cert", s.path("server.crt"), "--key", s.path("server.key"),
		"--region", s.Region, "--quiet", "--keep-alive", "--iam-dir", s.path("accounts"), "--iam-cache-disable",
		"posix", "--sidecar", s.path("metadata"), "--versioning-dir", s.path("versions"), s.path("data"))
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "ROOT_ACCESS_KEY=" + s.Root.AccessKey, "ROOT_SECRET_KEY=" + s.Root.SecretKey}
	s.process = run(t, cmd)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !s.answers(); <-tick.C {
		select {
		case <-s.process.ended:
			if strings.Contains(s.process.log.String(), "address already in use") {
				return false
			}
			t.Fatalf("versitygw ended at once with %v:\n%s", s.process.cmd.ProcessState, s.process.log)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("versitygw does not answer:\n%s", s.process.log)
		}
	}
	return true
}

// answers reports whether a server with our certificate listens, which is nobody else.
func (s *Server) answers() bool {
	d := &net.Dialer{Timeout: time.Second}
	c, err := tls.DialWithDialer(d, "tcp", s.addr, &tls.Config{RootCAs: s.roots})
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// Stop ends the server as its operator does.
func (s *Server) Stop(t testing.TB) { t.Helper(); s.end(t, syscall.SIGTERM) }

// Kill ends the server in the middle of what it does.
func (s *Server) Kill(t testing.TB) { t.Helper(); s.end(t, syscall.SIGKILL) }

// Resume starts a server that was stopped or killed, with the data that it had.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	if s.process != nil {
		t.Fatal("resume versitygw: it runs")
	}
	if !s.begin(t) {
		t.Fatalf("resume versitygw: somebody else has taken its address %s", s.addr)
	}
}

func (s *Server) end(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if s.process == nil {
		t.Fatal("end versitygw: it doesn't run")
	}
	if err := s.process.cmd.Process.Signal(signal); err != nil {
		t.Fatalf("end versitygw: %v", err)
	}
	select {
	case <-s.process.ended:
	case <-time.After(patience):
		t.Fatalf("versitygw does not end; it says:\n%s", s.process.log)
	}
	s.process = nil
}

// process is a program that runs until it is told to end, or until the test's end.
type process struct {
	cmd   *exec.Cmd
	log   *buffer
	ended chan struct{}
}

func run(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, log: &buffer{}, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.log, p.log
	if err := cmd.Start(); err != nil {
		t.Fatalf("start versitygw: %v", err)
	}
	go func() { // the cleanup waits for it
		defer close(p.ended)
		_ = cmd.Wait() // it is killed
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("versitygw's log:\n%s", p.log)
		}
	})
	return p
}

// freeAddr is an address that nobody listens on. Its port is below those that the kernel
// gives to who connects (ip_local_port_range(7)): else somebody who connects to it while
// the server is down could get that port himself, and so be connected with himself.
func freeAddr(t testing.TB) string {
	t.Helper()
	for range 1000 {
		addr := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))
		l, err := net.Listen("tcp", addr)
		if err == nil {
			l.Close()
			return addr
		}
	}
	t.Fatal("find a port for versitygw: a thousand between 20000 and 32000 are in use")
	return ""
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
