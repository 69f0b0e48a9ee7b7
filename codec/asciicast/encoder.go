package asciicast

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/sshtrail/sshtrail/event"
)

// ErrSeveral says that the channels are not all of one connection.
var ErrSeveral = errors.New("channels of more than one connection: casts are made of one")

// maxOpen is how many channels may be open at once. A gateway allows 10,000 at most.
const maxOpen = 10_000

// Options say how casts are made.
type Options struct {
	// Version is V2 or V3.
	Version Version
	// Target is what the client was joined to, for the title. No event has it in time.
	Target string
	// From is where the casts begin, since the channel's beginning. What was printed until
	// then comes at once, so that the screen is as it was; what was typed does not come.
	From time.Duration
	// To is where they end, since the channel's beginning; 0: with the channel.
	To time.Duration
}

// Create returns where to write the cast of a channel. It is called once for each cast,
// with its first line. The Encoder closes it, after the last.
type Create func(channel uint64) (io.WriteCloser, error)

// Encoder makes casts of the events of one connection: one for each session channel that
// something was printed on, or typed where that is recorded. What it writes is a function
// of its Options and the events alone, however they come: who lost a cast can make the
// same of the log again. It writes one line at a time, and holds nothing back but a
// part of a character. It is for one goroutine at a time.
type Encoder struct {
	options Options
	create  Create
	conn    event.ConnID
	user    string
	opened  bool // a channel was
	open    map[uint64]*cast
	stats   Stats
	buf     []byte
	err     error
}

// Stats tell what became of a log.
type Stats struct {
	Casts    int
	Replaced uint64 // bytes that are no UTF-8 and became U+FFFD
	Omitted  uint64 // channels, since too many were open at once
}

// NewEncoder returns an Encoder. It panics if the version is none.
func NewEncoder(o Options, create Create) *Encoder {
	if o.Version != V2 && o.Version != V3 {
		panic(fmt.Sprintf("asciicast: no version %d", o.Version))
	}
	return &Encoder{options: o, create: create, open: map[uint64]*cast{}}
}

// Stats returns what there is so far. Bytes are counted when their cast ends.
func (e *Encoder) Stats() Stats { return e.stats }

// Conn returns the connection whose events were given last.
func (e *Encoder) Conn() event.ConnID { return e.conn }

// Event takes the next event of the log, and keeps nothing of it. After an error there is
// no more.
func (e *Encoder) Event(ev *event.Event) error {
	if e.err == nil {
		e.err = e.event(ev)
	}
	return e.err
}

func (e *Encoder) event(ev *event.Event) error {
	switch b := ev.Body.(type) {
	case *event.HandshakeSuccessful:
		if !e.opened {
			e.conn, e.user = ev.Conn, brief(b.Username)
		}
		return nil
	case *event.Disconnect:
		if ev.Conn == e.conn {
			return e.endAll()
		}
		return nil
	}
	if !ev.Body.Type().OnChannel() {
		return nil
	}
	if ev.Conn != e.conn {
		if e.opened {
			return ErrSeveral
		}
		e.conn, e.user = ev.Conn, ""
	}
	e.opened = true
	if c := e.open[ev.Channel]; c != nil {
		return e.onChannel(c, ev)
	}
	if opensSession(ev.Body) {
		if len(e.open) == maxOpen {
			e.stats.Omitted++
			return nil
		}
		e.open[ev.Channel] = newCast(ev)
	}
	return nil
}

// opensSession reports whether a session channel begins here. ContainerSSH has no word of
// the request for it, only of its success.
func opensSession(body event.Body) bool {
	switch b := body.(type) {
	case *event.NewChannel:
		return b.ChannelType == "session"
	case *event.NewChannelSuccessful:
		return b.ChannelType == "session"
	}
	return false
}

func (e *Encoder) onChannel(c *cast, ev *event.Event) error {
	switch b := ev.Body.(type) {
	case *event.IO:
		return e.data(c, ev.Time, b)
	case *event.Window:
		return e.resize(c, ev.Time, b)
	case *event.RequestAccepted:
		if c.w != nil && c.run.asked && c.run.id == b.RequestID {
			return e.mark(c)
		}
	case *event.NewChannelFailed:
		delete(e.open, c.channel)
	case *event.Close:
		return e.end(c)
	default:
		c.observe(ev)
	}
	return nil
}

// data writes what was printed or typed.
func (e *Encoder) data(c *cast, at int64, b *event.IO) error {
	if int(b.Stream) >= len(c.streams) || len(b.Data) == 0 {
		return nil
	}
	us, early, late := e.since(c, at)
	if late {
		return nil
	}
	j, code := &c.streams[b.Stream], codeOf(b.Stream)
	if early && code == 'i' {
		e.buf = j.append(e.buf[:0], b.Data) // and forget it
		return nil
	}
	if err := e.begin(c); err != nil {
		return err
	}
	for piece := range slices.Chunk(b.Data, maxPiece) {
		line := c.appendStart(e.buf[:0], e.options.Version, us, code)
		empty := len(line)
		if line = j.append(line, piece); len(line) > empty {
			if err := e.write(c, us, appendEnd(line)); err != nil {
				return err
			}
		}
	}
	return nil
}

