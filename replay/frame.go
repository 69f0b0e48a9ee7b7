package replay

import (
	"strconv"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

const (
	typeIO    event.Type = 500
	gapOfThat            = "gap" // the name of the extension
)

// Kind is what a [Frame] is.
type Kind int

// The kinds of frames.
const (
	Output   Kind = iota // Data went to the terminal
	Input                // Data was typed
	Terminal             // there is a terminal, of Columns and Rows
	Resize               // it has another size
	Begin                // a program was started: Text is what, "" for a shell
	Exit                 // it has ended: Text is its status, or the signal's name
	Gap                  // something is missing: Text says why
	Close                // the channel was closed
)

// Frame is what happened on a channel at a time.
type Frame struct {
	Seq           uint64        // number of the event in the log
	At            time.Duration // since the channel's start; it never decreases
	Kind          Kind
	Data          []byte
	Columns, Rows int
	Text          string // the peer's bytes
}

// frameOf returns what a message means for a channel.
func (c *Channel) frameOf(m *binary.Message) (Frame, bool) {
	mine := m.Type.OnChannel() && m.Channel == c.Number && m.Conn == c.conn && m.Time >= c.Start
	if !mine && m.Extension != gapOfThat {
		return Frame{}, false
	}
	ev, err := m.Event()
	if err != nil {
		return Frame{}, false
	}
	f := Frame{Seq: m.Seq, At: time.Duration(max(0, m.Time-c.Start))}
	switch b := ev.Body.(type) {
	case *event.IO:
		f.Data = b.Data
		if b.Stream == event.Stdin {
			f.Kind = Input
		}
	case *event.Pty:
		f.Kind, f.Columns, f.Rows = Terminal, int(b.Columns), int(b.Rows)
	case *event.Window:
		f.Kind, f.Columns, f.Rows = Resize, int(b.Columns), int(b.Rows)
	case *event.Exec:
		f.Kind, f.Text = Begin, brief(b.Program)
	case *event.Shell:
		f.Kind = Begin
	case *event.Subsystem:
		f.Kind, f.Text = Begin, brief(b.Subsystem)
	case *event.Exit:
		f.Kind, f.Text = Exit, strconv.FormatUint(uint64(b.ExitStatus), 10)
	case *event.ExitSignal:
		f.Kind, f.Text = Exit, brief(b.Signal)
	case *event.Gap:
		f.Kind, f.Text = Gap, brief(b.Reason)
	case *event.Close:
		f.Kind = Close
	default:
		return Frame{}, false
	}
	return f, true
}
