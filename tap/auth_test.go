package tap_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/tap"
)

// D11: who merely offers a public key has not shown anything.
func TestAnOfferedKeyIsNoSuccess(t *testing.T) {
	sink := newMemory()
	victim := newSigner(t)
	server := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }}
	client := &ssh.ClientConfig{User: "alice", Auth: []ssh.AuthMethod{ssh.PublicKeys(stolen{victim.PublicKey()})}}
	if _, _, err := connect(t, sink, allOn(), server, client); err == nil {
		t.Fatal("a client without the private key got in")
	}
	if n := len(find[*event.AuthPubkey](sink)); n != 1 {
		t.Errorf("%d offers recorded, want 1:\n%s", n, sink)
	}
	if s := find[*event.AuthPubkeySuccessful](sink); len(s) != 0 {
		t.Errorf("recorded a success: %+v", s)
	}
	if f := find[*event.AuthPubkeyFailed](sink); len(f) != 1 || f[0].Key == "" || f[0].Reason == "" {
		t.Errorf("failures %+v, want one of the key, with the reason", f)
	}
	if f := find[*event.HandshakeFailed](sink); len(f) != 1 {
		t.Errorf("handshake failures %+v, want 1", f)
	}
}

// stolen is a signer that has only the public key.
type stolen struct{ public ssh.PublicKey }

func (s stolen) PublicKey() ssh.PublicKey { return s.public }

func (s stolen) Sign(io.Reader, []byte) (*ssh.Signature, error) {
	return &ssh.Signature{Format: s.public.Type(), Blob: make([]byte, ed25519.SignatureSize)}, nil
}

func TestAKeyIsSuccessfulOnceVerified(t *testing.T) {
	sink := newMemory()
	key := newSigner(t)
	server := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }}
	client, _, err := connect(t, sink, allOn(), server, &ssh.ClientConfig{User: "alice", Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}})
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	s := find[*event.AuthPubkeySuccessful](sink)
	if len(s) != 1 || s[0].Fingerprint != ssh.FingerprintSHA256(key.PublicKey()) || !strings.HasPrefix(s[0].Key, "ssh-ed25519 AAAA") {
		t.Errorf("successes %+v, want one with the key and its fingerprint", s)
	}
}

func TestRefusedAttemptsSayWhy(t *testing.T) {
	sink := newMemory()
	if _, _, err := connect(t, sink, tap.Intercept{}, passwordServer("right"), passwordClient("wrong")); err == nil {
		t.Fatal("a wrong password got in")
	}
	f := find[*event.AuthPasswordFailed](sink)
	if len(f) != 1 || f[0].Reason != "wrong password" || !f[0].PasswordHidden || len(f[0].Password) != 0 {
		t.Errorf("failures %+v, want one, with the reason and without the password", f)
	}
	server := passwordServer("")
	server.PasswordCallback = func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
		return nil, &tap.BackendError{Err: errors.New("directory is down")}
	}
	if _, _, err := connect(t, sink2(sink), tap.Intercept{}, server, passwordClient("any")); err == nil {
		t.Fatal("got in without a decision")
	}
	if b := find[*event.AuthPasswordBackendError](sink); len(b) != 1 || b[0].Reason != "directory is down" {
		t.Errorf("backend errors %+v, want one with the reason", b)
	}
}

// sink2 uses a sink for another connection.
func sink2(m *memory) *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = false
	return m
}

func TestKeyboardInteractiveIsRecorded(t *testing.T) {
	for _, passwords := range []bool{false, true} {
		sink := newMemory()
		server := &ssh.ServerConfig{KeyboardInteractiveCallback: func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "Say it", []string{"Code: "}, []bool{false})
			if err == nil && answers[0] != "canary" {
				err = errors.New("wrong code")
			}
			return nil, err
		}}
		answer := func(_, _ string, q []string, _ []bool) ([]string, error) {
			a := make([]string, len(q))
			for i := range a {
				a[i] = "canary"
			}
			return a, nil
		}
		client, _, err := connect(t, sink, tap.Intercept{Passwords: passwords}, server, &ssh.ClientConfig{User: "alice", Auth: []ssh.AuthMethod{ssh.KeyboardInteractive(answer)}})
		if err != nil {
			t.Fatal(err)
		}
		client.Close()
		if c := find[*event.AuthKeyboardInteractiveChallenge](sink); len(c) != 1 || c[0].Questions[0].Question != "Code: " {
			t.Errorf("challenges %+v, want the question", c)
		}
		a := find[*event.AuthKeyboardInteractiveAnswer](sink)
		if len(a) != 1 || a[0].AnswersHidden == passwords || strings.Contains(sink.String(), "canary") != passwords {
			t.Errorf("passwords %v: answers %+v in\n%s", passwords, a, sink)
		}
		if m := find[*event.AuthMethod](sink); len(m) != 1 || !m[0].Accepted {
			t.Errorf("outcomes %+v, want one success", m)
		}
	}
}

func TestPartialSuccessIsRecordedAndWatchedOn(t *testing.T) {
	sink := newMemory()
	key := newSigner(t)
	second := passwordServer("right")
	server := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
		return nil, &ssh.PartialSuccessError{Next: ssh.ServerAuthCallbacks{PasswordCallback: second.PasswordCallback}}
	}}
	client, _, err := connect(t, sink, allOn(), server, &ssh.ClientConfig{User: "alice", Auth: []ssh.AuthMethod{ssh.PublicKeys(key), ssh.Password("right")}})
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	p := find[*event.AuthPartial](sink)
	if len(p) != 1 || p[0].Method != "publickey" || fmt.Sprint(p[0].Next) != "[password]" {
		t.Errorf("partial successes %+v, want publickey, then password", p)
	}
	if n := len(find[*event.AuthPasswordSuccessful](sink)); n != 1 {
		t.Errorf("%d password successes, want 1:\n%s", n, sink)
	}
}
