package disks

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

// message is one of a log, by what it is.
type message struct {
	time time.Time
	sum  [sha256.Size]byte
	body event.Body // nil of data
}

// messages reads the log in a file, as far as it is good, and its verdict.
func messages(t *testing.T, path string) ([]message, binary.Verdict) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []message
	r := binary.NewReader(bytes.NewReader(b))
	for {
		m, err := r.Next()
		var fault *binary.Fault
		switch {
		case err == io.EOF, errors.As(err, &fault):
			return all, r.Verdict()
		case err != nil:
			t.Fatalf("read %s: %v", path, err)
		}
		one := message{time: time.Unix(0, m.Time), sum: sha256.Sum256(m.Bytes())}
		if m.Type != (&event.IO{}).Type() {
			ev, err := m.Event()
			if err != nil {
				t.Fatal(err)
			}
			one.body = ev.Body
		}
		all = append(all, one)
	}
}

// common is how many messages two logs begin with both.
func common(a, b []message) int {
	n := 0
	for n < min(len(a), len(b)) && a[n].sum == b[n].sum {
		n++
	}
	return n
}

// checkTail checks what a recovered log has after the n messages that it has in common with the whole
// one: an end that only recovery knows and, before it, at most one hole, which a gap counts.
func checkTail(t *testing.T, path string, got, whole []message, n int) {
	t.Helper()
	tail := got[n:]
	if len(tail) > 0 {
		if gap, ok := tail[0].body.(*event.Gap); ok && gap.Messages != nil {
			behind := whole[min(n+int(*gap.Messages), len(whole)):]
			tail = tail[1:]
			tail = tail[common(tail, behind):]
		}
	}
	for _, m := range tail {
		switch b := m.body.(type) {
		case *event.Disconnect:
			if b.Recovered {
				continue
			}
		case *event.Summary:
			continue
		}
		t.Errorf("%s: recovery has put in a %T, and nothing but an end belongs there", filepath.Base(path), m.body)
	}
}
