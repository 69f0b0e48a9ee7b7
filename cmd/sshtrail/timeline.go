package main

import (
	"bufio"
	"fmt"
	"strconv"
	"time"

	"github.com/sshtrail/sshtrail/event"
)

// timeline prints what happened in a log, event by event, as it reads it. What programs
// read and wrote is counted, not shown. To stay readable it folds: output and resizes
// between two other events into one line for each channel, an outcome into the line
// of what it belongs to, and lines that are the same.
type timeline struct {
	w       *bufio.Writer
	screen  screen
	several bool // connections: each line says which

	day     string
	lanes   map[channelKey]*lane
	pending []*lane // with a tally, in the order of their first bytes
	held    *entry  // waits for its outcome
	last    entry   // that was printed
	again   int     // times since
	lastAt  int64   // the last of them
}

// lane is what the timeline knows of a channel.
type lane struct {
	key      channelKey
	requests requests
	started  int64 // a program
	tally    tally
}

// tally is what is counted on a channel until something else happens.
type tally struct {
	first, last           int64
	stdin, stdout, stderr uint64
	resizes               uint64
	columns, rows         uint32
}

// entry is one line.
type entry struct {
	at      int64
	conn    event.ConnID
	channel string // "" for none
	phrase
}

func newTimeline(w *bufio.Writer, s screen, several bool) *timeline {
	return &timeline{w: w, screen: s, several: several, lanes: map[channelKey]*lane{}}
}

// observe prints what is to be told of an event, now or when it is known what follows.
func (t *timeline) observe(ev *event.Event) {
	if !ev.Body.Type().OnChannel() {
		t.say(entry{at: ev.Time, conn: ev.Conn, phrase: phraseOf(ev)})
		return
	}
	l := t.lane(channelKey{ev.Conn, ev.Channel})
	if t.count(l, ev) {
		return
	}
	t.say(entry{ev.Time, ev.Conn, "#" + strconv.FormatUint(ev.Channel, 10), l.phrase(ev)})
	if _, closed := ev.Body.(*event.Close); closed {
		delete(t.lanes, l.key)
	}
}

// finish prints what was held back.
func (t *timeline) finish() {
	t.flush()
	t.tellRepeated()
}

// lane returns what is known of a channel. Of more than maxOpen, which nobody has
// open at once, all is forgotten.
func (t *timeline) lane(key channelKey) *lane {
	l := t.lanes[key]
	if l == nil {
		if len(t.lanes) >= maxOpen {
			t.flush()
			clear(t.lanes)
		}
		l = &lane{key: key}
		t.lanes[key] = l
	}
	return l
}

// count adds an event to its channel's tally, if it is one of those.
func (t *timeline) count(l *lane, ev *event.Event) bool {
	switch ev.Body.(type) {
	case *event.IO, *event.Window:
	default:
		return false
	}
	if t.held != nil {
		t.flush()
	}
	r := &l.tally
	if *r == (tally{}) {
		r.first = ev.Time
		t.pending = append(t.pending, l)
	}
	r.last = ev.Time
	switch b := ev.Body.(type) {
	case *event.IO:
		add(&r.stdin, &r.stdout, &r.stderr, b)
	case *event.Window:
		id, what, _ := requestOf(b)
		l.requests.note(id, what)
		r.resizes, r.columns, r.rows = r.resizes+1, b.Columns, b.Rows
	}
	return true
}

// say prints a line, or holds it back until its outcome is known.
func (t *timeline) say(e entry) {
	if q := t.held; q != nil && q.conn == e.conn && q.channel == e.channel && e.answers(q.phrase) {
		t.held = nil
		e.at, e.what = q.at, q.what
		if e.colour == "" {
			e.colour = q.colour
		}
		t.print(e)
		return
	}
	if e.what == "" {
		return
	}
	t.flush()
	if e.asks {
		t.held = &e
		return
	}
	t.print(e)
}

// flush prints what is held back and what was counted.
func (t *timeline) flush() {
	if t.held != nil {
		e := *t.held
		t.held = nil
		t.print(e)
	}
	for _, l := range t.pending {
		t.print(entry{l.tally.first, l.key.conn, "#" + strconv.FormatUint(l.key.channel, 10), l.tally.phrase()})
		l.tally = tally{}
	}
	t.pending = t.pending[:0]
}

func (t *timeline) print(e entry) {
	if e.conn == t.last.conn && e.channel == t.last.channel && e.what == t.last.what && e.tail == t.last.tail {
		t.again++
		t.lastAt = e.at
		return
	}
	t.tellRepeated()
	t.last = e
	t.line(e)
}

