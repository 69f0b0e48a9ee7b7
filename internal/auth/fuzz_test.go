package auth

import (
	"crypto/ed25519"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// seedSigner is the same key each time, since seeds are signed with it.
func seedSigner(t testing.TB) ssh.Signer {
	t.Helper()
	s, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed([]byte("a key that everybody may know...")))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// FuzzCertificate offers any bytes as a certificate: only what the authority signed, to
// the bit, lets anybody in.
func FuzzCertificate(f *testing.F) {
	authority := seedSigner(f)
	cert := &ssh.Certificate{
		Key: authority.PublicKey(), CertType: ssh.UserCert, ValidPrincipals: []string{"alice"}, ValidBefore: ssh.CertTimeInfinity,
		Permissions: ssh.Permissions{CriticalOptions: map[string]string{"force-command": "true"}, Extensions: map[string]string{"permit-pty": ""}},
	}
	if err := cert.SignCert(zeros{}, authority); err != nil {
		f.Fatal(err)
	}
	good := string(cert.Marshal())
	f.Add([]byte(good), "alice")
	f.Fuzz(func(t *testing.T, blob []byte, user string) {
		key, err := ssh.ParsePublicKey(blob)
		if err != nil {
			return
		}
		text := "cert-authority " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(authority.PublicKey())))
		list := newKeyList(Request{Username: user, RemoteAddr: "192.0.2.7:5"}, key, testTime)
		if g := list.search("keys", text); g != nil && (string(key.Marshal()) != good || user != "alice" || !g.Forced || !g.NoPortForwarding) {
			t.Fatalf("%x lets %q in: %+v", blob, user, g)
		}
	})
}

// zeros is a source of chance that has none.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// FuzzHash reads any text as a hash: what is taken can be computed within its limits, and
// says what the text said. What is refused is not repeated in the message.
func FuzzHash(f *testing.F) {
	f.Fuzz(func(t *testing.T, text string) {
		h, err := NewPasswordHash(text)
		if err != nil {
			if len(text) > 8 && strings.Contains(err.Error(), text) && !strings.Contains(saidAnyway(), text) {
				t.Fatalf("the message repeats %q: %v", text, err)
			}
			return
		}
		if h.IsSet() != (text != "") || h.Reveal() != text {
			t.Fatalf("NewPasswordHash(%q) = %q", text, h.Reveal())
		}
		if !strings.HasPrefix(text, "$argon2id$") {
			return
		}
		p, err := parseArgon(text)
		if err != nil || p.memory > maxArgonMemory || p.time == 0 || p.time > maxArgonTime || p.threads == 0 {
			t.Fatalf("parseArgon(%q) = %+v, %v", text, p, err)
		}
		if again, err := parseArgon(p.String()); err != nil || again.String() != p.String() {
			t.Fatalf("%q becomes %q, which is %+v, %v", text, p.String(), again, err)
		}
	})
}

// saidAnyway is what is said of hashes that hold nothing.
func saidAnyway() string {
	var all []string
	for _, text := range []string{"x", "$2b$x", "$argon2id$x", "$argon2id$v=19$x$$", "$argon2id$v=19$m=8,t=1,p=1$x$", "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAA$x"} {
		_, err := NewPasswordHash(text)
		all = append(all, err.Error())
	}
	return strings.Join(all, "\n")
}

// FuzzAddressList reads any list of addresses: whatever it is, it lets in nobody whom a
// pattern of it denies, and one that is all of it denied lets in nobody.
func FuzzAddressList(f *testing.F) {
	f.Fuzz(func(t *testing.T, text, addr string) {
		list, err := parseAddressList(text)
		if err != nil {
			return
		}
		remote := addr
		if a, err := netip.ParseAddr(addr); err == nil {
			remote = netip.AddrPortFrom(a, 5).String()
		}
		allowed := list.allows(remote)
		if _, err := netip.ParseAddrPort(remote); err != nil && allowed {
			t.Fatalf("%q lets in %q, which is no address", text, remote)
		}
		if !allowed {
			return
		}
		for _, p := range list.patterns {
			one := addressList{[]addressPattern{{prefix: p.prefix, wildcard: p.wildcard}}}
			if p.negated && one.allows(remote) {
				t.Fatalf("%q lets in %q, which a pattern of it denies", text, remote)
			}
		}
	})
}
