package binary

import (
	"bytes"
	"testing"

	"github.com/sshtrail/sshtrail/event"
)

// TestAllocationsOfReading pins that a message costs nothing to read: a log with ten times
// as many in as many blocks takes no more.
func TestAllocationsOfReading(t *testing.T) {
	allocations := func(messages int) float64 {
		l := newLogMaker(t)
		for block := range 4 {
			for i := range messages {
				l.add(event.Event{Time: int64(block*messages + i), Body: &event.IO{Stream: event.Stdout, Data: []byte("x")}})
			}
			l.flush()
		}
		log := l.end()
		var text []byte
		return testing.AllocsPerRun(10, func() {
			r := NewReader(bytes.NewReader(log))
			for m, err := r.Next(); err == nil; m, err = r.Next() {
				text = m.AppendJSON(text[:0])
			}
		})
	}
	few, many := allocations(100), allocations(1000)
	if more := many - few; more > 10 { // slices that grow by doubling
		t.Errorf("4,000 messages take %v allocations and 400 %v, want nothing for a message", many, few)
	}
}

// TestAllocationsOfABlock pins that writing blocks costs no memory of its own.
func TestAllocationsOfABlock(t *testing.T) {
	l := keystrokes(t, 1000)
	w, c := NewWriter(), NewCompressor(1)
	dst := w.AppendHeader(make([]byte, 0, 1<<20))
	var err error
	if n := testing.AllocsPerRun(100, func() {
		l.block.From = l.block.To
		if dst, err = w.AppendBlock(dst[:0], l.block, c, 1); err != nil {
			t.Fatal(err)
		}
	}); n > 1 { // the end of dst as a writer
		t.Errorf("a block takes %v allocations, want 1 at most", n)
	}
}
