package auth

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// home returns a home with those files in .ssh.
func home(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "[odd] home*")
	if err := os.MkdirAll(filepath.Join(folder, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, ".ssh", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func newEmbedded(t *testing.T, home string) *Embedded {
	t.Helper()
	e, err := NewEmbedded("alice", home, func() time.Time { return testTime })
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEmbeddedTakesTheCallersKeys(t *testing.T) {
	own, listed, stranger := newKey(t), newKey(t), newKey(t)
	folder := home(t, map[string]string{"id_ed25519.pub": line(t, own) + " a@b\n", "authorized_keys": "no-pty " + line(t, listed) + "\n", "id.pub.old": line(t, stranger)})
	e := newEmbedded(t, folder)
	if e.OneTimePassword() != "" || e.Methods().Passwords != nil {
		t.Error("there is a password beside keys")
	}
	for _, test := range []struct {
		user string
		key  ssh.PublicKey
		want bool
	}{{"alice", own, true}, {"alice", listed, true}, {"alice", stranger, false}, {"root", own, false}, {"", own, false}} {
		g, err := e.PublicKey(t.Context(), Request{Username: test.user}, test.key)
		if got := err == nil && g != nil; got != test.want || err != nil && !errors.Is(err, ErrDenied) {
			t.Errorf("PublicKey(%q, %s) = %+v, %v, want a grant: %v", test.user, ssh.FingerprintSHA256(test.key), g, err, test.want)
		}
		if test.want && g.NoPTY != (string(test.key.Marshal()) == string(listed.Marshal())) {
			t.Errorf("options of authorized_keys: NoPTY = %v", g.NoPTY)
		}
	}
}

func TestEmbeddedPasswordIsGoodOnce(t *testing.T) {
	e := newEmbedded(t, home(t, map[string]string{"id_rsa.pub": "not a key\n", "authorized_keys": "# none\n"}))
	password := e.OneTimePassword()
	if len(password) < 26 || e.Methods().Passwords == nil {
		t.Fatalf("OneTimePassword() = %q, want 128 bits or more", password)
	}
	if other := newEmbedded(t, home(t, nil)).OneTimePassword(); other == password {
		t.Error("two gateways have the same password")
	}
	for _, bad := range []struct{ user, password string }{{"alice", ""}, {"alice", password + "x"}, {"alice", password[:25]}, {"root", password}, {"alice", strings.ToLower(password)}} {
		if g, err := e.Password(t.Context(), Request{Username: bad.user}, []byte(bad.password)); g != nil || !errors.Is(err, ErrDenied) {
			t.Errorf("Password(%q, %q) = %+v, %v", bad.user, bad.password, g, err)
		}
	}
	var in atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := e.Password(t.Context(), Request{Username: "alice"}, []byte(password)); err == nil {
				in.Add(1)
			}
		})
	}
	all.Wait()
	if in.Load() != 1 {
		t.Errorf("the password let in %d times, want 1", in.Load())
	}
	if e.OneTimePassword() != "" {
		t.Error("the password is shown after it was used")
	}
	_, err := e.Password(t.Context(), Request{Username: "alice"}, nil)
	if !errors.Is(err, ErrDenied) || !strings.Contains(reason(err), "start the gateway again") {
		t.Errorf("the empty password after it = %v (%s)", err, reason(err))
	}
}

func TestEmbeddedDoesNotHideAFileThatIsOpenToAll(t *testing.T) {
	folder := home(t, map[string]string{"authorized_keys": ""})
	if err := os.Chmod(filepath.Join(folder, ".ssh", "authorized_keys"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := NewEmbedded("alice", folder, time.Now); err == nil || !strings.Contains(err.Error(), "chmod") {
		t.Errorf("NewEmbedded() = %v, want what to do", err)
	}
	for _, bad := range []struct{ name, home string }{{"", folder}, {"alice", ""}, {"alice", "relative"}} {
		if _, err := NewEmbedded(bad.name, bad.home, time.Now); err == nil {
			t.Errorf("NewEmbedded(%q, %q) is taken", bad.name, bad.home)
		}
	}
}
