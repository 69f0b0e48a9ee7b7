package binary

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/sshtrail/sshtrail/event"
)

// TestSalvageFrom cuts a log at every offset behind each of its checkpoints, and salvages it
// as Salvage does, though nothing before the checkpoint is there.
func TestSalvageFrom(t *testing.T) {
	l := newLogMaker(t)
	var points []*Checkpoint
	session(l)
	for i := range 4 {
		for j := range 1 + i*3 {
			l.add(event.Event{Time: l.tally.last, Channel: 7, Body: &event.IO{Stream: event.Stdin, Data: fmt.Append(nil, j)}})
		}
		l.flush()
		points = append(points, writtenDown(t, l.w.Checkpoint(l.seen())))
	}
	log := l.end()
	for i, c := range points {
		gone := append(bytes.Repeat([]byte{0xee}, int(c.Offset)), log[c.Offset:]...)
		for cut := int(c.Offset); cut <= len(log); cut++ {
			var all, rest []event.Event
			want, err := Salvage(bytes.NewReader(log), int64(cut), func(ev *event.Event) { all = append(all, *ev) })
			if err != nil {
				t.Fatal(err)
			}
			got, err := SalvageFrom(c, bytes.NewReader(gone), int64(cut), func(ev *event.Event) { rest = append(rest, *ev) })
			if err != nil {
				t.Fatalf("checkpoint %d, cut at %d: %v", i, cut, err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("checkpoint %d, cut at %d: SalvageFrom = %+v, want %+v", i, cut, got, want)
			}
			if !reflect.DeepEqual(rest, append([]event.Event(nil), all[c.Messages:]...)) {
				t.Fatalf("checkpoint %d, cut at %d: %d messages, want %d", i, cut, len(rest), len(all)-int(c.Messages))
			}
		}
	}
}

// seen tells of the messages so far.
func (l *logMaker) seen() Seen {
	t := &l.tally
	return Seen{
		Conn: t.conn, Peer: t.peer, Several: t.several, Start: t.start, Kinds: t.kinds,
		Bytes: event.StreamBytes{Stdin: t.bytes[0], Stdout: t.bytes[1], Stderr: t.bytes[2]},
	}
}

// writtenDown returns a checkpoint as it is after it was written down and read again.
func writtenDown(t *testing.T, c *Checkpoint) *Checkpoint {
	t.Helper()
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	again := new(Checkpoint)
	if err := json.Unmarshal(b, again); err != nil {
		t.Fatal(err)
	}
	return again
}

func TestSalvageFromRefuses(t *testing.T) {
	l := newLogMaker(t)
	session(l)
	good := l.w.Checkpoint(l.seen())
	log := l.end()
	for name, change := range map[string]func(*Checkpoint){
		"behind the file": func(c *Checkpoint) { c.Offset = int64(len(log)) + 1 },
		"no blocks":       func(c *Checkpoint) { c.Blocks = 0 },
		"no index":        func(c *Checkpoint) { c.Index = nil },
		"a bad step":      func(c *Checkpoint) { c.Step = 3 },
		"at the header":   func(c *Checkpoint) { c.Offset = 0 },
	} {
		c := *good
		change(&c)
		if s, err := SalvageFrom(&c, bytes.NewReader(log), int64(len(log)), nil); err == nil {
			t.Errorf("%s: SalvageFrom = %+v, want an error", name, s)
		}
	}
	other := *good
	other.Previous[0] ^= 1
	if s, err := SalvageFrom(&other, bytes.NewReader(log), int64(len(log)), nil); err != nil || s.Verdict != Tampered {
		t.Errorf("a checkpoint of another log: SalvageFrom = %+v, %v, want tampered", s, err)
	}
}
