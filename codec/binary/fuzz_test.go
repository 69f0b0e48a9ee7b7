package binary

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/cbor"
)

// checkMessage takes a message apart in every way.
func checkMessage(t testing.TB, m *Message) {
	t.Helper()
	text := m.AppendJSON(nil)
	if !json.Valid(text) || bytes.ContainsAny(text, "\n\x1b\x7f\x00") {
		t.Fatalf("AppendJSON of %x = %q", m.Bytes(), text)
	}
	if _, err := m.Event(); err != nil {
		t.Fatalf("Event of %x: %v", m.Bytes(), err)
	}
}

// FuzzReader reads anything, in every way. The seeds are the vectors and ContainerSSH's logs.
func FuzzReader(f *testing.F) {
	for _, file := range committed(f) {
		log, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(log)
	}
	f.Fuzz(func(t *testing.T, log []byte) { agree(t, log) })
}

// FuzzMessage checks any bytes as one message. If it is good, each part of it is a
// good beginning; if it is not, it is not said to be both bad and a good beginning of
// something. The seeds are all messages under test.
func FuzzMessage(f *testing.F) {
	n := 0
	for _, tt := range messageTests {
		if msg := enc(tt.msg); len(msg) < 2000 {
			f.Add([]byte(msg))
			n++
		}
	}
	for i := range event.Table() {
		row := &event.Table()[i]
		raw, err := AppendMessage(nil, &event.Event{Conn: "c", Time: 7, Body: filled(row)})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
		n++
	}
	if n == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		check := func(part []byte, m *Message) (int, error) {
			c := checker{alone: true}
			c.begin(&header{messages: 1, from: 7, to: 7, kinds: allKinds}, nil, part)
			err := c.next(m)
			return c.s.Pos(), err
		}
		var m Message
		size, err := check(raw, &m)
		if err == nil {
			checkMessage(t, &m)
			raw = raw[:size]
		}
		bad := false
		for cut := range raw {
			var part Message
			switch _, cutErr := check(raw[:cut], &part); {
			case cutErr == nil:
				t.Fatalf("the first %d of %d bytes of %x are a message", cut, len(raw), raw)
			case cutErr == cbor.ErrMore && bad:
				t.Fatalf("%x: bad at less than %d bytes, and a good beginning there", raw, cut)
			case cutErr != cbor.ErrMore && (err == nil || err == cbor.ErrMore):
				t.Fatalf("%x: %v, but its first %d bytes: %v", raw, err, cut, cutErr)
			default:
				bad = cutErr != cbor.ErrMore
			}
		}
	})
}

// FuzzForeign reads any content in a file of ContainerSSH's.
func FuzzForeign(f *testing.F) {
	n := 0
	for _, tt := range messageTests {
		if msg := enc(tt.msg); len(msg) < 2000 {
			f.Add([]byte(msg))
			n++
		}
	}
	if n == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		r := NewReader(bytes.NewReader(foreignLog(t, false, string(content))))
		m, err := r.Next()
		for ; err == nil; m, err = r.Next() {
			checkMessage(t, m)
		}
		if v := r.Verdict(); v != Foreign && v != Tampered {
			t.Fatalf("Verdict = %v (%v)", v, err)
		}
	})
}
