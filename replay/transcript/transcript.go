package transcript

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sshtrail/sshtrail/replay"
	"github.com/sshtrail/sshtrail/replay/screen"
)

// Options say what part of a channel is written.
type Options struct {
	// From is where it begins: with what is on the screen then.
	From time.Duration
	// To is where it ends; 0: at the end of the recording.
	To time.Duration
}

// Write writes down a channel, with a player that is at its start, and is moved.
func Write(w io.Writer, p *replay.Player, o Options) error {
	if o.From > 0 {
		if err := p.Reach(o.From); err != nil {
			return fmt.Errorf("go to %v: %w", o.From, err)
		}
	}
	t := &transcript{w: bufio.NewWriter(w), player: p, last: o.From}
	s := p.Screen()
	s.OnScroll = t.line
	t.stills.begin(s, o.From)
	for t.err == nil {
		f, err := p.Next()
		if errors.Is(err, io.EOF) || err == nil && o.To > 0 && f.At > o.To {
			break
		}
		if err != nil {
			return fmt.Errorf("read the recording: %w", err)
		}
		if err := t.step(s, f); err != nil {
			return err
		}
	}
	t.finish(s)
	if t.err != nil {
		return fmt.Errorf("write the transcript: %w", t.err)
	}
	return nil
}

// transcript is one in the making.
type transcript struct {
	w      *bufio.Writer
	player *replay.Player
	err    error

	begun  bool          // there is a line that has not ended
	held   string        // the end of it: its spaces count only if it goes on
	gap    string        // goes before what of the line comes first
	last   time.Duration // time of the last line
	start  string        // what the last line began with, and its time
	tenth  time.Duration
	queue  queue
	stills stills
}

// step shows the next frame, and takes note of what is to be seen then.
func (t *transcript) step(s *screen.Screen, next *replay.Frame) error {
	t.stills.before(t, s, next)
	s.Stamp = uint64(next.At)
	f, _, err := t.player.Step()
	if err != nil {
		return fmt.Errorf("show the recording: %w", err)
	}
	t.stills.after(t, s, &f)
	if note := noteOf(&f); note != "" {
		t.put(f.At, appendLine(nil, f.At, '*', note))
	}
	return nil
}

// line takes a line that has left the main screen.
func (t *transcript) line(l screen.Line) {
	if l.Wrapped && t.begun {
		t.text(t.held)
		t.held = l.Full()
		return
	}
	t.endLine()
	at := time.Duration(l.Stamp)
	if l.Stamp == 0 {
		at = t.last
	}
	t.last = at
	t.release(at)
	if tenth := at / (100 * time.Millisecond); t.start == "" || tenth != t.tenth { // as before, mostly
		t.start, t.tenth = strings.TrimRight(string(appendStart(nil, at, '|')), " "), tenth
	}
	t.write(t.start)
	t.begun, t.gap, t.held = true, " ", l.Full()
}

// endLine ends the line that is written, if there is one.
func (t *transcript) endLine() {
	if !t.begun {
		return
	}
	t.text(strings.TrimRight(t.held, " "))
	t.write("\n")
	t.begun, t.held = false, ""
}

// finish writes what is still on the screen.
func (t *transcript) finish(s *screen.Screen) {
	t.stills.left(t, s)
	s.Drain()
	t.endLine()
	t.release(1<<63 - 1)
	if t.err == nil {
		t.err = t.w.Flush()
	}
}

// text writes a part of a line.
func (t *transcript) text(part string) {
	if part != "" {
		t.write(t.gap)
		t.write(part)
		t.gap = ""
	}
}

func (t *transcript) write(text string) {
	if t.err == nil {
		_, t.err = t.w.WriteString(text)
	}
}
