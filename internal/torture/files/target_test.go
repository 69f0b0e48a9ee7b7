package files

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/sshdtest"
)

// mirror is a target that gives back what it is sent, wherever SSH has room for it: as
// output, as the name of a signal, as a message, as a request of its own.
type mirror struct {
	config ssh.ServerConfig
	key    ssh.Signer
	ln     net.Listener
	work   sync.WaitGroup
}

func startMirror(t testing.TB) *mirror {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	m := &mirror{config: ssh.ServerConfig{NoClientAuth: true, ServerVersion: "SSH-2.0-\x9b2J\xff"}}
	m.config.BannerCallback = func(ssh.ConnMetadata) string { return "\x1b[2J\x1b]0;banner\x07\n" }
	if m.key, err = ssh.NewSignerFromKey(private); err != nil {
		t.Fatal(err)
	}
	m.config.AddHostKey(m.key)
	if m.ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	m.work.Go(m.accept) // ends with the listener, which the cleanup closes
	t.Cleanup(func() {
		m.ln.Close()
		m.work.Wait() // the gateway has gone before
	})
	return m
}

func (m *mirror) accept() {
	for {
		c, err := m.ln.Accept()
		if err != nil {
			return
		}
		m.work.Go(func() { m.serve(c) }) // ends with the connection
	}
}

func (m *mirror) serve(c net.Conn) {
	defer c.Close()
	conn, channels, requests, err := ssh.NewServerConn(c, &m.config)
	if err != nil {
		return
	}
	m.work.Go(func() { // ends with the connection
		for r := range requests {
			if r.WantReply {
				r.Reply(false, r.Payload)
			}
			conn.SendRequest(r.Type, false, r.Payload) // best effort: the other side may have gone
		}
	})
	for c := range channels {
		if c.ChannelType() != "session" {
			c.Reject(ssh.RejectionReason(77), string(c.ExtraData()))
			continue
		}
		ch, requests, err := c.Accept()
		if err == nil {
			m.work.Go(func() { reflect(ch, requests) }) // ends with the connection, at the latest
		}
	}
}

// reflect runs a program: it prints its name, and dies of a signal of that name.
func reflect(ch ssh.Channel, requests <-chan *ssh.Request) {
	for r := range requests {
		r.Reply(true, nil) // what is wrong with the connection ends the loop
		var asked struct{ Text string }
		if r.Type != "exec" && r.Type != "subsystem" || ssh.Unmarshal(r.Payload, &asked) != nil {
			continue
		}
		_, err := ch.Write([]byte(asked.Text))
		_, err2 := ch.Stderr().Write([]byte(asked.Text))
		exit := struct {
			Signal   string
			Core     bool
			Text     string
			Language string
		}{asked.Text, true, asked.Text, asked.Text}
		_, err3 := ch.SendRequest("exit-signal", false, ssh.Marshal(exit))
		if errors.Join(err, err2, err3, ch.Close()) != nil {
			return
		}
	}
}

// behind is a gateway before the mirror.
func (m *mirror) behind() gatewaytest.Backend {
	return gatewaytest.Backend{Name: "sshproxy", User: "alice", Block: func(t testing.TB, g *gatewaytest.Gateway, o gatewaytest.Options) string {
		gatewaytest.WriteKey(t, g.Path("upstream"))
		return gatewaytest.ProxyBlock(g, &sshdtest.Server{Addr: m.ln.Addr().String(), HostKey: m.key.PublicKey(), User: "root"}, o)
	}}
}
