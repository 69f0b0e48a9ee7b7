package auth

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// certify returns a certificate for alice that is good at testTime, as change leaves it.
func certify(t *testing.T, authority ssh.Signer, change func(*ssh.Certificate)) *ssh.Certificate {
	t.Helper()
	cert := &ssh.Certificate{
		Key: newKey(t), CertType: ssh.UserCert, KeyId: "alice's\nlaptop", ValidPrincipals: []string{"alice", "ops"},
		ValidAfter: uint64(testTime.Add(-time.Hour).Unix()), ValidBefore: uint64(testTime.Add(time.Hour).Unix()),
		Permissions: ssh.Permissions{
			CriticalOptions: map[string]string{},
			Extensions: map[string]string{
				"permit-pty": "", "permit-port-forwarding": "", "permit-agent-forwarding": "", "permit-X11-forwarding": "", "permit-user-rc": "",
			},
		},
	}
	change(cert)
	if err := cert.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestCertificates(t *testing.T) {
	authority, stranger := newSigner(t), newSigner(t)
	request := Request{Username: "alice", RemoteAddr: "192.0.2.7:5"}
	for _, test := range []struct {
		name, options string
		signer        ssh.Signer
		change        func(*ssh.Certificate)
		want          string // why not; "" is a grant
	}{
		{"good", "cert-authority", authority, func(*ssh.Certificate) {}, ""},
		{"not an authority", "pty", authority, func(*ssh.Certificate) {}, "not listed"},
		{"stranger", "cert-authority", stranger, func(*ssh.Certificate) {}, "not listed"},
		{"host", "cert-authority", authority, func(c *ssh.Certificate) { c.CertType = ssh.HostCert }, "not for a user"},
		{"other name", "cert-authority", authority, func(c *ssh.Certificate) { c.ValidPrincipals = []string{"bob"} }, "not for this user"},
		{"no name", "cert-authority", authority, func(c *ssh.Certificate) { c.ValidPrincipals = nil }, "not for this user"},
		{"principals", `cert-authority,principals="dev,ops"`, authority, func(*ssh.Certificate) {}, ""},
		{"principals without alice", `cert-authority,principals="dev"`, authority, func(*ssh.Certificate) {}, "not for this user"},
		{"expired", "cert-authority", authority, func(c *ssh.Certificate) { c.ValidBefore = uint64(testTime.Unix()) }, "expired"},
		{"early", "cert-authority", authority, func(c *ssh.Certificate) { c.ValidAfter = uint64(testTime.Unix()) + 1 }, "not yet valid"},
		{"from here", "cert-authority", authority, func(c *ssh.Certificate) { c.CriticalOptions["source-address"] = "192.0.2.0/24" }, ""},
		{"from elsewhere", "cert-authority", authority, func(c *ssh.Certificate) { c.CriticalOptions["source-address"] = "198.51.100.0/24" }, "client's address"},
		{"odd address", "cert-authority", authority, func(c *ssh.Certificate) { c.CriticalOptions["source-address"] = "!198.51.100.1,*" }, "no list of networks"},
		{"line from elsewhere", `cert-authority,from="198.51.100.1"`, authority, func(*ssh.Certificate) {}, "client's address"},
		{"unknown option", "cert-authority", authority, func(c *ssh.Certificate) { c.CriticalOptions["verify-required"] = "" }, "unsupported critical option"},
		{"two commands", `cert-authority,command="a"`, authority, func(c *ssh.Certificate) { c.CriticalOptions["force-command"] = "b" }, "different commands"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cert := certify(t, test.signer, test.change)
			g, err := offer(t, test.options+" "+line(t, authority.PublicKey()), request, cert)
			if test.want == "" {
				if err != nil || g.Certificate != cert || g.Username != "alice" || strings.ContainsRune(g.By, '\n') {
					t.Fatalf("grant = %+v, %v", g, err)
				}
				return
			}
			if g != nil || !errors.Is(err, ErrDenied) || !strings.Contains(reason(err), test.want) {
				t.Errorf("grant = %+v, reason %q, want none since %q", g, reason(err), test.want)
			}
		})
	}
}

