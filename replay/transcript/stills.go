package transcript

import (
	"bytes"
	"fmt"
	"time"

	"github.com/sshtrail/sshtrail/replay"
	"github.com/sshtrail/sshtrail/replay/screen"
)

const (
	rest   = time.Second      // without a change, and a screen is there to be read
	atMost = 10 * time.Second // between screens that change
	small  = 3                // lines: a change that waits
)

// stills chooses the screens that are written while a program has the whole of it.
type stills struct {
	on       bool           // there is such a program
	written  *screen.Screen // the last that was; nil: none yet
	at       time.Duration  // when that was
	rested   *screen.Screen // the last one that has rested since, and is to be written before another
	since    time.Duration  // when it was drawn
	changed  bool           // something may have changed since it was looked at
	drawn    time.Duration  // when that was
	previous *screen.Screen // what was there before this frame, if the frame may be its end
}

func (v *stills) begin(s *screen.Screen, at time.Duration) {
	v.on = s.Alternate()
	v.at, v.drawn, v.changed = at, at, v.on
}

// before looks at the screen that was there up to the next frame.
func (v *stills) before(t *transcript, s *screen.Screen, next *replay.Frame) {
	v.previous = nil
	if !v.on {
		return
	}
	switch {
	case v.changed && next.At-v.drawn >= rest:
		v.look(t, s.Snapshot())
	case v.changed && next.At-v.at >= atMost:
		if v.rested != nil && differ(v.rested, s) > small {
			v.write(t, v.rested, v.since) // what is there now has its own ten seconds
		} else {
			v.write(t, s.Snapshot(), v.drawn)
		}
	case v.rested != nil && next.At-v.at >= atMost:
		v.write(t, v.rested, v.since)
	}
	if v.changed && mayLeave(next) {
		v.previous = s.Snapshot()
	}
}

// mayLeave reports whether the alternate screen may be left by a frame. The sequences that
// do it end in l (DECRST) or c (RIS).
func mayLeave(f *replay.Frame) bool {
	return f.Kind == replay.Output && bytes.ContainsAny(f.Data, "lc")
}

// after takes note of what a frame has done.
func (v *stills) after(t *transcript, s *screen.Screen, f *replay.Frame) {
	switch on := s.Alternate(); {
	case v.on && !on:
		if v.previous != nil {
			v.rested, v.since = v.previous, v.drawn
		}
		v.flush(t)
		*v = stills{}
	case on && !v.on:
		*v = stills{on: true, at: f.At, drawn: f.At, changed: true}
	case on && (f.Kind == replay.Output || f.Kind == replay.Resize):
		v.changed, v.drawn = true, f.At
	}
}

// left is called at the end of the recording.
func (v *stills) left(t *transcript, s *screen.Screen) {
	if v.on && v.changed {
		v.rested, v.since = s.Snapshot(), v.drawn
	}
	v.flush(t)
}

// look writes a screen that has rested, or lets it wait if little is new.
func (v *stills) look(t *transcript, s *screen.Screen) {
	v.changed = false
	if v.written != nil && v.drawn-v.at < atMost && differ(v.written, s) <= small {
		v.rested, v.since = s, v.drawn
		return
	}
	v.flush(t)
	v.write(t, s, v.drawn)
}

func (v *stills) flush(t *transcript) {
	if v.rested != nil {
		v.write(t, v.rested, v.since)
	}
}

// write writes a screen, unless it says what the last one did.
func (v *stills) write(t *transcript, s *screen.Screen, at time.Duration) {
	v.rested = nil
	if v.written != nil && differ(v.written, s) == 0 {
		return
	}
	v.written, v.at = s, at
	lines := s.Text()
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	columns, rows := s.Size()
	text := appendLine(nil, at, '*', fmt.Sprintf("full screen %d×%d", columns, rows))
	for _, l := range lines {
		text = appendLine(text, at, ':', l)
	}
	t.put(at, text)
}

// differ returns how many lines of two screens say something else: all of them, if they are
// not of one size.
func differ(a, b *screen.Screen) int {
	columns, rows := b.Size()
	if c, r := a.Size(); c != columns || r != rows {
		return rows
	}
	n := 0
	for y := range rows {
		if a.Line(y).String() != b.Line(y).String() {
			n++
		}
	}
	return n
}
