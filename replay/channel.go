package replay

import (
	"time"

	"github.com/sshtrail/sshtrail/event"
)

// maxChannels is how many channels a Log lists.
const maxChannels = 1024

// maxSizes is how many sizes of its terminal are kept of a channel. Of more, the ones after
// are not known to a seek until it is exact.
const maxSizes = 4096

// Channel is a session of a log. Its texts hold the peer's bytes.
type Channel struct {
	Number     uint64
	Runs       string // exec, shell, subsystem, or refused; "" if nothing was asked for
	Program    string // of an exec, or the subsystem's name
	Terminal   bool   // it asked for one
	Start, End int64  // ns since 1970; End of one that goes on is the log's
	Closed     bool
	ExitStatus *uint32
	ExitSignal string

	conn  event.ConnID
	sizes []size
	typed bool // something that was typed at its terminal was met
}

// size is the size that a terminal has from a time on.
type size struct {
	from          int64
	columns, rows uint32
}

// Length is how long the channel was open, as far as the log knows.
func (c *Channel) Length() time.Duration { return time.Duration(max(0, c.End-c.Start)) }

// sizeAt returns the size of the terminal at a time, 0×0 before there is one.
func (c *Channel) sizeAt(at int64) (columns, rows int) {
	for i := len(c.sizes) - 1; i >= 0; i-- {
		if s := c.sizes[i]; s.from <= at {
			return int(s.columns), int(s.rows)
		}
	}
	return 0, 0
}

// observe takes note of what happened on the channel.
func (c *Channel) observe(ev *event.Event) {
	switch b := ev.Body.(type) {
	case *event.Pty:
		c.Terminal = true
		c.resize(ev.Time, b.Columns, b.Rows)
	case *event.Window:
		c.resize(ev.Time, b.Columns, b.Rows)
	case *event.Exec:
		c.Runs, c.Program = "exec", brief(b.Program)
	case *event.Shell:
		c.Runs = "shell"
	case *event.Subsystem:
		c.Runs, c.Program = "subsystem", brief(b.Subsystem)
	default:
		c.observeEnd(ev)
	}
}

func (c *Channel) resize(at int64, columns, rows uint32) {
	if len(c.sizes) < maxSizes {
		c.sizes = append(c.sizes, size{at, columns, rows})
	}
}

func (c *Channel) observeEnd(ev *event.Event) {
	switch b := ev.Body.(type) {
	case *event.Exit:
		c.ExitStatus = &b.ExitStatus
	case *event.ExitSignal:
		c.ExitSignal = brief(b.Signal)
	case *event.NewChannelFailed:
		c.Runs, c.Closed, c.End = "refused", true, ev.Time
	case *event.Close:
		if !c.Closed {
			c.Closed, c.End = true, ev.Time
		}
	}
}

// brief cuts a text that may be as long as a message.
func brief(s string) string { return s[:min(len(s), 1024)] }
