package bridge_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/bridge"
	"github.com/sshtrail/sshtrail/tap"
)

// target is a bridge.Target that a test plays.
type target struct {
	open     func() (ssh.Channel, <-chan *ssh.Request, error)
	channels chan ssh.NewChannel
	requests chan *ssh.Request

	mu   sync.Mutex
	sent []string // global requests that came
	once sync.Once
	gone chan struct{}
}

func newTarget(open func() (ssh.Channel, <-chan *ssh.Request, error)) *target {
	return &target{open: open, gone: make(chan struct{}), channels: make(chan ssh.NewChannel), requests: make(chan *ssh.Request)}
}

func (f *target) OpenChannel(string, []byte) (ssh.Channel, <-chan *ssh.Request, error) {
	return f.open()
}

func (f *target) SendRequest(name string, _ bool, _ []byte) (bool, []byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent = append(f.sent, name)
	return true, nil, nil
}

func (f *target) Incoming() (<-chan ssh.NewChannel, <-chan *ssh.Request) {
	return f.channels, f.requests
}

// offer asks the client for a channel.
func (f *target) offer(n ssh.NewChannel) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.channels <- n
}

func (f *target) Wait() error {
	<-f.gone
	return errors.New("the target is gone")
}

func (f *target) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.once.Do(func() { close(f.gone); close(f.channels); close(f.requests) })
	return nil
}

func (f *target) String() string { return "fake" }

// channel is a target's channel that a test plays: what is written to its pipes comes
// out at the client.
type channel struct {
	stdout, stderr *io.PipeReader
	out, errs      *io.PipeWriter
	requests       chan *ssh.Request
	asked          chan string // types of the client's requests
	once           sync.Once
	closed         chan struct{}
}

func newChannel() *channel {
	c := &channel{requests: make(chan *ssh.Request, 1), asked: make(chan string, 16), closed: make(chan struct{})}
	c.stdout, c.out = io.Pipe()
	c.stderr, c.errs = io.Pipe()
	return c
}

func (c *channel) Read(p []byte) (int, error)  { return c.stdout.Read(p) }
func (c *channel) Write(p []byte) (int, error) { return len(p), nil }
func (c *channel) CloseWrite() error           { return nil }
func (c *channel) Stderr() io.ReadWriter {
	return struct {
		io.Reader
		io.Writer
	}{c.stderr, io.Discard}
}

func (c *channel) SendRequest(name string, _ bool, _ []byte) (bool, error) {
	c.asked <- name
	return true, nil
}

func (c *channel) Close() error {
	c.once.Do(func() {
		c.out.Close()
		c.errs.Close()
		close(c.requests)
		close(c.closed)
	})
	return nil
}

// exit says that the program ended well.
func (c *channel) exit() {
	c.requests <- &ssh.Request{Type: "exit-status", Payload: []byte{0, 0, 0, 0}}
}

// sink records nothing but refusals.
type sink struct {
	mu     sync.Mutex
	failed []string
	end    *event.Disconnect
}

func (s *sink) Emit(_ uint64, body event.Body) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch b := body.(type) {
	case *event.NewChannelFailed:
		s.failed = append(s.failed, b.Reason)
	case *event.RequestFailed:
		s.failed = append(s.failed, b.Reason)
	case *event.GlobalReply:
		if !b.Accepted {
			s.failed = append(s.failed, b.Reason)
		}
	case *event.Disconnect:
		s.end = &event.Disconnect{By: b.By, Reason: b.Reason}
	}
	return nil
}

func (s *sink) reasons() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.failed), func(why string) bool { return why == "" })
}

// joined is a client that Join has joined to a target.
type joined struct {
	*ssh.Client
	sink     *sink
	panicked chan any
	over     chan struct{} // closed when Join has returned
}

// join joins an x/crypto client to a target.
func join(t *testing.T, to bridge.Target, change func(*bridge.Client)) *joined {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	j := &joined{sink: &sink{}, panicked: make(chan any, 1), over: make(chan struct{})}
	go func() { // ends with the connection, which the cleanup closes
		defer close(j.over)
		c, err := ln.Accept()
		if err != nil {
			return
		}
		conn, channels, requests, err := tap.NewServerConn(c, serverConfig(), j.sink, tap.Intercept{})
		if err != nil {
			return
		}
		client := bridge.Client{Conn: conn, Channels: channels, Requests: requests, MaxChannels: 10, Panicked: func(v any) { j.panicked <- v }}
		if change != nil {
			change(&client)
		}
		bridge.Join(client, to)
	}()
	j.Client, err = ssh.Dial("tcp", ln.Addr().String(), &ssh.ClientConfig{User: "alice", HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close(); <-j.over })
	return j
}

func serverConfig() *ssh.ServerConfig {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		panic(err)
	}
	c := &ssh.ServerConfig{NoClientAuth: true}
	c.AddHostKey(signer)
	return c
}
