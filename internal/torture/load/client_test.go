package load

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"
)

// client is a client made of x/crypto/ssh.
type client struct {
	*load
	t     testing.TB
	rand  *rand.Rand
	token string // its log has it, as the client's version
	kind  kind
	// mortal clients die when some number of bytes has passed.
	mortal bool
	ssh    *ssh.Client // nil unless it was let in
	err    error       // the first thing that went wrong

	mu    sync.Mutex // guards rand too, where talks go on at once
	talks []*talk
	bare  int // channels on which nothing was run
}

// errDied is why a client that has died can do nothing more.
var errDied = errors.New("the client has died")

func (l *load) newClient(t testing.TB, n uint64) *client {
	r := l.rig.Source(n)
	all := kinds()
	return &client{load: l, t: t, rand: r, token: fmt.Sprintf("load-%x", n), kind: all[r.IntN(len(all))], mortal: r.IntN(6) == 0}
}

// source returns another source of chance, for what runs beside.
func (c *client) source() *rand.Rand {
	c.mu.Lock()
	defer c.mu.Unlock()
	return rand.New(rand.NewPCG(c.rand.Uint64(), 0))
}

func (c *client) login() {
	raw, err := net.Dial("tcp", c.Addr)
	if err != nil {
		c.failed("connect", err)
		return
	}
	c.dialed.Add(1)
	conn := &life{Conn: raw, moved: &c.moved, abrupt: c.rand.IntN(2) == 0}
	conn.left.Store(math.MaxInt64)
	if c.mortal {
		conn.left.Store(1000 + size(c.rand, c.most()))
	}
	config := &ssh.ClientConfig{
		User: c.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(c.signer)}, ClientVersion: "SSH-2.0-" + c.token,
		HostKeyCallback: ssh.FixedHostKey(c.HostKey),
	}
	config.Ciphers = []string{pick(c.rand, "aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr")}
	config.RekeyThreshold = pick[uint64](c.rand, 0, 0, 16<<10, 256<<10)
	in, channels, requests, err := ssh.NewClientConn(conn, c.Addr, config)
	if err != nil {
		raw.Close()
		c.failed("log in", err)
		return
	}
	c.inside.Add(1)
	c.ssh = ssh.NewClient(in, channels, requests)
}

// most is how many bytes one stream has at most.
func (l *load) most() int64 { return int64(l.rig.Size(2<<20, 16<<20)) }

// run does what clients of its kind do, and leaves.
func (c *client) run() {
	if c.ssh == nil {
		return
	}
	if err := c.kind.do(c); err != nil {
		c.failed(c.kind.name, err)
	}
	c.ssh.Close()
}

func (c *client) failed(what string, err error) {
	if c.err != nil {
		return
	}
	c.err = fmt.Errorf("%s: %w", what, err)
	if !c.mortal {
		c.t.Errorf("client %s, %s: %v", c.token, c.kind.name, c.err)
	}
}

// life is a connection that ends when some number of bytes has passed.
type life struct {
	net.Conn
	moved  *atomic.Int64
	left   atomic.Int64
	abrupt bool // the kernel resets it
}

func (l *life) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	return l.passed(n, err)
}

func (l *life) Write(p []byte) (int, error) {
	n, err := l.Conn.Write(p[:min(int64(len(p)), max(l.left.Load(), 0))])
	if err == nil && n < len(p) {
		err = errDied
	}
	return l.passed(n, err)
}

// passed counts. What is more than the client lived for does not count as received.
func (l *life) passed(n int, err error) (int, error) {
	l.moved.Add(int64(n))
	if left := l.left.Add(-int64(n)); left <= 0 {
		l.die()
		return max(0, n+int(left)), errDied
	}
	return n, err
}

func (l *life) die() {
	if tcp, ok := l.Conn.(*net.TCPConn); ok && l.abrupt {
		_ = tcp.SetLinger(0) // else it ends as connections do
	}
	l.Conn.Close()
}
