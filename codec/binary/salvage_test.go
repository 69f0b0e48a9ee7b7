package binary

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/sshtrail/sshtrail/event"
)

// TestSalvage cuts a log at every offset, salvages it, and finishes it as recovery does: a
// reader then says recovered, and has all messages that were whole.
func TestSalvage(t *testing.T) {
	l := newLogMaker(t)
	session(l)
	l.add(event.Event{Time: l.tally.last, Body: l.summary()})
	l.flush()
	sealed := len(l.out)
	log := l.w.AppendEnd(l.out)
	saved := -1
	for cut := range len(log) {
		var seen []event.Event
		s, err := Salvage(bytes.NewReader(log), int64(cut), func(ev *event.Event) { seen = append(seen, *ev) })
		if err != nil || s.Verdict != Truncated || s.Fault == nil {
			t.Fatalf("cut at %d: Salvage = %+v, %v", cut, s, err)
		}
		if len(seen) < saved {
			t.Fatalf("cut at %d: %d messages, fewer than the %d before", cut, len(seen), saved)
		}
		saved = len(seen)
		if uint64(saved) != s.Writer.Messages()+uint64(s.CutMessages) {
			t.Fatalf("cut at %d: each saw %d messages, want %d and %d", cut, saved, s.Writer.Messages(), s.CutMessages)
		}
		if want := cut >= sealed; s.Sealed != want {
			t.Fatalf("cut at %d: Sealed = %t, want %t", cut, s.Sealed, want)
		}
		if s.Keep == 0 != (cut < len(fileHeader)) || s.Keep != s.Writer.Size() {
			t.Fatalf("cut at %d: Keep = %d, Writer.Size = %d", cut, s.Keep, s.Writer.Size())
		}
		if saved == 0 {
			continue
		}
		out, want := finish(t, log[:s.Keep], s, seen), Recovered
		if s.Sealed {
			want = Complete
		}
		if v, err := verdictOf(t, out); v != want {
			t.Fatalf("cut at %d: recovered to %v (%v), want %v", cut, v, err, want)
		}
	}
	if saved != 12 {
		t.Errorf("%d messages saved at last, want 12", saved)
	}
}

// finish does what recovery does with a salvaged log.
func finish(t *testing.T, kept []byte, s *Salvaged, seen []event.Event) []byte {
	l := newLogMaker(t)
	l.w, l.out, l.recovered = s.Writer, bytes.Clone(kept), true
	if s.Sealed {
		return l.w.AppendEnd(l.out)
	}
	for i := range seen {
		if i >= len(seen)-s.CutMessages {
			l.add(seen[i])
			continue
		}
		l.count(&seen[i], 0)
		l.block = Block{}
	}
	l.add(event.Event{Time: l.tally.last, Body: &event.Disconnect{By: event.ByGateway, Recovered: true}})
	return l.end()
}

func TestSalvageOthers(t *testing.T) {
	log := sessionLog(t)
	tests := []struct {
		name string
		log  []byte
		want Verdict
	}{
		{"complete", log, Complete},
		{"tampered", flip(log, 8*300), Tampered},
		{"not a log", []byte("x"), NotALog},
		{"foreign", append([]byte(fileHeader), "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"...), Foreign},
	}
	for _, tt := range tests {
		s, err := Salvage(bytes.NewReader(tt.log), int64(len(tt.log)), nil)
		if err != nil || s.Verdict != tt.want || s.Writer != nil || (s.Fault == nil) != (tt.want == Complete || tt.want == Foreign) {
			t.Errorf("%s: Salvage = %+v, %v; want %v without a Writer", tt.name, s, err, tt.want)
		}
	}
}

func TestReadTail(t *testing.T) {
	for _, recovered := range []bool{false, true} {
		l := newLogMaker(t)
		session(l)
		l.recovered = recovered
		log := l.end()
		counted := &countingReaderAt{r: bytes.NewReader(log)}
		tail, err := ReadTail(counted, int64(len(log)))
		if err != nil {
			t.Fatal(err)
		}
		if counted.n != 2 {
			t.Errorf("ReadTail took %d reads, want 2", counted.n)
		}
		if tail.Recovered != recovered || tail.Digest != l.w.Digest() || tail.Messages != 12 || tail.Blocks != 2 ||
			tail.Conn != testConn || tail.Summary == nil || *tail.Summary.Username != "alice" || tail.Kinds != l.w.chain.kinds {
			t.Errorf("ReadTail = %+v, want what was written", tail)
		}
	}
}

// TestReadTailFlip changes each bit of the end mark and of the last block.
func TestReadTailFlip(t *testing.T) {
	log := sessionLog(t)
	last := len(log) - endSize - int(parseHead(log[len(log)-endSize:]).back)
	kinds := len(log) - endSize + len(gzipHead) + 40
	for bit := 8 * last; bit < 8*len(log); bit++ {
		if at := bit / 8; at >= kinds && at < kinds+4 {
			continue // the kinds of all blocks, of which this reads one
		}
		_, err := ReadTail(bytes.NewReader(flip(log, bit)), int64(len(log)))
		if !errors.Is(err, ErrNoEnd) {
			t.Errorf("bit %d of byte %d: ReadTail = %v, want ErrNoEnd", bit%8, bit/8, err)
		}
	}
	for cut := range len(log) {
		if _, err := ReadTail(bytes.NewReader(log[:cut]), int64(cut)); !errors.Is(err, ErrNoEnd) {
			t.Fatalf("cut at %d: ReadTail = %v, want ErrNoEnd", cut, err)
		}
	}
}

// countingReaderAt counts the reads.
type countingReaderAt struct {
	r io.ReaderAt
	n int
}

func (c *countingReaderAt) ReadAt(p []byte, at int64) (int, error) {
	c.n++
	return c.r.ReadAt(p, at)
}

func TestReadBlock(t *testing.T) {
	log := sessionLog(t)
	var seqs []uint64
	r := bytes.NewReader(log)
	at := int64(len(fileHeader))
	var err error
	for {
		var b *Content
		if b, err = ReadBlock(r, at); err != nil {
			break
		}
		if b.Offset != at || b.From > b.Messages[0].Time || b.To < b.Messages[len(b.Messages)-1].Time {
			t.Errorf("ReadBlock = %+v", b)
		}
		for i := range b.Messages {
			ev, err := b.Messages[i].Event()
			if err != nil {
				t.Fatal(err)
			}
			seqs = append(seqs, ev.Seq)
		}
		at = b.Next
	}
	if err != io.EOF || len(seqs) != 12 || seqs[11] != 11 {
		t.Errorf("ReadBlock to the end: messages %v, %v; want 0 to 11, EOF", seqs, err)
	}
	var fault *Fault
	if _, err := ReadBlock(bytes.NewReader(log[:100]), 40); !errors.As(err, &fault) || fault.Verdict != Truncated {
		t.Errorf("ReadBlock of a part = %v, want truncated", err)
	}
	if _, err := ReadBlock(r, 41); !errors.As(err, &fault) || fault.Verdict != Tampered {
		t.Errorf("ReadBlock where there is none = %v, want tampered", err)
	}
	if _, err := ReadBlock(bytes.NewReader(flip(log, 8*200)), 40); !errors.As(err, &fault) || fault.Verdict != Tampered {
		t.Errorf("ReadBlock of a changed block = %v, want tampered", err)
	}
	if _, err := ReadBlock(r, int64(len(log))); err != io.EOF {
		t.Errorf("ReadBlock behind the end = %v, want EOF", err)
	}
}
