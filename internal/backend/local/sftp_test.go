//go:build linux

package local

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/pkg/sftp"

	"github.com/sshtrail/sshtrail/internal/backend"
)

func sftpClient(t *testing.T, h backend.Host) *sftp.Client {
	t.Helper()
	p, err := h.Start(t.Context(), backend.Command{Kind: backend.Subsystem, Program: "sftp"})
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	c, err := sftp.NewClientPipe(p.Streams().Stdout, p.Streams().Stdin)
	if err != nil {
		t.Fatalf("sftp: %v", err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		if exit, err := p.Wait(); err != nil || exit != (backend.Exit{}) {
			t.Errorf("sftp server: %+v, %v", exit, err)
		}
	})
	return c
}

func TestSFTP(t *testing.T) {
	c := sftpClient(t, connect(t, testConfig(), ownName(t)))
	a, err := lookup(passwdFile, ownName(t))
	if err != nil {
		t.Fatal(err)
	}
	if dir, err := c.Getwd(); err != nil || dir != filepath.Clean(a.home) {
		t.Errorf("folder = %q, %v, want %q", dir, err, a.home)
	}
	name, data := filepath.Join(t.TempDir(), "file"), bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	f, err := c.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadFrom(bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, data) {
		t.Errorf("file has %d bytes, %v, want the %d sent", len(got), err, len(data))
	}
	r, err := c.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
		t.Errorf("read %d bytes, %v, want the %d sent", len(got), err, len(data))
	}
}

// The server has the user's rights and not the gateway's.
func TestSFTPRights(t *testing.T) {
	if os.Geteuid() != 0 {
		return // then there is no other user
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := sftpClient(t, connect(t, testConfig(), "nobody"))
	if _, err := c.Open(secret); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Open of root's file = %v, want permission denied", err)
	}
}

func TestSFTPNotOffered(t *testing.T) {
	c := testConfig()
	c.SFTP = nil
	if _, err := connect(t, c, ownName(t)).Start(t.Context(), backend.Command{Kind: backend.Subsystem, Program: "sftp"}); err == nil {
		t.Error("Start = nil, want an error")
	}
}
