package record

import (
	"bytes"
	"testing"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

// FuzzSegment reads a segment of a journal that a crash, or somebody, has left: two
// frames of any content, a good one behind them, cut anywhere and with one byte changed. Only
// whole frames count, their messages have their numbers, and none of them twice.
func FuzzSegment(f *testing.F) {
	f.Fuzz(func(t *testing.T, start, message []byte, kind byte, first uint64, cut, at uint16, change byte) {
		good, err := binary.AppendMessage(nil, &event.Event{Conn: "c", Time: 7, Body: &event.Disconnect{}})
		if err != nil {
			t.Fatal(err)
		}
		b := newFrame(frameStart, start, 0)
		seed := seedOf(b)
		b = append(b, newFrame(kind, message, seed)...)
		b = append(b, newFrame(frameMessage, good, seed)...)
		b = b[:max(0, len(b)-int(cut))]
		if int(at) < len(b) {
			b[at] ^= change
		}
		readAnySegment(t, b, first)
	})
}

// readAnySegment writes a segment, and reads it as recovery does and as readers do.
func readAnySegment(t *testing.T, b []byte, first uint64) {
	t.Helper()
	s, err := parseSegment(b)
	if err != nil || s == nil {
		return // of another version, or without a head: nothing is read of it
	}
	if !bytes.Contains(b, s.messages) {
		t.Fatalf("of %d bytes %d are whole frames", len(b), len(s.messages))
	}
	if used, err := eachFrame(s.messages, s.seed, func(byte, []byte) error { return nil }); err != nil || used != len(s.messages) {
		t.Fatalf("of %d bytes in whole frames %d can be read: %v", len(s.messages), used, err)
	}
	last := first
	next, err := s.readFrom(first, func(m *binary.Message) error {
		if m.Seq < last {
			t.Errorf("message %d comes after %d, and %d is the first that was asked for", m.Seq, last, first)
		}
		last = m.Seq
		return nil
	})
	if err == nil && next < first {
		t.Errorf("after message %d comes %d", first, next)
	}
}
