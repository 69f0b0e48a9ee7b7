package replay

import (
	"errors"
	"fmt"
	"io"

	"github.com/sshtrail/sshtrail/codec/binary"
)

// maxQueue is how many frames are taken from what is in no block yet at a time.
const maxQueue = 4096

// cursor is a place in a log, from which the frames of a channel are read on.
type cursor struct {
	l      *Log
	ch     *Channel
	offset int64  // of the block that has the next message, or is to be read next
	number uint32 // of that block
	next   uint64 // number of the next message; those before are passed over

	block  *binary.Content // at offset; nil if it is still to be read
	i      int             // its next message
	queue  []Frame         // from behind the last block
	stream *binary.Reader  // of a log without blocks
}

// saved returns a cursor at the same place that holds nothing of the log.
func (c *cursor) saved() cursor {
	return cursor{l: c.l, ch: c.ch, offset: c.offset, number: c.number, next: c.upTo()}
}

// upTo returns the number of the first event that was not read.
func (c *cursor) upTo() uint64 {
	if len(c.queue) > 0 {
		return c.queue[0].Seq
	}
	return c.next
}

// read returns the next frame. The error io.EOF says that there is none now: a log that
// is written may have one later. A fault that ends the log is noted in it.
func (c *cursor) read() (Frame, error) {
	for {
		if len(c.queue) > 0 {
			f := c.queue[0]
			c.queue = c.queue[1:]
			return f, nil
		}
		m, err := c.message()
		if err != nil {
			return Frame{}, err
		}
		if m == nil {
			continue // something is in the queue
		}
		if m.Seq >= c.l.most {
			return Frame{}, io.EOF
		}
		if f, ok := c.ch.frameOf(m); ok {
			return f, nil
		}
	}
}

// message returns the next message of the log, or nil if it has put frames into the queue.
func (c *cursor) message() (*binary.Message, error) {
	if c.l.stream {
		return c.streamed()
	}
	for {
		if c.block == nil {
			if err := c.load(); err != nil {
				return nil, c.behind(err)
			}
		}
		if c.i < len(c.block.Messages) {
			m := &c.block.Messages[c.i]
			c.i++
			if m.Seq < c.next {
				continue
			}
			c.next = m.Seq + 1
			return m, nil
		}
		c.offset, c.number, c.block = c.block.Next, c.number+1, nil
	}
}

// load reads the block at the cursor.
func (c *cursor) load() error {
	b, err := binary.ReadBlock(c.l.r, c.offset)
	if err != nil {
		return err
	}
	if first := b.Messages[0].Seq; b.Number != c.number || first > c.next {
		return &binary.Fault{Verdict: binary.Tampered, Block: int(c.number), Offset: c.offset, Message: c.next, Why: "another block is in its place"}
	}
	c.block, c.i = b, 0
	return nil
}

// behind reads what no block has yet; err is why there is no block.
func (c *cursor) behind(err error) error {
	var fault *binary.Fault
	switch {
	case errors.As(err, &fault):
		c.l.Fault = fault
		if fault.Verdict != binary.Truncated {
			return io.EOF
		}
	case err != io.EOF:
		return err
	}
	stop := errors.New("enough")
	err = c.l.more(c.next, func(m *binary.Message) error {
		if m.Seq < c.next || m.Seq >= c.l.most {
			return nil
		}
		if len(c.queue) == maxQueue {
			return stop
		}
		c.next = m.Seq + 1
		if f, ok := c.ch.frameOf(m); ok {
			c.queue = append(c.queue, f)
		}
		return nil
	})
	if err != nil && err != stop {
		return fmt.Errorf("read what is not in the log yet: %w", err)
	}
	if len(c.queue) == 0 {
		return io.EOF
	}
	return nil
}

// streamed reads on in a log without blocks, from its start the first time.
func (c *cursor) streamed() (*binary.Message, error) {
	if c.stream == nil {
		c.stream = binary.NewReader(io.NewSectionReader(c.l.r, 0, c.l.size))
	}
	for {
		m, err := c.stream.Next()
		if err != nil {
			if err := c.l.note(err); err != nil {
				return nil, err
			}
			return nil, io.EOF
		}
		if m.Seq >= c.next {
			c.next = m.Seq + 1
			return m, nil
		}
	}
}
