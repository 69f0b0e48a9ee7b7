package tap

import (
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
)

// Channel is an open channel: an ssh.Channel that is watched.
type Channel struct {
	raw     ssh.Channel
	conn    *Conn
	id      uint64
	session bool

	requestID    atomic.Uint64
	sent         atomic.Uint64
	clientClosed atomic.Bool
	eof          sync.Once

	recording sync.Mutex // taken after the others; guards what is below
	received  uint64
	opened    bool // that it is open is recorded
	over      bool // its end is recorded, or it will never be open

	accepted atomic.Bool // raw is set

	// Each direction is one stream whose record has the order of the wire, so it has
	// a lock, and an event that is used again: a Sink keeps none.
	readMu   sync.Mutex
	in       event.IO
	out, err output
}

// output is one of the two streams to the client.
type output struct {
	turn turn
	io   event.IO
}

// turn is a lock that who waits for it can give up.
type turn chan struct{}

func (t turn) take() { t <- struct{}{} }
func (t turn) give() { <-t }

// piece is the most that is recorded ahead of what the client's side has accepted; a
// message of channel data holds no more (x/crypto/ssh: channelMaxPacket).
const piece = 32 << 10

// channel returns a channel that is to be open, so that the connection's end is its end
// too, whenever that comes.
func (c *Conn) channel(id uint64, kind string) *Channel {
	ch := &Channel{conn: c, id: id, session: kind == "session"}
	ch.out.turn, ch.err.turn = make(turn, 1), make(turn, 1)
	ch.in.Stream, ch.out.io.Stream, ch.err.io.Stream = event.Stdin, event.Stdout, event.Stderr
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.channels == nil { // the connection has ended
		ch.over = true
	} else {
		c.channels[id] = ch
	}
	return ch
}

// open records that the channel is open.
func (c *Channel) open(kind string) error {
	c.recording.Lock()
	defer c.recording.Unlock()
	if c.over {
		return ErrEnded
	}
	if err := c.conn.emit(c.id, &event.NewChannelSuccessful{ChannelType: kind}); err != nil {
		return err
	}
	c.opened = true
	return nil
}

// accept sets the library's channel.
func (c *Channel) accept(raw ssh.Channel) {
	c.raw = raw
	c.accepted.Store(true)
}

func inOrder(m map[uint64]*Channel) []*Channel {
	all := make([]*Channel, 0, len(m))
	for _, id := range slices.Sorted(maps.Keys(m)) {
		all = append(all, m[id])
	}
	return all
}

// intercepted reports whether the bytes of a stream are recorded.
func (c *Channel) intercepted(s event.Stream) bool {
	i := &c.conn.intercept
	switch {
	case !c.session:
		return i.Forwarding
	case s == event.Stdin:
		return i.Stdin
	case s == event.Stdout:
		return i.Stdout
	}
	return i.Stderr
}

// emit records an event of the channel. After the channel's end there are none: what
// has not passed by then never will.
func (c *Channel) emit(body event.Body) error {
	c.recording.Lock()
	defer c.recording.Unlock()
	if c.over {
		return io.EOF
	}
	if err := c.conn.emit(c.id, body); err != nil {
		return err
	}
	if b, ok := body.(*event.IO); ok && b.Stream == event.Stdin {
		c.received += uint64(len(b.Data)) + b.Skipped
	}
	return nil
}

// data records bytes of a stream, or how many there are.
func (c *Channel) data(io *event.IO, p []byte) error {
	io.Data, io.Skipped = p, 0
	if !c.intercepted(io.Stream) {
		io.Data, io.Skipped = nil, uint64(len(p))
	}
	err := c.emit(io)
	io.Data = nil
	return err
}

// ID returns the channel's number in the record.
func (c *Channel) ID() uint64 { return c.id }

// Read returns bytes from the client, which have been recorded.
func (c *Channel) Read(p []byte) (int, error) {
	c.readMu.Lock()
	defer c.readMu.Unlock()
	n, err := c.raw.Read(p)
	if n > 0 {
		if e := c.data(&c.in, p[:n]); e != nil {
			return 0, e
		}
	}
	if err == io.EOF && !c.clientClosed.Load() {
		c.eof.Do(func() { c.emit(&event.CloseWrite{By: event.ByClient}) })
	}
	return n, err
}

// Write records p and sends it to the client.
func (c *Channel) Write(p []byte) (int, error) { return c.send(&c.out, c.raw, p) }

func (c *Channel) send(o *output, w io.Writer, p []byte) (n int, err error) {
	o.turn.take()
	defer o.turn.give()
	for len(p) > 0 {
		part := p[:min(len(p), piece)]
		if err := c.data(&o.io, part); err != nil {
			return n, err
		}
		m, err := w.Write(part)
		c.sent.Add(uint64(m))
		n += m
		if err != nil {
			return n, err
		}
		p = p[m:]
	}
	return n, nil
}

// tell writes what the gateway itself has to say, after a Write that is at work. It does not
// wait long for one: that may be stuck, on a client that does not read or on the disk
// whose failure is what there is to say.
func (c *Channel) tell(s string) {
	select {
	case c.err.turn <- struct{}{}:
		defer c.err.turn.give()
	case <-time.After(farewell / 2):
	}
	io.WriteString(c.raw.Stderr(), s) // nobody is left to tell if it fails
}

// CloseWrite records and sends end-of-file to the client.
//
// It waits for a Write that is at work: x/crypto/ssh wants that.
func (c *Channel) CloseWrite() error {
	c.out.turn.take()
	defer c.out.turn.give()
	c.err.turn.take()
	defer c.err.turn.give()
	if err := c.emit(&event.CloseWrite{By: event.ByTarget}); err != nil {
		return err
	}
	return c.raw.CloseWrite()
}

// Close records the channel's end, by the client if it closed first, and closes it.
func (c *Channel) Close() error {
	c.conn.awaitTold()
	c.forget(event.ByTarget)
	return c.raw.Close()
}

// forget records the channel's end, and takes it from the connection's list.
func (c *Channel) forget(by event.By) {
	c.emitClose(by)
	c.conn.mu.Lock()
	defer c.conn.mu.Unlock()
	delete(c.conn.channels, c.id)
}

func (c *Channel) emitClose(by event.By) {
	c.recording.Lock()
	defer c.recording.Unlock()
	if c.over {
		return
	}
	c.over = true
	if !c.opened {
		return
	}
	if c.clientClosed.Load() {
		by = event.ByClient
	}
	c.conn.emit(c.id, &event.Close{By: by, Received: c.received, Sent: c.sent.Load()})
}

// SendRequest records and sends a request to the client.
func (c *Channel) SendRequest(name string, wantReply bool, payload []byte) (bool, error) {
	id := c.requestID.Add(1) - 1
	if err := c.emit(targetRequest(id, name, payload)); err != nil {
		return false, err
	}
	ok, err := c.raw.SendRequest(name, wantReply, payload)
	if err == nil && wantReply {
		err = c.emit(reply(id, ok, ""))
	}
	return ok, err
}

// Stderr returns the stream of extended data (RFC 4254 §5.2). What is written to it is
// recorded and sent; what a client may send on it is not read.
func (c *Channel) Stderr() io.ReadWriter { return (*stderr)(c) }

type stderr Channel

func (s *stderr) Write(p []byte) (int, error) {
	c := (*Channel)(s)
	return c.send(&c.err, c.raw.Stderr(), p)
}

func (s *stderr) Read([]byte) (int, error) { return 0, io.EOF }