// tellRepeated says how often the last line was left out.
func (t *timeline) tellRepeated() {
	if t.again == 0 {
		return
	}
	e := t.last
	e.at, e.what, e.tail, e.colour = t.lastAt, "the same "+counted(uint64(t.again), "more time"), "", faint
	t.again = 0
	t.line(e)
}

func (t *timeline) line(e entry) {
	at := time.Unix(0, e.at).UTC()
	if day := at.Format("2006-01-02 UTC"); day != t.day {
		t.day = day
		fmt.Fprintln(t.w, t.screen.paint(faint, day))
	}
	fmt.Fprintf(t.w, "%s  ", t.screen.paint(faint, at.Format("15:04:05.000")))
	if t.several {
		fmt.Fprintf(t.w, "%-16s  ", shortID(string(e.conn)))
	}
	fmt.Fprintf(t.w, "%-4s %s\n", e.channel, t.screen.paint(e.colour, e.what+e.tail))
}

// phrase is a tally in words.
func (r *tally) phrase() phrase {
	s := ""
	for _, stream := range []struct {
		name  string
		bytes uint64
	}{{"stdin", r.stdin}, {"stdout", r.stdout}, {"stderr", r.stderr}} {
		if stream.bytes > 0 {
			s += ", " + stream.name + " " + counted(stream.bytes, "byte")
		}
	}
	if r.resizes > 0 {
		s += fmt.Sprintf(", %s, to %d×%d", counted(r.resizes, "resize"), r.columns, r.rows)
	}
	if s == "" {
		s = ", no bytes"
	}
	if d := r.last - r.first; d >= int64(time.Millisecond) {
		s += " in " + lasting(d)
	}
	return phrase{what: s[2:], colour: faint}
}

// phrase returns an event of the channel in words.
func (l *lane) phrase(ev *event.Event) phrase {
	if what, ok := asksForChannel(ev.Body); ok {
		return phrase{thread: opening, what: "channel " + what.String(), asks: true, tail: " asked for"}
	}
	if id, what, ok := requestOf(ev.Body); ok {
		l.requests.note(id, what)
		p := phrase{thread: asked, key: strconv.FormatUint(id, 10), what: what, asks: true}
		switch ev.Body.(type) {
		case *event.Exec, *event.Shell, *event.Subsystem:
			l.started = ev.Time
			p.colour = bold
		}
		return p
	}
	switch b := ev.Body.(type) {
	case *event.NewChannelSuccessful:
		return phrase{thread: opening, what: "channel " + brief(b.ChannelType, maxText), tail: " opened"}
	case *event.NewChannelFailed:
		return phrase{thread: opening, what: "channel " + brief(b.ChannelType, maxText), tail: came(false, b.Reason), colour: yellow}
	case *event.RequestAccepted:
		return phrase{thread: asked, key: strconv.FormatUint(b.RequestID, 10)}
	case *event.RequestFailed:
		return phrase{thread: asked, key: strconv.FormatUint(b.RequestID, 10), what: l.requests.label(b.RequestID), tail: came(false, b.Reason), colour: yellow}
	case *event.ForcedCommand:
		return phrase{what: "runs instead: " + brief(b.Program, maxText), colour: bold}
	case *event.Extension:
		return phrase{what: "extension " + brief(b.Name, maxText) + ", which this version does not know"}
	case *event.Unknown:
		return phrase{what: fmt.Sprintf("message of type %d: decode shows it", b.Number)}
	}
	return l.ending(ev)
}

// ending returns an event that ends something in words.
func (l *lane) ending(ev *event.Event) phrase {
	after := ""
	if l.started > 0 {
		after = " after " + lasting(ev.Time-l.started)
	}
	switch b := ev.Body.(type) {
	case *event.Exit:
		p := phrase{what: fmt.Sprintf("exit status %d%s", b.ExitStatus, after)}
		if b.ExitStatus != 0 {
			p.colour = yellow
		}
		return p
	case *event.ExitSignal:
		p := phrase{what: "killed by signal " + brief(b.Signal, maxText) + after, colour: yellow}
		if b.CoreDumped {
			p.what += ", core dumped"
		}
		if b.ErrorMessage != "" {
			p.what += ": " + brief(b.ErrorMessage, maxText)
		}
		return p
	case *event.CloseWrite:
		return phrase{what: "end of data" + side(" from the ", b.By)}
	case *event.Close:
		s := "channel closed" + side(" by the ", b.By)
		if b.Received > 0 || b.Sent > 0 {
			s += fmt.Sprintf(", received %d and sent %s", b.Received, counted(b.Sent, "byte"))
		}
		return phrase{what: s}
	}
	return phrase{}
}

func side(how string, b event.By) string {
	if b == "" {
		return ""
	}
	return how + word(string(by(b)))
}
