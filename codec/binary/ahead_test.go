package binary

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"testing"
	"testing/iotest"

	"github.com/sshtrail/sshtrail/event"
)

// told is all that a reader tells of a log.
type told struct {
	messages []byte // each with all that is known of it
	rendered int    // how many were rendered ahead
	err      error
	rest     string
	summary  *event.Summary
}

func tell(t testing.TB, r *Reader) told {
	t.Helper()
	var s told
	m, err := r.Next()
	for ; err == nil; m, err = r.Next() {
		if ahead := r.Rendered(); ahead != nil {
			s.rendered++
			if want := m.AppendJSON(nil); !bytes.Equal(ahead, want) {
				t.Fatalf("Rendered = %q, want %q", ahead, want)
			}
		}
		s.messages = append(s.messages, m.Conn+event.ConnID(m.Extension)...)
		for _, n := range []uint64{m.Seq, uint64(m.Time), uint64(m.Type), uint64(m.Kind), m.Channel, uint64(m.payload), uint64(m.data), uint64(m.channel), uint64(m.size), uint64(len(m.raw))} {
			s.messages = binary.LittleEndian.AppendUint64(s.messages, n)
		}
		s.messages = append(s.messages, m.raw[:min(len(m.raw), 1000)]...)
	}
	s.err, s.summary = err, r.Summary()
	s.rest = fmt.Sprintf("%v %q %d blocks, %d messages", r.Verdict(), r.Digest(), r.Blocks(), r.Messages())
	return s
}

// sameAhead holds a reader that reads blocks ahead to one that does not: they tell the same
// in the same words. It returns how many messages were rendered ahead.
func sameAhead(t testing.TB, log []byte) int {
	t.Helper()
	want := tell(t, NewReader(bytes.NewReader(log)))
	r := NewReader(bytes.NewReader(log))
	r.Parallel(3, func(dst []byte, m *Message) []byte { return m.AppendJSON(dst) })
	got := tell(t, r)
	same(t, got, want)
	return got.rendered
}

func same(t testing.TB, got, want told) {
	t.Helper()
	if !bytes.Equal(got.messages, want.messages) {
		t.Fatalf("read ahead the messages are\n%.2000q\nwant\n%.2000q", got.messages, want.messages)
	}
	if got.err.Error() != want.err.Error() || got.rest != want.rest || !reflect.DeepEqual(got.summary, want.summary) {
		t.Fatalf("read ahead the end is %v, %s, %+v; want %v, %s, %+v", got.err, got.rest, got.summary, want.err, want.rest, want.summary)
	}
}