func TestForgedCertificate(t *testing.T) {
	authority := newSigner(t)
	cert := certify(t, authority, func(*ssh.Certificate) {})
	cert.ValidPrincipals = []string{"root"}
	if g, err := offer(t, "cert-authority "+line(t, authority.PublicKey()), Request{Username: "root"}, cert); g != nil || err == nil {
		t.Errorf("a certificate that was changed grants %+v", g)
	}
	cert.Signature = nil
	if g, err := offer(t, "cert-authority "+line(t, authority.PublicKey()), Request{Username: "root"}, cert); g != nil || err == nil {
		t.Errorf("a certificate without signature grants %+v", g)
	}
}

// Both must allow: the line of the authority and the certificate.
func TestCertificateLimits(t *testing.T) {
	authority := newSigner(t)
	for _, test := range []struct {
		options string
		change  func(*ssh.Certificate)
		want    Grant
	}{
		{"cert-authority", func(*ssh.Certificate) {}, Grant{}},
		{"cert-authority", func(c *ssh.Certificate) { c.Extensions = nil }, Grant{NoPTY: true, NoPortForwarding: true, NoAgentForwarding: true, NoX11Forwarding: true, NoUserRC: true}},
		{"cert-authority,no-pty", func(c *ssh.Certificate) { delete(c.Extensions, "permit-X11-forwarding") }, Grant{NoPTY: true, NoX11Forwarding: true}},
		{"cert-authority,no-touch-required", func(*ssh.Certificate) {}, Grant{}},
		{"cert-authority", func(c *ssh.Certificate) { c.Extensions["no-touch-required"] = "" }, Grant{}},
		{"cert-authority,no-touch-required", func(c *ssh.Certificate) { c.Extensions["no-touch-required"] = "" }, Grant{NoTouchRequired: true}},
		{"cert-authority", func(c *ssh.Certificate) { c.CriticalOptions["force-command"] = "a" }, Grant{ForceCommand: "a", Forced: true}},
		{`cert-authority,command="a"`, func(*ssh.Certificate) {}, Grant{ForceCommand: "a", Forced: true}},
		{`cert-authority,command="a"`, func(c *ssh.Certificate) { c.CriticalOptions["force-command"] = "a" }, Grant{ForceCommand: "a", Forced: true}},
	} {
		g, err := offer(t, test.options+" "+line(t, authority.PublicKey()), Request{Username: "alice"}, certify(t, authority, test.change))
		if err != nil {
			t.Errorf("%s: %s", test.options, reason(err))
			continue
		}
		if !sameGrant(*g, test.want) {
			t.Errorf("%s: grant %+v, want %+v", test.options, *g, test.want)
		}
	}
}

func TestCertificateWithSHA1IsRefused(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{ssh.KeyAlgoRSA: false, ssh.KeyAlgoRSASHA256: true, ssh.KeyAlgoRSASHA512: true} {
		one, err := ssh.NewSignerWithAlgorithms(signer.(ssh.AlgorithmSigner), []string{name})
		if err != nil {
			t.Fatal(err)
		}
		cert := certify(t, one, func(*ssh.Certificate) {})
		_, err = offer(t, "cert-authority "+line(t, signer.PublicKey()), Request{Username: "alice"}, cert)
		if got := err == nil; got != want {
			t.Errorf("a certificate signed with %s lets in: %v, want %v", name, got, want)
		}
	}
}

func TestWeakKeyInCertificateIsRefused(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(&small.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	authority := newSigner(t)
	cert := certify(t, authority, func(c *ssh.Certificate) { c.Key = key })
	u := newUsers(t, User{Name: "alice", Keys: []string{"cert-authority " + line(t, authority.PublicKey())}})
	if g, err := u.PublicKey(t.Context(), Request{Username: "alice"}, cert); g != nil || !errors.Is(err, ErrDenied) {
		t.Errorf("PublicKey() = %+v, %v, want %v", g, err, ErrDenied)
	}
	if err := CheckLine(line(t, cert)); err == nil || !strings.Contains(err.Error(), "can't be listed") {
		t.Errorf("CheckLine(certificate) = %v", err)
	}
	if slices.Contains(KeyAlgorithms(), ssh.KeyAlgoRSA) {
		t.Error("signatures with SHA-1 are taken")
	}
}
