package sshproxy

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/sshtrail/sshtrail/internal/sshdtest"
)

// rsaKey makes an RSA key, and a file of it for sshd.
func rsaKey(t *testing.T) (ssh.Signer, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "rsa")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer, file
}

func write(t *testing.T, lines ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func known(s *sshdtest.Server, key ssh.PublicKey) string {
	return knownhosts.Line([]string{s.Addr}, key)
}

// A server with several keys presents the one that is known, however that is known.
func TestHostKeyAccepted(t *testing.T) {
	other, file := rsaKey(t)
	s := sshdtest.Start(t, "HostKey "+file)
	hashed := knownhosts.HashHostname(knownhosts.Normalize(s.Addr)) + " " + string(ssh.MarshalAuthorizedKey(other.PublicKey()))
	for name, change := range map[string]func(*Config){
		"first fingerprint":   func(c *Config) { c.AllowedHostKeyFingerprints = []string{ssh.FingerprintSHA256(s.HostKey)} },
		"second fingerprint":  func(c *Config) { c.AllowedHostKeyFingerprints = []string{ssh.FingerprintSHA256(other.PublicKey())} },
		"first known":         func(c *Config) { c.KnownHosts = s.KnownHosts(t) },
		"second known":        func(c *Config) { c.KnownHosts = write(t, known(s, other.PublicKey())) },
		"second known hashed": func(c *Config) { c.KnownHosts = write(t, hashed) },
		"fingerprint beside another known": func(c *Config) {
			c.KnownHosts = write(t, known(s, c.PrivateKey.PublicKey()))
			c.AllowedHostKeyFingerprints = []string{ssh.FingerprintSHA256(other.PublicKey())}
		},
		"algorithm given": func(c *Config) {
			c.HostKeyAlgorithms = []string{ssh.KeyAlgoRSASHA256}
			c.AllowedHostKeyFingerprints = []string{ssh.FingerprintSHA256(other.PublicKey())}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := configFor(t, s)
			c.AllowedHostKeyFingerprints = nil
			change(&c)
			if _, err := connectAs(t, c, "x"); err != nil {
				t.Errorf("Connect: %v", err)
			}
		})
	}
}

func TestHostKeyRefused(t *testing.T) {
	s := sshdtest.Start(t)
	other, _ := rsaKey(t)
	presented, client := ssh.FingerprintSHA256(s.HostKey), ssh.FingerprintSHA256(s.ClientKey.PublicKey())
	for name, tt := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"other fingerprint": {
			func(c *Config) { c.AllowedHostKeyFingerprints = []string{client} },
			[]string{presented, "expected is " + client, "ask who runs it"},
		},
		"changed": {
			func(c *Config) { c.KnownHosts = write(t, "# comment", known(s, s.ClientKey.PublicKey())) },
			[]string{presented, client, "known_hosts:2", "ask who runs it"},
		},
		"unknown": {
			func(c *Config) { c.KnownHosts = write(t, "example.com "+string(ssh.MarshalAuthorizedKey(s.HostKey))) },
			[]string{presented, "none is known", "ssh-keygen"},
		},
		"revoked": {
			func(c *Config) {
				c.KnownHosts = write(t, known(s, s.HostKey), "@revoked * "+string(ssh.MarshalAuthorizedKey(s.HostKey)))
				c.AllowedHostKeyFingerprints = []string{presented}
			},
			[]string{presented, "revoked"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := configFor(t, s)
			c.AllowedHostKeyFingerprints = nil
			tt.change(&c)
			_, err := connectAs(t, c, "x")
			var refused *HostKeyError
			if !errors.As(err, &refused) {
				t.Fatalf("Connect = %v, want a HostKeyError", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Connect = %v, want %q in it", err, want)
				}
			}
		})
	}
	c := configFor(t, s)
	c.AllowedHostKeyFingerprints = nil
	c.KnownHosts = write(t, known(s, other.PublicKey()))
	if _, err := connectAs(t, c, "x"); err == nil || !strings.Contains(err.Error(), "no common algorithm for host key") {
		t.Errorf("Connect to a server without the known type of key = %v, want an error that says so", err)
	}
	c.KnownHosts = filepath.Join(t.TempDir(), "none")
	if _, err := connectAs(t, c, "x"); err == nil || !strings.Contains(err.Error(), "knownHosts in the configuration") {
		t.Errorf("Connect without the file = %v, want an error that names the key", err)
	}
}

func TestHostCertificate(t *testing.T) {
	authority, _ := rsaKey(t)
	host, file := rsaKey(t)
	certificate := &ssh.Certificate{
		Key: host.PublicKey(), CertType: ssh.HostCert, ValidBefore: ssh.CertTimeInfinity, ValidPrincipals: []string{"127.0.0.1"},
	}
	if err := certificate.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file+"-cert.pub", ssh.MarshalAuthorizedKey(certificate), 0o600); err != nil {
		t.Fatal(err)
	}
	s := sshdtest.Start(t, "HostKey "+file, "HostCertificate "+file+"-cert.pub")
	for _, good := range []bool{true, false} {
		c := configFor(t, s)
		c.AllowedHostKeyFingerprints = nil
		signer := authority.PublicKey()
		if !good {
			signer = host.PublicKey()
		}
		c.KnownHosts = write(t, fmt.Sprintf("@cert-authority %s", known(s, signer)))
		if _, err := connectAs(t, c, "x"); (err == nil) != good {
			t.Errorf("Connect with a certificate by a known authority (%v) = %v", good, err)
		}
	}
}