func TestAheadIsTheSame(t *testing.T) {
	several := newLogMaker(t)
	for i := range 3000 {
		conn := event.ConnID("")
		switch {
		case i > 1000 && i%50 == 0:
			conn = "0199e1b0c3f27abc8def0123456789ac"
		case i%3 == 0:
			conn = event.Gateway
		}
		several.add(event.Event{Conn: conn, Time: int64(i / 2), Body: &event.IO{Stream: event.Stream(i % 3), Data: make([]byte, i)}})
		if i%100 == 99 {
			several.flush()
		}
	}
	keys := keystrokes(t, 5000).end()
	for name, log := range map[string][]byte{"keystrokes": keys, "bulk": bulk(t, 100).end(), "several connections": several.end()} {
		if n := sameAhead(t, log); n < 1000 && name != "bulk" || n < 50 {
			t.Errorf("%s: %d messages were rendered ahead", name, n)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		if random.IntN(2) == 0 {
			sameAhead(t, keys[:random.IntN(len(keys))])
		} else {
			sameAhead(t, flip(keys, random.IntN(8*len(keys))))
		}
	}
}

// TestAheadPassesErrorsOn has the file fail at any block: what is before it is read, and
// the error is the file's own.
func TestAheadPassesErrorsOn(t *testing.T) {
	log, broken := keystrokes(t, 20_000).end(), errors.New("broken")
	cuts := []int{}
	for cut := 1; cut < len(log); cut += 3989 {
		cuts = append(cuts, cut)
	}
	for at := range log {
		if bytes.HasPrefix(log[at:], []byte(gzipHead)) {
			cuts = append(cuts, at, at+50) // where a block begins, and within its header
		}
	}
	for _, cut := range cuts {
		source := func() *Reader {
			return NewReader(io.MultiReader(bytes.NewReader(log[:cut]), &once{err: broken}, bytes.NewReader(log[cut:])))
		}
		want := tell(t, source())
		r := source()
		r.Parallel(4, nil)
		got := tell(t, r)
		same(t, got, want)
		if !errors.Is(got.err, broken) {
			t.Fatalf("broken at %d: the error is %v, want the file's", cut, got.err)
		}
	}
	r := NewReader(iotest.OneByteReader(bytes.NewReader(log)))
	r.Parallel(4, nil)
	same(t, tell(t, r), tell(t, NewReader(bytes.NewReader(log))))
}

// TestASummaryIsNotCheckedAhead has a summary that is right only for a file without a header.
func TestASummaryIsNotCheckedAhead(t *testing.T) {
	l := newLogMaker(t)
	l.add(event.Event{Time: 7, Body: &event.Connect{}})
	l.summaryBreak = func(s *event.Summary) { s.Index[0][0] = 0 }
	if v, err := verdictOf(t, l.end()); v != Tampered { // which holds the readers to each other
		t.Errorf("Verdict = %v (%v), want tampered", v, err)
	}
}

// TestAHeaderIsNotCheckedAhead changes each bit of the header of a block that is good by
// itself.
func TestAHeaderIsNotCheckedAhead(t *testing.T) {
	l := newLogMaker(t)
	at := 0
	for i := range 4 {
		at = len(l.out)
		l.add(event.Event{Time: int64(i), Body: &event.IO{Data: []byte("x")}})
		if i < 3 {
			l.flush()
		}
	}
	log := l.end()
	second := bytes.Index(log[len(fileHeader)+1:], []byte(gzipHead)) + len(fileHeader) + 1
	if second >= at {
		t.Fatalf("the second block is at %d, the last one at %d", second, at)
	}
	for bit := range 8 * blockHead {
		if v, err := verdictOf(t, flip(log, 8*second+bit)); v != Tampered && v != Truncated {
			t.Errorf("Verdict with bit %d of the header changed = %v (%v)", bit, v, err)
		}
	}
}

// TestConnectionsOfOtherBlocks has one connection in each block, and a summary as if there
// were but one.
func TestConnectionsOfOtherBlocks(t *testing.T) {
	l := newLogMaker(t)
	for i, conn := range []event.ConnID{"a", "b", "b"} {
		l.add(event.Event{Conn: conn, Time: int64(i), Body: &event.IO{Data: []byte("x")}})
		l.flush()
	}
	user := "alice"
	l.summaryBreak = func(s *event.Summary) { s.Username = &user }
	if v, err := verdictOf(t, l.end()); v != Tampered {
		t.Errorf("Verdict = %v (%v), want tampered", v, err)
	}
}

// once fails once, as a device may.
type once struct{ err error }

func (o *once) Read([]byte) (int, error) {
	err := o.err
	o.err = io.EOF
	return 0, err
}

// TestAheadIsBounded reads blocks ahead of which each is as large as may be.
func TestAheadIsBounded(t *testing.T) {
	l := newLogMaker(t)
	l.level = 1
	for range 6 {
		for len(l.block.Plain) < MaxContent-minMessage-10 {
			l.add(event.Event{Conn: "x", Time: 1, Body: &event.Disconnect{}})
		}
		l.flush()
	}
	r := NewReader(bytes.NewReader(l.end()))
	r.Parallel(16, func(dst []byte, m *Message) []byte { return m.AppendJSON(dst) })
	most := 0
	for m, err := r.Next(); err == nil; m, err = r.Next() {
		if m.Seq%1000 == 0 && r.ahead != nil {
			cost := r.ahead.taken
			if n := len(r.ahead.queue); n > 0 && !r.ahead.queue[n-1].begun {
				cost += len(r.ahead.queue[n-1].p)
			}
			most = max(most, cost)
		}
	}
	if most == 0 || most > 24<<20 {
		t.Errorf("up to %d MiB were taken for what is read ahead, want 1 to 24", most>>20)
	}
}

func BenchmarkParallel(b *testing.B) {
	for _, kind := range []struct {
		name string
		log  []byte
	}{{"keystrokes", keystrokes(b, 100_000).end()}, {"bulk", bulk(b, 1000).end()}} {
		for n := 1; n <= 3; n++ {
			b.Run(fmt.Sprintf("%s/verify/%d", kind.name, n), func(b *testing.B) {
				for b.Loop() {
					r := NewReader(bytes.NewReader(kind.log))
					r.Parallel(n, nil)
					for err := error(nil); err == nil; {
						_, err = r.Next()
					}
				}
			})
			b.Run(fmt.Sprintf("%s/json/%d", kind.name, n), func(b *testing.B) {
				var dst []byte
				for b.Loop() {
					r := NewReader(bytes.NewReader(kind.log))
					r.Parallel(n, func(dst []byte, m *Message) []byte { return m.AppendJSON(dst) })
					for m, err := r.Next(); err == nil; m, err = r.Next() {
						if text := r.Rendered(); text != nil {
							dst = append(dst[:0], text...)
						} else {
							dst = m.AppendJSON(dst[:0])
						}
					}
				}
			})
		}
	}
}
