package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/backend"
)

// channel is a session channel as an SSH client sees it.
type channel struct {
	target   *Target
	requests chan *ssh.Request // room for the one that is ever sent; closed is the channel's close
	ctx      context.Context   // ends when the channel is closed, by either side
	cancel   context.CancelFunc
	started  chan struct{} // closed when streams are set
	streams  backend.Streams
	stdout   output
	stderr   output
	notices  chan []byte // for stderr: why a program could not be started

	setup   sync.Mutex // makes requests one after the other; before mu
	env     []string
	trusted []string
	pty     *backend.PTY

	mu       sync.Mutex
	closed   bool
	starting bool // start is at work, and winds up if closed meanwhile
	process  backend.Process
	eof      bool // CloseWrite was called
	refusal  string
}

// output is one of the program's streams, and whether its end was read.
type output struct {
	once sync.Once
	end  chan struct{}
	rest []byte // of a notice
}

func newChannel(t *Target) *channel {
	ctx, cancel := context.WithCancel(context.Background())
	return &channel{
		target:   t,
		requests: make(chan *ssh.Request, 1),
		ctx:      ctx,
		cancel:   cancel,
		started:  make(chan struct{}),
		stdout:   output{end: make(chan struct{})},
		stderr:   output{end: make(chan struct{})},
		notices:  make(chan []byte, 1),
	}
}

// Write is the program's input. Before there is a program it waits for one, like a
// window of 0. What a program doesn't want to read any more goes nowhere, without an
// error: SSH has no way to say so, and the program is still at work.
func (c *channel) Write(p []byte) (int, error) {
	select {
	case <-c.ctx.Done():
		return 0, io.EOF
	case <-c.started:
	}
	c.mu.Lock()
	over := c.closed || c.eof
	c.mu.Unlock()
	if over {
		return 0, io.EOF
	}
	n, err := c.streams.Stdin.Write(p)
	if err != nil && c.ctx.Err() != nil {
		return n, io.EOF
	}
	return len(p), nil
}

// CloseWrite is end-of-file for the program.
func (c *channel) CloseWrite() error {
	c.mu.Lock()
	if c.closed || c.eof {
		c.mu.Unlock()
		return io.EOF
	}
	c.eof = true
	running := c.process != nil
	c.mu.Unlock()
	if !running {
		return nil // start does it
	}
	if err := c.streams.Stdin.Close(); err != nil {
		return fmt.Errorf("close the program's input: %w", err)
	}
	return nil
}

// Read reads the program's output. It waits for a program if there is none yet.
func (c *channel) Read(p []byte) (int, error) {
	select {
	case <-c.ctx.Done():
		return 0, io.EOF
	case <-c.started:
	}
	return c.read(&c.stdout, c.streams.Stdout, p)
}

func (c *channel) read(o *output, r io.Reader, p []byte) (int, error) {
	var n int
	err := io.EOF
	if r != nil && c.ctx.Err() == nil {
		n, err = r.Read(p)
	}
	if err == nil {
		return n, nil
	}
	o.once.Do(func() { close(o.end) })
	if c.ctx.Err() != nil || errors.Is(err, fs.ErrClosed) { // the latter by unread
		err = io.EOF
	}
	return n, err
}

// Stderr is the program's second output. What is written to it goes nowhere, as with
// OpenSSH: a program has no second input.
func (c *channel) Stderr() io.ReadWriter { return stderr{c} }

type stderr struct{ c *channel }

func (s stderr) Write(p []byte) (int, error) { return len(p), nil }

// Read is for one goroutine at a time.
func (s stderr) Read(p []byte) (int, error) {
	o := &s.c.stderr
	if len(o.rest) == 0 {
		select {
		case o.rest = <-s.c.notices:
		default:
			select {
			case o.rest = <-s.c.notices:
			case <-s.c.ctx.Done():
				return 0, io.EOF
			case <-s.c.started:
				return s.c.read(o, s.c.streams.Stderr, p)
			}
		}
	}
	n := copy(p, o.rest)
	o.rest = o.rest[n:]
	return n, nil
}

// Close ends the program and all that belongs to it, and returns at once; the target's
// Close returns when that is done.
func (c *channel) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return io.EOF
	}
	c.closed = true
	idle := c.process == nil && !c.starting
	c.mu.Unlock()
	c.cancel()
	if idle {
		c.windUp()
	}
	return nil
}

// windUp is the channel's end. It is called once, by who made sure that nothing runs.
func (c *channel) windUp() {
	close(c.requests)
	c.target.forget(c)
}

// LastRefusal is why the last request was refused, and empty if it was not.
func (c *channel) LastRefusal() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refusal
}
