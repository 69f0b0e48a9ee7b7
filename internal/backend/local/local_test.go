//go:build linux

package local

import (
	"os"
	"os/user"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/backend"
	"github.com/sshtrail/sshtrail/internal/backend/backendtest"
)

// TestMain makes the test binary the command that Config.SFTP names.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "sftp-server" {
		if err := ServeSFTP(stdio{}); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

type stdio struct{}

func (stdio) Read(p []byte) (int, error)  { return os.Stdin.Read(p) }
func (stdio) Write(p []byte) (int, error) { return os.Stdout.Write(p) }
func (stdio) Close() error                { return os.Stdout.Close() }

func testConfig() Config {
	return Config{
		SFTP:  []string{"/proc/self/exe", "sftp-server"},
		Shell: "/bin/sh", // so that users without a login can take part
		Grace: 200 * time.Millisecond,
	}
}

func ownName(t *testing.T) string {
	t.Helper()
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return u.Username
}

func newBackend(t *testing.T, c Config) *Backend {
	t.Helper()
	b, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func connect(t *testing.T, c Config, name string) backend.Host {
	t.Helper()
	h, err := newBackend(t, c).Connect(t.Context(), backend.Client{
		ConnectionID: "0123", Username: name, RemoteAddr: "192.0.2.7:4711", LocalAddr: "[2001:db8::1]:2222",
	})
	if err != nil {
		t.Fatalf("Connect: %v", err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return h
}

// users are whom we can be: ourselves, and, for root, somebody with no rights at all.
func users(t *testing.T) []string {
	names := []string{ownName(t)}
	if os.Geteuid() == 0 {
		names = append(names, "nobody")
	}
	return names
}

func TestConformance(t *testing.T) {
	for _, name := range users(t) {
		t.Run(name, func(t *testing.T) {
			backendtest.Run(t, backendtest.Options{}, func(t *testing.T) (backend.Backend, backend.Client) {
				return newBackend(t, testConfig()), backend.Client{Username: name}
			})
		})
	}
}
