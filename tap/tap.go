// Package tap watches an SSH server connection of golang.org/x/crypto/ssh and hands
// everything that happens on it to a recorder before it lets it pass.
//
// [NewServerConn] takes the place of ssh.NewServerConn. What it returns has the same
// shape: a connection, its channels, its requests. The client's bytes are handed to the
// [Sink] before the caller's Read returns them, the caller's before they are sent; so
// what either side has seen has been recorded.
package tap

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/leftover"
)

// Sink is a recorder of one connection.
type Sink interface {
	// Emit records that body happened, on the given channel if its type belongs to
	// one. What it describes has not happened yet for the other side: it passes when
	// Emit returns nil, and never if it returns an error. Emit may be called
	// concurrently, also by several goroutines of one channel. It must not keep body,
	// or anything that it refers to, after it returned.
	//
	// The first error ends the connection. After an [event.Disconnect] nothing may
	// pass any more: Emit returns an error from then on.
	Emit(channel uint64, body event.Body) error
}

// Intercept says which bytes reach the Sink. Of those that are off it is told the
// number only. Names of programs, requests and sizes always reach it.
type Intercept struct {
	Stdin, Stdout, Stderr bool
	// Passwords includes answers to keyboard-interactive questions and X11 cookies.
	Passwords bool
	// Forwarding is the data of channels that are not sessions.
	Forwarding bool
}

// ErrEnded is returned by what is attempted on a connection after its end.
var ErrEnded = errors.New("ssh connection has ended")

// Conn is an authenticated connection from a client.
type Conn struct {
	server    *ssh.ServerConn
	queue     leftover.Queue // of packets from the client
	sink      Sink
	intercept Intercept

	nextChannel atomic.Uint64
	closing     sync.Once
	failing     sync.Once
	refusing    sync.Once
	refused     chan struct{} // closed when somebody who asked for a channel was told why there is none
	doomed      atomic.Bool   // recording has failed
	told        chan struct{} // closed when, after that, the client was told as far as it can be
	over        chan struct{} // closed when the connection is being ended

	mu       sync.Mutex
	channels map[uint64]*Channel // open ones
	ended    *event.Disconnect   // set once by whoever ended it first
}

func newConn(server *ssh.ServerConn, sink Sink, intercept Intercept) *Conn {
	return &Conn{
		server: server, sink: sink, intercept: intercept, channels: map[uint64]*Channel{},
		refused: make(chan struct{}), told: make(chan struct{}), over: make(chan struct{}),
	}
}

// emit records, and ends the connection if that is not possible.
func (c *Conn) emit(channel uint64, body event.Body) error {
	err := c.sink.Emit(channel, body)
	if err != nil {
		c.failed(err)
	}
	return err
}

// failed ends the connection, beside the caller, for the first reason that it is given.
// That is the end in the record, also if the caller, who meets the error, is faster.
func (c *Conn) failed(err error) {
	c.failing.Do(func() {
		c.mu.Lock()
		if c.ended == nil {
			c.ended = &event.Disconnect{By: event.ByGateway, Reason: fmt.Sprintf("recording is not possible: %v", err)}
		}
		c.mu.Unlock()
		c.doomed.Store(true)
		go c.fail(err) // ends by itself: see farewell
	})
}

// failer is the optional ability of a Sink to say that it has failed while its Emit is
// stuck.
type failer interface{ OnFailure(func(error)) }

// farewell bounds how long a client that does not read can hold up the end of its connection.
const farewell = time.Second

// fail tells the client why its connection ends, and ends it. Nothing of what it says
// is recorded: that recording is impossible is what it says.
func (c *Conn) fail(err error) {
	if !errors.Is(err, ErrEnded) && !c.tell("sshtrail: this connection can't be recorded any longer and ends here: "+plainly(err)) {
		// Only who asks for a channel can be told then, and clients do that at once.
		select {
		case <-c.refused:
		case <-c.over:
		case <-time.After(farewell):
		}
	}
	close(c.told)
	c.end(&event.Disconnect{By: event.ByGateway})
}

// awaitTold keeps who closes a connection, or a channel of it, since recording has failed
// from being faster than the sentence that says so.
func (c *Conn) awaitTold() {
	if c.doomed.Load() {
		<-c.told
	}
}

