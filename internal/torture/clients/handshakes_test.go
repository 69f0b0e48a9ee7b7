package clients

import (
	"crypto/ed25519"
	"crypto/rand"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/wiretest"
)

// atOnce is how many strangers exchange keys with the gateway at any time.
const atOnce = 16

// A flood of strangers who exchange keys, which costs the gateway a signature each, slows a
// login down by no more than its share: among so many it may take so many times as long as
// at a server that has nothing else to do, on the same machine at the same time.
func TestHandshakeFlood(t *testing.T) {
	r := start(t, gatewaytest.Options{SSH: []string{"maxStartups: 65535", "maxStartupsPerSource: 65535"}})
	idle := bareServer(t)
	end := r.flooded(t)
	var beside, alone time.Duration
	for range r.Rounds(1) {
		for range r.Size(6, 50) {
			beside += timed(t, r.Addr, r.User)
			alone += timed(t, idle, r.User)
		}
	}
	end()
	ratio := float64(beside) / float64(alone)
	t.Logf("a login beside %d handshakes takes %.1f times as long as at an idle server", atOnce, ratio)
	if ratio > 3*atOnce {
		t.Errorf("logins beside %d handshakes took %v, at an idle server %v: want at most %d times as long", atOnce, beside, alone, 3*atOnce)
	}
	r.rest(t)
}

// flooded has strangers exchange keys all the time, until end is called.
func (r *rig) flooded(t *testing.T) (end func()) {
	stop := make(chan struct{})
	var flood sync.WaitGroup
	for range atOnce {
		flood.Go(func() {
			for r.exchangeKeys(t) {
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	end = sync.OnceFunc(func() { close(stop); flood.Wait() })
	t.Cleanup(end)
	return end
}

// exchangeKeys does all that a stranger can.
func (r *rig) exchangeKeys(t *testing.T) bool {
	conn, err := net.Dial("tcp", r.Addr)
	if err == nil {
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
		c := wiretest.New(conn)
		if err = c.Hello(); err == nil {
			err = c.KeyExchange()
		}
	}
	if err != nil {
		t.Errorf("exchange keys as a stranger: %v", err)
	}
	return err == nil
}

// timed logs in and out.
func timed(t *testing.T, addr, user string) time.Duration {
	t.Helper()
	began := time.Now()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(began.Add(gatewaytest.Patience))
	if err := wiretest.New(conn).Login(user, gatewaytest.Password); err != nil {
		t.Fatalf("log in at %s: %v", addr, err)
	}
	return time.Since(began)
}

// bareServer is what x/crypto/ssh has, and nothing else. It returns its address.
func bareServer(t *testing.T) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(gatewaytest.Password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{PasswordCallback: func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		return nil, bcrypt.CompareHashAndPassword(hash, password)
	}}
	config.AddHostKey(signer)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	t.Cleanup(func() { ln.Close(); <-over })
	go func() { // ends by the cleanup
		defer close(over)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			if conn, _, _, err := ssh.NewServerConn(c, config); err == nil {
				conn.Wait() // its client leaves at once
			}
			c.Close()
		}
	}()
	return ln.Addr().String()
}
