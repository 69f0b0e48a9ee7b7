package secrets

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// upstream is a target that asks for a password.
type upstream struct {
	addr  string
	key   ssh.PublicKey
	tried atomic.Int64 // logins with the right password
}

// newUpstream starts a target. takes says whether it takes the password.
func newUpstream(t testing.TB, password string, takes bool) *upstream {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &upstream{addr: ln.Addr().String(), key: key.PublicKey()}
	config := &ssh.ServerConfig{PasswordCallback: func(_ ssh.ConnMetadata, given []byte) (*ssh.Permissions, error) {
		if string(given) != password {
			return nil, errors.New("another password")
		}
		u.tried.Add(1)
		if !takes {
			return nil, errors.New("not taken")
		}
		return nil, nil
	}}
	config.AddHostKey(key)
	var serving sync.WaitGroup
	serving.Go(func() { // ends with its listener
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { serveUpstream(c, config) }) // ends with the gateway
		}
	})
	t.Cleanup(func() { ln.Close(); serving.Wait() })
	return u
}

// serveUpstream has every program end well at once.
func serveUpstream(c net.Conn, config *ssh.ServerConfig) {
	defer c.Close()
	_, channels, requests, err := ssh.NewServerConn(c, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests) // ends with its connection
	for n := range channels {
		ch, requests, err := n.Accept()
		if err != nil {
			return
		}
		for r := range requests {
			r.Reply(true, nil)
			if r.Type == "exec" {
				ch.SendRequest("exit-status", false, make([]byte, 4))
				ch.Close()
			}
		}
	}
}

// backend is the configuration that joins clients to it, with the password from somewhere.
func (u *upstream) backend(t testing.TB, from string, password canary) gatewaytest.Backend {
	return gatewaytest.Backend{Name: "sshproxy", User: "alice", Block: func(_ testing.TB, g *gatewaytest.Gateway, _ gatewaytest.Options) string {
		host, port, _ := net.SplitHostPort(u.addr) // is one that the helper made
		gatewaytest.WriteFile(t, g.Path("password"), password.text+"\n")
		value := map[string]string{
			"text": fmt.Sprintf("'%s'", quoteYAML(password.text)),
			"file": fmt.Sprintf("{file: %q}", g.Path("password")), "env": "{env: UPSTREAM}",
		}[from]
		return fmt.Sprintf("backend: sshproxy\nsshproxy:\n  server: %s\n  port: %s\n  username: bob\n  password: %s\n  allowedHostKeyFingerprints: [%s]\n",
			host, port, value, ssh.FingerprintSHA256(u.key))
	}}
}

// quoteYAML makes text that may stand between single quotes in YAML.
func quoteYAML(s string) string { return strings.ReplaceAll(s, "'", "''") }