// refuse answers a request for a channel that can't be recorded.
func (c *Conn) refuse(n ssh.NewChannel, err error) {
	n.Reject(ssh.ConnectionFailed, "sshtrail: this session can't be recorded: "+plainly(err))
	c.refusing.Do(func() { close(c.refused) })
}

// plainly is an error for users. What it is about, a file on the gateway mostly, is for
// the operator.
func plainly(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return err.Error()
}

// Tell shows a sentence to the person at the other end: on the standard error of each
// open session. It returns within a second, whether or not the client reads it. It is
// for what the gateway itself has to say and is not recorded.
func (c *Conn) Tell(sentence string) { c.tell(sentence) }

// tell reports whether there was an open session.
func (c *Conn) tell(sentence string) (open bool) {
	c.mu.Lock()
	var told sync.WaitGroup
	for _, ch := range c.channels {
		if ch.session && ch.accepted.Load() {
			open = true
			told.Go(func() { ch.tell("\r\n" + sentence + "\r\n") })
		}
	}
	c.mu.Unlock()
	done := make(chan struct{})
	go func() { told.Wait(); close(done) }() // ends when the connection does, at the latest
	select {
	case <-done:
	case <-time.After(farewell):
	}
	return open
}

// Wait returns when the connection is gone, with the reason.
func (c *Conn) Wait() error {
	err := c.server.Wait()
	c.gone()
	return err
}

// Close ends the connection as [Conn.CloseWith] does, by the target, unless the client
// or somebody else has ended it already.
func (c *Conn) Close() error { return c.CloseWith(event.ByTarget, "") }

// CloseWith ends the connection and records by whom and why: the end of each channel
// that is still open, then of the connection. Whoever is first is recorded: the
// client, if it has gone before. Later calls do nothing.
func (c *Conn) CloseWith(by event.By, reason string) error {
	c.awaitTold()
	return c.end(&event.Disconnect{By: by, Reason: reason})
}

func (c *Conn) end(d *event.Disconnect) error {
	var err error
	c.closing.Do(func() {
		close(c.over)
		c.mu.Lock()
		if c.ended == nil {
			c.ended = d
		}
		end, open := c.ended, c.channels
		c.channels = nil
		c.mu.Unlock()
		c.server.Close()
		for _, ch := range inOrder(open) {
			ch.emitClose(end.By)
		}
		err = c.sink.Emit(0, end)
	})
	return err
}

// endedBy returns by whom a channel was ended that ends now without anybody here.
func (c *Conn) endedBy() event.By {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended == nil {
		return event.ByClient
	}
	return c.ended.By
}

// gone notes, when the library has ended the connection's iterators, that it was the
// client who ended it, unless somebody here did.
func (c *Conn) gone() {
	c.queue.Drain()
	err := c.server.Wait() // the library is about to return from it
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended == nil {
		c.ended = &event.Disconnect{By: event.ByClient, Reason: goneReason(err)}
	}
}

// goneReason is why the transport ended, in words that hold no addresses or buffers.
func goneReason(err error) string {
	var network *net.OpError
	switch {
	case err == nil || err.Error() == "EOF":
		return "connection closed"
	case errors.As(err, &network):
		return network.Err.Error()
	}
	return reason(err)
}

// User returns the user name that was authenticated.
func (c *Conn) User() string { return c.server.User() }

// Permissions returns what the authentication callback returned; it may be nil.
func (c *Conn) Permissions() *ssh.Permissions { return c.server.Permissions }

// Metadata returns the connection's facts.
func (c *Conn) Metadata() ssh.ConnMetadata { return c.server.Conn }

// SendRequest sends a global request to the client, as by says: the target or the gateway.
func (c *Conn) SendRequest(by event.By, name string, wantReply bool, payload []byte) (bool, []byte, error) {
	if err := c.emit(0, &event.GlobalRequestUnknown{RequestType: name, Payload: payload, By: by}); err != nil {
		return false, nil, err
	}
	ok, answer, err := c.server.SendRequest(name, wantReply, payload)
	if err == nil && wantReply {
		err = c.emit(0, &event.GlobalReply{RequestType: name, Accepted: ok, Payload: answer, By: event.ByClient})
	}
	return ok, answer, err
}
