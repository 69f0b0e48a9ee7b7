package replay

import (
	"bytes"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/replay/screen"
)

// view is a screen, and the place in the log up to which it shows everything.
type view struct {
	cursor cursor
	screen *screen.Screen
	at     time.Duration
	seq    uint64 // of the last frame; only if there was any
	any    bool
	next   *Frame // the frame behind, once somebody asked for it
	fresh  bool   // there was a new line since the last prompt
	bytes  int    // of output since it was saved
}

func newView(l *Log, ch *Channel) *view {
	v := &view{screen: screen.New(0, 0), fresh: true}
	v.cursor = cursor{l: l, ch: ch, offset: binary.FirstBlock}
	v.screen.LineFeedReturns(true)
	return v
}

// saved returns a view of its own that is as v is now, and holds nothing of the log.
func (v *view) saved() *view {
	s := *v
	s.screen = v.screen.Snapshot()
	s.cursor = v.cursor.saved()
	s.cursor.next, s.next, s.bytes = v.upTo(), nil, 0
	return &s
}

// upTo returns the number of the first event of the log that is not shown.
func (v *view) upTo() uint64 {
	if v.next != nil {
		return v.next.Seq
	}
	return v.cursor.upTo()
}

// peek returns the next frame without showing it; the error is that of cursor.read.
func (v *view) peek() (*Frame, error) {
	if v.next == nil {
		f, err := v.cursor.read()
		if err != nil {
			return nil, err
		}
		f.At = max(f.At, v.at)
		v.next = &f
	}
	return v.next, nil
}

// step shows the next frame, and reports whether it may be where somebody is asked for the
// next command.
func (v *view) step() (f Frame, mark bool, err error) {
	next, err := v.peek()
	if err != nil {
		return Frame{}, false, err
	}
	f, v.next = *next, nil
	v.at, v.seq, v.any = f.At, f.Seq, true
	switch f.Kind {
	case Output:
		_, _ = v.screen.Write(f.Data) // it returns no error
		v.bytes += len(f.Data)
		return f, v.prompts(f.Data), nil
	case Terminal:
		v.screen.LineFeedReturns(false)
		v.screen.Resize(f.Columns, f.Rows)
	case Resize:
		v.screen.Resize(f.Columns, f.Rows)
	case Begin:
		v.fresh = true
		return f, true, nil
	case Input:
		return f, v.entered(f.Data), nil
	}
	return f, false, nil
}

// entered reports whether a line was typed to its end, on the main screen of a terminal: what was typed to an
// editor is none. Where input is recorded this says where commands are, and nobody has to guess.
func (v *view) entered(data []byte) bool {
	ch := v.cursor.ch
	ch.typed = ch.typed || ch.Terminal
	return ch.Terminal && !v.screen.Alternate() && bytes.ContainsAny(data, "\r\n")
}

// prompts guesses, where nothing that was typed is recorded, whether there is a prompt since this output: on the main screen, in a line
// that is a new one since the last prompt, the cursor is behind one of the signs that prompts end
// in and a space. A program may print such a thing too, and a prompt may look otherwise.
func (v *view) prompts(data []byte) bool {
	v.fresh = v.fresh || bytes.IndexByte(data, '\n') >= 0
	c := v.screen.Cursor()
	if !v.fresh || v.cursor.ch.typed || v.screen.Alternate() || c.Column < 2 {
		return false
	}
	cells := v.screen.Line(c.Row).Cells
	if cells[c.Column-1].String() != " " {
		return false
	}
	switch cells[c.Column-2].String() {
	case "$", "#", "%", ">", "❯", "➜", "»", "λ":
		v.fresh = false
		return true
	}
	return false
}
