// Package sshdtest starts OpenSSH's server for a test.
package sshdtest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// Server is a running sshd that lets its own user in with a key.
type Server struct {
	Addr      string // host:port, on the loopback interface
	HostKey   ssh.PublicKey
	User      string     // the user that the test runs as
	ClientKey ssh.Signer // is let in
}

// patience is how long sshd may take to listen on a busy machine.
const patience = 20 * time.Second

// Start starts an sshd that ends with the test. lines are lines of sshd_config(5), which
// come before the package's own, so that they win. A test on a machine without sshd fails.
func Start(t testing.TB, lines ...string) *Server {
	t.Helper()
	const sshd = "/usr/sbin/sshd" // it wants to be called by its absolute path
	if _, err := os.Stat(sshd); err != nil {
		t.Fatalf("this test needs OpenSSH's server: install openssh-server (%v)", err)
	}
	u, err := user.Current()
	if err != nil {
		t.Fatalf("look up own user: %v", err)
	}
	dir := t.TempDir()
	s := &Server{User: u.Username}
	hostKey := writeKey(t, filepath.Join(dir, "host"))
	s.HostKey, s.ClientKey = hostKey.PublicKey(), writeKey(t, filepath.Join(dir, "client"))
	if err := os.WriteFile(filepath.Join(dir, "authorized"), ssh.MarshalAuthorizedKey(s.ClientKey.PublicKey()), 0o600); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // its folder for privilege separation, which its service makes
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for listens := false; !listens; {
		s.Addr = freeAddr(t)
		config := filepath.Join(dir, "sshd_config")
		if err := os.WriteFile(config, []byte(s.config(dir, lines)), 0o600); err != nil {
			t.Fatal(err)
		}
		listens = run(t, exec.Command(sshd, "-D", "-e", "-f", config))
	}
	return s
}

func (s *Server) config(dir string, lines []string) string {
	host, port, _ := net.SplitHostPort(s.Addr) // is one that we made
	return strings.Join(append(lines,
		"ListenAddress "+host, "Port "+port,
		"HostKey "+filepath.Join(dir, "host"),
		"AuthorizedKeysFile "+filepath.Join(dir, "authorized"),
		"PidFile none",
		"StrictModes no",
		"UsePAM no",
		"PermitRootLogin yes",
		"PasswordAuthentication no",
		"KbdInteractiveAuthentication no",
		"MaxStartups 2000",
		"MaxSessions 2000",
		"AcceptEnv LC_*",
		"PermitTunnel yes",
		"Subsystem sftp internal-sftp",
	), "\n") + "\n"
}

// run starts sshd, waits until it listens, and ends it with the test. It reports false if
// somebody else took the port meanwhile.
func run(t testing.TB, cmd *exec.Cmd) bool {
	t.Helper()
	var log buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatalf("start sshd: %v", err)
	}
	ended := make(chan struct{})
	go func() { // the cleanup waits for it
		defer close(ended)
		_ = cmd.Wait() // it is killed
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("sshd's log:\n%s", log.String())
		}
	})
	// Its own word counts: who answers on the port may be somebody else.
	for deadline := time.Now().Add(patience); !strings.Contains(log.String(), "Server listening on"); {
		select {
		case <-ended:
			if strings.Contains(log.String(), "Address already in use") {
				return false
			}
			t.Fatalf("sshd ended at once with %v:\n%s", cmd.ProcessState, log.String())
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("sshd does not listen:\n%s", log.String())
		}
	}
	return true
}

// freeAddr is an address that nobody listens on. Somebody else may take it before sshd
// does, which can't choose one itself and say which.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a port: %v", err)
	}
	defer l.Close()
	return l.Addr().String()
}

// writeKey makes a key and writes it to a file.
func writeKey(t testing.TB, file string) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// KnownHosts writes a known_hosts file with the server's key and returns its name.
func (s *Server) KnownHosts(t testing.TB) string {
	t.Helper()
	host, port, _ := net.SplitHostPort(s.Addr) // is one that we made
	file := filepath.Join(t.TempDir(), "known_hosts")
	line := fmt.Sprintf("[%s]:%s %s", host, port, ssh.MarshalAuthorizedKey(s.HostKey))
	if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
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
