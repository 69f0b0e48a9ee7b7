package clients

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/wiretest"
)

// tricks are what strangers do to hold the gateway's memory.
func tricks() map[string]func(c net.Conn) {
	handshake := func(c net.Conn, then func(w *wiretest.Client)) {
		w := wiretest.New(c)
		if w.Hello() == nil && w.KeyExchange() == nil {
			then(w)
		}
	}
	return map[string]func(c net.Conn){
		"silence":        func(net.Conn) {},
		"identification": func(c net.Conn) { io.WriteString(c, "SSH-2.0-x\r\n") },
		"length":         func(c net.Conn) { io.WriteString(c, "SSH-2.0-x\r\n\x00\x03\xff\xff\x04"+strings.Repeat("\x14", 8)) },
		"large packet":   func(c net.Conn) { io.WriteString(c, "SSH-2.0-x\r\n\x00\x00\x3f\xff\x04"+strings.Repeat("\x14", 16000)) },
		"keys":           func(c net.Conn) { handshake(c, func(*wiretest.Client) {}) },
		"large request": func(c net.Conn) {
			handshake(c, func(w *wiretest.Client) {
				if w.Service() == nil {
					w.Send(wiretest.Message(wiretest.UserauthRequest, strings.Repeat("u", 15<<10), "ssh-connection", "none"))
					w.Send(wiretest.Message(wiretest.UserauthRequest, strings.Repeat("u", 15<<10), "ssh-connection", "none"))
				}
			})
		},
		"no line end": func(c net.Conn) { io.WriteString(c, "SSH-2.0-"+strings.Repeat("x", 1<<20)) },
		"many lines":  func(c net.Conn) { io.WriteString(c, strings.Repeat("x\r\n", 1_000_000)) },
		"HTTP":        func(c net.Conn) { io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") },
		"TLS": func(c net.Conn) {
			io.WriteString(c, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"+strings.Repeat("\x00", 500))
		},
	}
}

// Strangers who hold their connections as long as they may, in every way that they know,
// from many addresses, keep nobody out: ssh.maxStartups holds beside them, and what each
// costs is bounded.
func TestStrangers(t *testing.T) {
	r := begin(t, "loginGraceTime: 30s", "maxStartups: 65535", "maxStartupsPerSource: 2")
	each := r.Size(40, 2000)
	source := 0
	for range r.Rounds(1) {
		for name, trick := range tricks() {
			before := r.memory(t)
			held := r.hold(t, each, &source, trick)
			now := r.memory(t)
			t.Logf("%-14s %3d connections: %4d KiB each (%d KiB before)", name, len(held), (now-before)/max(1, len(held)), before)
			for _, c := range held {
				c.Close()
			}
			gatewaytest.Eventually(t, "the strangers are gone", func() bool { return r.descriptors(t) <= r.atMe+12 })
		}
	}
	r.rest(t)
}

// hold makes connections, from an address for each, and keeps them.
func (r *rig) hold(t *testing.T, n int, source *int, trick func(net.Conn)) []net.Conn {
	t.Helper()
	var held []net.Conn
	for range n {
		*source++
		c, err := r.from(*source)
		if err != nil {
			t.Fatalf("connect as a stranger: %v", err)
		}
		trick(c)
		held = append(held, c)
	}
	return held
}

// One after the other logs in never, and each is told of in the record with its reason.
func TestTooLateToLogIn(t *testing.T) {
	t.Parallel() // it waits, mostly
	r := begin(t, "loginGraceTime: 3s")
	c := r.Dial(t)
	if _, err := io.WriteString(c, "SSH-2.0-slow"); err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, c) // until the gateway has ended it
	found := false
	for _, b := range gatewaytest.OwnBodies[*event.HandshakeFailed](r.rest(t)) {
		found = found || b.Reason == "the client did not log in within ssh.loginGraceTime (3s)"
	}
	if !found {
		t.Error("the gateway's log does not say that a client did not log in within ssh.loginGraceTime")
	}
}
