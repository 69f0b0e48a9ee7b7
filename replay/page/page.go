package page

import (
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/sshtrail/sshtrail/replay"
	"github.com/sshtrail/sshtrail/replay/screen"
)

// ErrTooLarge says that a page would be larger than browsers like: 64 MiB.
var ErrTooLarge = errors.New("the page is larger than 64 MiB")

const maxSize = 64 << 20

// together is how long a time makes one screen: nobody sees more than that.
const together = 20 * time.Millisecond

// Options say what is in a page. Texts may be anything.
type Options struct {
	// Title is the page's, and Facts are below it.
	Title string
	Facts []Fact
	// From and To are the part of the channel that is played; To 0 is the end, which Length
	// is, as far as it is known.
	From, To, Length time.Duration
	// Events are listed beside the terminal, in this order.
	Events []Event
	// Omitted is how many more there are.
	Omitted int
}

// Fact is something to be known of a recording.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Event is something that happened.
type Event struct {
	At   time.Duration // since the channel's start
	Kind Kind
	Text string
}

// Kind is what sort of thing an event is.
type Kind string

// The kinds of events, which are told from each other by their colours.
const (
	Program Kind = "program" // one began
	Done    Kind = "done"    // one has ended well
	Failed  Kind = "failed"  // one has not, or something was refused
	Resize  Kind = "resize"
	Forward Kind = "forward" // of a port, a socket, a display
	File    Kind = "file"    // was transferred
	Gap     Kind = "gap"     // something is missing
	Other   Kind = "other"
)

// Write makes a page of a channel, with a player that is at its start, and is moved. With an
// error what was written is no page.
func Write(w io.Writer, p *replay.Player, o Options) error { return write(w, p, o, maxSize) }

func write(w io.Writer, p *replay.Player, o Options, limit int) error {
	if o.From > 0 {
		if err := p.Reach(o.From); err != nil {
			return fmt.Errorf("go to %v: %w", o.From, err)
		}
	}
	end := o.To
	if end == 0 {
		end, o.To = math.MaxInt64, max(o.From, o.Length)
	}
	d := newDocument(w, o.Title, limit)
	f := film{out: d, activity: newActivity(o.From, o.To)}
	f.take(p.Screen(), o.From)
	if err := f.play(p, end); err != nil {
		return err
	}
	f.cut()
	d.end(factsOf(&o, &f))
	if d.err != nil {
		return fmt.Errorf("write the page: %w", d.err)
	}
	return nil
}

// play takes the screens up to a time.
func (f *film) play(p *replay.Player, to time.Duration) error {
	s := p.Screen()
	var begun, last time.Duration
	waiting := false // something was shown that is not taken
	for f.out.err == nil {
		next, err := p.Next()
		if errors.Is(err, io.EOF) || err == nil && next.At > to {
			break
		}
		if err != nil {
			return fmt.Errorf("read the recording: %w", err)
		}
		if waiting && next.At-begun >= together {
			f.take(s, last)
			waiting = false
		}
		frame, mark, err := p.Step()
		if err != nil {
			return fmt.Errorf("show the recording: %w", err)
		}
		if mark && len(f.marks) < maxMarks {
			f.marks = append(f.marks, milliseconds(frame.At))
		}
		if changes(&frame) {
			f.activity.add(frame.At, len(frame.Data))
			if last = frame.At; !waiting {
				waiting, begun = true, frame.At
			}
		}
	}
	if waiting {
		f.take(s, last)
	}
	f.last = max(f.last, milliseconds(last))
	return nil
}

func changes(f *replay.Frame) bool {
	return f.Kind == replay.Output || f.Kind == replay.Resize || f.Kind == replay.Terminal
}

// milliseconds rounds up: what is shown at a time in a page has happened by then.
func milliseconds(at time.Duration) int64 {
	return int64((at + time.Millisecond - 1) / time.Millisecond)
}

// cursorOf is how a page tells a cursor's look.
func cursorOf(c screen.Cursor) int {
	switch {
	case !c.Visible:
		return 0
	case c.Shape == screen.UnderlineCursor:
		return 2
	case c.Shape == screen.BarCursor:
		return 3
	}
	return 1
}
