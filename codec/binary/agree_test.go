package binary

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/torture"
)

// agree holds what there is to read a log with to each other: the reader of a stream, that of
// the end, that of single blocks, recovery's, and that which reads ahead. It returns what they agree on.
func agree(t testing.TB, log []byte) Verdict {
	t.Helper()
	r := NewReader(bytes.NewReader(log))
	var plain []byte
	m, err := r.Next()
	for ; err == nil; m, err = r.Next() {
		checkMessage(t, m)
		plain = append(plain, m.Bytes()...)
	}
	var fault *Fault
	if v := r.Verdict(); v == 0 || (err == io.EOF) != (v.Status() == 0) || errors.As(err, &fault) && fault.Verdict != v {
		t.Fatalf("Next = %v, Verdict = %v", err, v)
	}
	whole := r.Verdict() == Complete || r.Verdict() == Recovered
	agreeOnTheEnd(t, log, r, whole)
	if whole {
		agreeOnBlocks(t, log, plain)
	}
	agreeOnRecovery(t, log, r, plain)
	sameAhead(t, log)
	return r.Verdict()
}

// agreeOnTheEnd has [ReadTail] say the same of a whole log, and nothing good of one that is cut.
func agreeOnTheEnd(t testing.TB, log []byte, r *Reader, whole bool) {
	t.Helper()
	tail, err := ReadTail(bytes.NewReader(log), int64(len(log)))
	if whole && (err != nil || tail.Digest != r.Digest() || tail.Messages != r.Messages() || tail.Recovered != (r.Verdict() == Recovered)) {
		t.Fatalf("ReadTail of a whole log = %+v, %v", tail, err)
	}
	if v := r.Verdict(); err == nil && (v == Truncated || v == Foreign) {
		t.Fatalf("ReadTail finds the end mark of a log that is %s", v)
	}
}

// agreeOnBlocks reads a whole log block by block.
func agreeOnBlocks(t testing.TB, log, want []byte) {
	t.Helper()
	var plain []byte
	for at := int64(len(fileHeader)); ; {
		b, err := ReadBlock(bytes.NewReader(log), at)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("ReadBlock at %d of a whole log: %v", at, err)
		}
		for i := range b.Messages {
			plain = append(plain, b.Messages[i].Bytes()...)
		}
		at = b.Next
	}
	if !bytes.Equal(plain, want) {
		t.Fatalf("ReadBlock gives %d bytes of messages, Next %d", len(plain), len(want))
	}
}

// agreeOnRecovery salvages a log: what was read of it is what recovery keeps.
func agreeOnRecovery(t testing.TB, log []byte, r *Reader, plain []byte) {
	t.Helper()
	var seen []event.Event
	s, err := Salvage(bytes.NewReader(log), int64(len(log)), func(ev *event.Event) { seen = append(seen, *ev) })
	if r.Verdict() == Foreign && err != nil {
		return // a message that is too large to be an event
	}
	if err != nil || s.Verdict != r.Verdict() || s.Digest != r.Digest() {
		t.Fatalf("Salvage = %+v, %v; want %v", s, err, r.Verdict())
	}
	if s.Verdict != Truncated {
		return
	}
	if s.Keep > int64(len(log)) || uint64(len(seen)) != r.Messages()+uint64(s.CutMessages) {
		t.Fatalf("Salvage keeps %d of %d bytes and %d messages, %d of them cut; %d were read", s.Keep, len(log), len(seen), s.CutMessages, r.Messages())
	}
	kept, err := messagesOf(log[:s.Keep])
	if s.Keep > 0 && (err == nil || !bytes.Equal(kept, plain)) {
		t.Fatalf("what Salvage keeps has %d bytes of messages (%v), the log %d", len(kept), err, len(plain))
	}
	n := 0
	if err := ReadContent(s.Cut, func(*Message) error { n++; return nil }); err != nil || n != s.CutMessages {
		t.Fatalf("Salvage cuts out %d messages (%v), and says %d", n, err, s.CutMessages)
	}
}

// messagesOf returns the messages of a log's whole blocks, and how it ends.
func messagesOf(log []byte) ([]byte, error) {
	r := NewReader(bytes.NewReader(log))
	var plain []byte
	for {
		m, err := r.Next()
		if err == io.EOF {
			return plain, nil
		}
		if err != nil {
			return plain, err
		}
		plain = append(plain, m.Bytes()...)
	}
}

// committed returns all logs in testdata: the vectors, whatever their verdict, and
// ContainerSSH's.
func committed(t testing.TB) []string {
	t.Helper()
	theirs, err := filepath.Glob("testdata/containerssh/*.log")
	if err != nil || len(theirs) == 0 {
		t.Fatalf("Glob = %q, %v; want logs", theirs, err)
	}
	return append(vectors(t), theirs...)
}

// TestAllReadersAgree cuts every committed log at every byte and turns each of its bits,
// in the quick form at places drawn by chance: no log that was cut is whole, none that was
// changed is, and all readers agree about it.
func TestAllReadersAgree(t *testing.T) {
	rig := torture.New(t)
	for _, file := range committed(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			log, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			good := agree(t, log)
			if good == Tampered || good == NotALog {
				good = 0 // less of it, or the same bit turned again, may be a good log
			}
			step := func(n int) int {
				if rig.Long() {
					return 1
				}
				return 1 + rig.IntN(1+n/30)
			}
			for cut := 0; cut < len(log); cut += step(len(log)) {
				if v := agree(t, log[:cut]); v.Status() == 0 && good != 0 && !(v == Foreign && good == Foreign) {
					t.Errorf("cut at %d of %d: %v", cut, len(log), v)
				}
			}
			for bit := 0; bit < 8*len(log); bit += step(8 * len(log)) {
				if v := agree(t, flip(log, bit)); good != 0 && (v == Complete || v == Recovered) {
					t.Errorf("bit %d of byte %d turned: %v", bit%8, bit/8, v)
				}
			}
		})
	}
}
