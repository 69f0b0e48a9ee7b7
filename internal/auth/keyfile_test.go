package auth

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestKeyFiles(t *testing.T) {
	key := newKey(t)
	folder := t.TempDir()
	file := filepath.Join(folder, "keys")
	u := newUsers(t, User{Name: "alice", AuthorizedKeys: []string{filepath.Join(folder, "missing"), file}})
	ask := func() error {
		g, err := u.PublicKey(t.Context(), Request{Username: "alice"}, key)
		if (g == nil) == (err == nil) {
			t.Fatalf("PublicKey() = %+v, %v", g, err)
		}
		return err
	}
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := errors.Join(os.WriteFile(file, []byte(text), 0o600), os.Chmod(file, mode)); err != nil {
			t.Fatal(err)
		}
	}
	var failed *BackendError

	if err := ask(); !errors.Is(err, ErrDenied) || !strings.Contains(reason(err), "missing") {
		t.Errorf("without files: %v (%s)", err, reason(err))
	}
	write(line(t, key)+"\n", 0o600)
	if err := ask(); err != nil {
		t.Errorf("with the key in a file, without a restart: %v", err)
	}
	for _, mode := range []os.FileMode{0o620, 0o602, 0o666} {
		write(line(t, key)+"\n", mode)
		if err := ask(); !errors.As(err, &failed) || errors.Is(err, ErrDenied) || !strings.Contains(err.Error(), "chmod") {
			t.Errorf("with mode %04o: %v, want a BackendError that says what to do", mode, err)
		}
	}
	write(line(t, key)+"\n", 0o644)
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := ask(); !errors.As(err, &failed) {
		t.Errorf("in a folder that all may write: %v, want a BackendError", err)
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	write(line(t, key)+"\n"+strings.Repeat("#", maxKeyFile), 0o600)
	if err := ask(); !errors.As(err, &failed) || !strings.Contains(err.Error(), "longer") {
		t.Errorf("with a file too long: %v, want a BackendError", err)
	}
	write("", 0o600)
	if err := ask(); !errors.Is(err, ErrDenied) {
		t.Errorf("with the key taken away: %v, want %v", err, ErrDenied)
	}
	if err := errors.Join(os.Remove(file), os.Mkdir(file, 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := ask(); !errors.As(err, &failed) || !strings.Contains(err.Error(), "regular") {
		t.Errorf("with a folder: %v, want a BackendError", err)
	}
}

func TestKeyFileOfSomebodyElse(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	key := newKey(t)
	file := filepath.Join(t.TempDir(), "keys")
	if err := errors.Join(os.WriteFile(file, []byte(line(t, key)), 0o600), os.Chown(file, 12345, 12345)); err != nil {
		t.Fatal(err)
	}
	var failed *BackendError
	u := newUsers(t, User{Name: "alice", AuthorizedKeys: []string{file}})
	if g, err := u.PublicKey(t.Context(), Request{Username: "alice"}, key); g != nil || !errors.As(err, &failed) {
		t.Errorf("PublicKey() = %+v, %v, want a BackendError", g, err)
	}
}

// As with sshd, the file may belong to the account of the user whom it lets in, and to
// no other's.
func TestKeysOfTheUsersOwnAccount(t *testing.T) {
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	if owners := ownersFor("nobody"); !slices.Contains(owners, nobody.Uid) {
		t.Errorf("owners for nobody are %v, without %s", owners, nobody.Uid)
	}
	if owners := ownersFor("no-such-user"); slices.Contains(owners, nobody.Uid) || !slices.Contains(owners, "0") {
		t.Errorf("owners for a user without an account are %v", owners)
	}
}
