package binary

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"testing"

	"github.com/sshtrail/sshtrail/event"
)

// verdictOf reads a log to its end.
func verdictOf(t testing.TB, log []byte) (Verdict, error) {
	t.Helper()
	if crc32.ChecksumIEEE(log)%16 == 0 { // of the many thousands, some
		sameAhead(t, log)
	}
	r := NewReader(bytes.NewReader(log))
	for {
		_, err := r.Next()
		if err == nil {
			continue
		}
		var fault *Fault
		if errors.As(err, &fault) != (err != io.EOF) || fault != nil && fault.Verdict != r.Verdict() {
			t.Fatalf("Next = %v, Verdict = %v", err, r.Verdict())
		}
		if _, again := r.Next(); again != err {
			t.Fatalf("Next after %v = %v, want the same", err, again)
		}
		return r.Verdict(), err
	}
}

func TestComplete(t *testing.T) {
	l := newLogMaker(t)
	session(l)
	log := l.end()
	r := NewReader(bytes.NewReader(log))
	var seqs []uint64
	for ev, err := range r.Events() {
		if err != nil {
			t.Fatal(err)
		}
		seqs = append(seqs, ev.Seq)
	}
	if len(seqs) != 12 || seqs[11] != 11 {
		t.Errorf("events %v, want 0 to 11", seqs)
	}
	if r.Verdict() != Complete || r.Digest() == "" || r.Digest() != l.w.Digest() {
		t.Errorf("Verdict = %v, Digest = %q; want complete, %q", r.Verdict(), r.Digest(), l.w.Digest())
	}
	if r.Blocks() != 2 || r.Messages() != 12 || r.Summary() == nil || *r.Summary().Username != "alice" {
		t.Errorf("Blocks = %d, Messages = %d, Summary = %+v", r.Blocks(), r.Messages(), r.Summary())
	}
}

func TestRecovered(t *testing.T) {
	l := newLogMaker(t)
	session(l)
	l.recovered = true
	if v, err := verdictOf(t, l.end()); v != Recovered {
		t.Errorf("Verdict = %v (%v), want recovered", v, err)
	}
}

func TestAfterTheEnd(t *testing.T) {
	log := sessionLog(t)
	for _, tail := range []string{"\x00", "x", string(log[40:])} {
		if v, err := verdictOf(t, append(bytes.Clone(log), tail...)); v != Tampered {
			t.Errorf("with %d bytes behind the end mark: %v, want tampered", len(tail), err)
		}
	}
}

func TestEvents(t *testing.T) {
	l := newLogMaker(t)
	l.add(event.Event{Time: 1, Body: &event.Exec{Program: "a\xffb"}, Channel: 3})
	var got []event.Event
	for ev, err := range NewReader(bytes.NewReader(l.end())).Events() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ev)
	}
	if len(got) != 2 || got[0].Channel != 3 || got[0].Body.(*event.Exec).Program != "a\xffb" || got[0].More != nil {
		t.Errorf("Events = %+v, want the exec with the bytes of its program", got)
	}
}

// TestManyBlocks has more blocks than an index has points, so that its step is 2.
func TestManyBlocks(t *testing.T) {
	l := newLogMaker(t)
	for i := range int64(maxPoints + 100) {
		l.add(event.Event{Time: i, Body: &event.IO{Data: []byte("x")}})
		l.flush()
	}
	log := l.end()
	r := NewReader(bytes.NewReader(log))
	for _, err := range r.Events() {
		if err != nil {
			t.Fatal(err)
		}
	}
	index := r.Summary().Index
	if r.Verdict() != Complete || len(index) != (maxPoints+101+1)/2 {
		t.Fatalf("Verdict = %v with %d points, want complete with %d", r.Verdict(), len(index), (maxPoints+101+1)/2)
	}
	for i, point := range index[:10] {
		b, err := ReadBlock(bytes.NewReader(log), point[0])
		if err != nil || b.Number != uint32(2*i) || b.From != point[1] {
			t.Errorf("block at point %d = %+v, %v; want number %d from %d", i, b, err, 2*i, point[1])
		}
	}
}