// resize writes a new size. One before the first line is the header's.
func (e *Encoder) resize(c *cast, at int64, b *event.Window) error {
	us, _, late := e.since(c, at)
	if late {
		return nil
	}
	columns, rows := sized(b.Columns, c.columns, largestColumns), sized(b.Rows, c.rows, largestRows)
	if columns == c.columns && rows == c.rows {
		return nil
	}
	c.columns, c.rows = columns, rows
	if c.w == nil {
		return nil
	}
	line := c.appendStart(e.buf[:0], e.options.Version, us, 'r')
	line = appendNumber(appendNumber(line, "", columns), "x", rows)
	return e.write(c, us, appendEnd(line))
}

// since returns when something happened, in microseconds of the cast, and whether that is
// before it or behind it.
func (e *Encoder) since(c *cast, at int64) (us int64, early, late bool) {
	d := time.Duration(at - c.start)
	late = e.options.To > 0 && d > e.options.To
	early = d < e.options.From
	return max(int64((d-e.options.From)/time.Microsecond), c.last), early, late
}

// begin writes the header, once, and the mark of the program that is about to print.
func (e *Encoder) begin(c *cast) error {
	if c.w == nil {
		w, err := e.create(c.channel)
		if err != nil {
			return err
		}
		c.w = w
		e.stats.Casts++
		h := c.header(e.options.Version, e.title(), c.start+int64(e.options.From))
		e.buf = h.append(e.buf[:0])
		if err := e.write(c, 0, e.buf); err != nil {
			return err
		}
	}
	return e.mark(c)
}

// title is user@target, or what is known of it.
func (e *Encoder) title() string {
	target := brief(e.options.Target)
	if e.user == "" || target == "" {
		return e.user + target
	}
	return e.user + "@" + target
}

// mark writes the start of a program, once.
func (e *Encoder) mark(c *cast) error {
	if !c.run.asked {
		return nil
	}
	c.run.asked = false
	us, early, late := e.since(c, c.run.at)
	if early || late {
		return nil
	}
	line := c.appendStart(e.buf[:0], e.options.Version, us, 'm')
	var j joiner
	line = j.flush(j.append(line, []byte(c.run.label)))
	return e.write(c, us, appendEnd(line))
}

// end ends a cast.
func (e *Encoder) end(c *cast) error {
	delete(e.open, c.channel)
	if c.w == nil {
		return nil
	}
	err := e.rest(c)
	if closing := c.w.Close(); err == nil && closing != nil {
		err = fmt.Errorf("close cast of channel %d: %w", c.channel, closing)
	}
	return err
}

// rest writes what is left of a cast: characters that were never completed, and how the
// program ended, which is the last line though what it printed may come after.
func (e *Encoder) rest(c *cast) error {
	for stream := range c.streams {
		j, code := &c.streams[stream], codeOf(event.Stream(stream))
		line := c.appendStart(e.buf[:0], e.options.Version, c.last, code)
		empty := len(line)
		if line = j.flush(line); len(line) > empty {
			if err := e.write(c, c.last, appendEnd(line)); err != nil {
				return err
			}
		}
		e.stats.Replaced += j.bad
	}
	return e.exit(c)
}

func codeOf(s event.Stream) byte {
	if s == event.Stdin {
		return 'i'
	}
	return 'o'
}

func (e *Encoder) exit(c *cast) error {
	if c.exit.status == "" || e.options.Version < V3 {
		return nil
	}
	us, _, late := e.since(c, c.exit.at)
	if late {
		return nil
	}
	line := append(c.appendStart(e.buf[:0], e.options.Version, us, 'x'), c.exit.status...)
	return e.write(c, us, appendEnd(line))
}

func (e *Encoder) endAll() error {
	for _, channel := range slices.Sorted(maps.Keys(e.open)) {
		if err := e.end(e.open[channel]); err != nil {
			return err
		}
	}
	return nil
}

// Finish ends all casts, as at the end of the log. After an error it closes what is open,
// and returns that error.
func (e *Encoder) Finish() error {
	if e.err == nil {
		e.err = e.endAll()
	}
	for _, c := range e.open {
		if c.w != nil {
			c.w.Close() // the error that counts is there already
		}
	}
	clear(e.open)
	return e.err
}

// write writes a line, which is in the Encoder's buffer.
func (e *Encoder) write(c *cast, us int64, line []byte) error {
	e.buf = line
	if _, err := c.w.Write(line); err != nil {
		return fmt.Errorf("write cast of channel %d: %w", c.channel, err)
	}
	c.last = us
	return nil
}
