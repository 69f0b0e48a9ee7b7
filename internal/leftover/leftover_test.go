package leftover

import (
	"crypto/ed25519"
	"crypto/rand"
	"net"
	"testing"

	"golang.org/x/crypto/ssh"
)

// If this fails after an update of the library: find the queue between its
// handshakeTransport's readLoop and readPacket, or that it is needed no longer.
func TestTheLibraryHasAQueue(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	early := make(chan Queue, 1)
	config := &ssh.ServerConfig{NoClientAuth: true, PreAuthConnCallback: func(c ssh.ServerPreAuthConn) { early <- Of(c) }}
	config.AddHostKey(signer)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	near, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	client := make(chan ssh.Conn, 1)
	go func() { // ends with the handshake
		c, _, _, _ := ssh.NewClientConn(near, "", &ssh.ClientConfig{HostKeyCallback: ssh.InsecureIgnoreHostKey()})
		client <- c
	}()
	server, _, _, err := ssh.NewServerConn(far, config)
	if err != nil {
		t.Fatal(err)
	}
	queues := map[string]Queue{"before the login": <-early, "a server's": Of(server.Conn), "a client's": Of(<-client)}
	near.Close()
	far.Close()
	for which, q := range queues {
		if q == nil {
			t.Errorf("no queue is found in the connection %s", which)
		}
		q.Drain() // returns, since the connection is closed
	}
}

func TestWhatHasNoQueue(t *testing.T) {
	type other struct{ transport *struct{ incoming chan int } }
	for _, v := range []any{nil, 1, (*ssh.ServerConn)(nil), &other{}, &other{transport: new(struct{ incoming chan int })}} {
		if q := Of(v); q != nil {
			t.Errorf("Of(%T) = %v, want nil", v, q)
		}
		Of(v).Drain()
	}
}
