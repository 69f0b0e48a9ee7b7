package transfer

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/event"
)

func packet(kind byte, parts ...any) []byte {
	p := []byte{0, 0, 0, 0, kind}
	for _, part := range parts {
		switch v := part.(type) {
		case int:
			p = binary.BigEndian.AppendUint32(p, uint32(v))
		case string:
			p = append(binary.BigEndian.AppendUint32(p, uint32(len(v))), v...)
		}
	}
	binary.BigEndian.PutUint32(p, uint32(len(p)-4))
	return p
}

// TestLimits has a client ask for as much as it can in as many sessions.
func TestLimits(t *testing.T) {
	const channels = 3000
	told, lost := 0, 0
	w := New(func(*Action) { told++ }, func(s *Session) {
		if s.Lost != "" {
			lost++
		}
	})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	at := int64(0)
	see := func(channel uint64, body event.Body) {
		at++
		w.Observe(&event.Event{Conn: conn, Time: at, Channel: channel, Body: body})
	}
	name := strings.Repeat("n", 4000)
	for c := range uint64(channels) {
		see(c, &event.Subsystem{Subsystem: "sftp"})
		see(c, &event.IO{Stream: event.Stdout, Data: packet(fxpVersion, 3)})
		for id := range 600 {
			if c >= maxSessions+10 {
				break // not followed
			}
			see(c, &event.IO{Stream: event.Stdin, Data: packet(fxpOpen, id, name, 1, 0)})
			see(c, &event.IO{Stream: event.Stdin, Data: packet(fxpRemove, id+1000, name)})
			if id < 250 {
				see(c, &event.IO{Stream: event.Stdout, Data: packet(fxpHandle, id, strings.Repeat("h", 250)+fmt.Sprint(id))})
			}
		}
		see(c, &event.IO{Stream: event.Stdin, Data: packet(fxpOpen, 1, strings.Repeat("x", 9000))[:8000]})
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := int64(after.HeapAlloc) - int64(before.HeapAlloc); n > 16<<20 {
		t.Errorf("a watch holds %d KiB, want at most 16 MiB", n>>10)
	} else {
		t.Logf("a watch holds %d KiB", n>>10)
	}
	if lost != channels-maxSessions {
		t.Errorf("%d sessions were not followed, want %d", lost, channels-maxSessions)
	}
	w.Finish()
	if lost != channels || told == 0 || w.names != 0 {
		t.Errorf("%d sessions lost, %d actions told, %d bytes of names held; want all lost, many told, none held", lost, told, w.names)
	}
}

// TestNumberUsedTwice wants nothing hidden behind another request of the same number.
func TestNumberUsedTwice(t *testing.T) {
	r := &tape{}
	r.add(0, &event.Subsystem{Subsystem: "sftp"})
	r.add(0, &event.IO{Stream: event.Stdout, Data: packet(fxpVersion, 3)})
	for _, name := range []string{"first", "second"} {
		r.add(0, &event.IO{Stream: event.Stdin, Data: packet(fxpRemove, 7, name)})
	}
	r.add(0, &event.IO{Stream: event.Stdin, Data: packet(fxpOpen, 7, "third", 1, 0)})
	r.add(0, &event.IO{Stream: event.Stdin, Data: packet(fxpOpen, 7, "fourth", 1, 0)})
	r.watch(true, true)
	check(t, r, "", `
sftp remove "first" 0 0 open
sftp remove "second" 0 0 open
sftp file "third" 0 0 open
sftp file "fourth" 0 0 open
session sftp "" 2 files 0 0 
`)
}

// FuzzWatch wants an end to whatever passes.
func FuzzWatch(f *testing.F) {
	if seeds, err := filepath.Glob("testdata/fuzz/FuzzWatch/*"); err != nil || len(seeds) < 4 {
		f.Fatalf("%d seeds (%v), want at least 4", len(seeds), err)
	}
	f.Fuzz(func(t *testing.T, program string, in, out []byte) {
		r := &tape{}
		w := New(func(a *Action) { r.actions = append(r.actions, a) }, func(s *Session) { r.over = append(r.over, s) })
		body := event.Body(&event.Exec{Program: program})
		if program == "sftp" {
			body = &event.Subsystem{Subsystem: program}
		}
		w.Observe(&event.Event{Conn: conn, Time: 1, Body: body})
		for at := int64(2); len(in)+len(out) > 0; at++ {
			n := min(len(in), int(at)*7)
			w.Observe(&event.Event{Conn: conn, Time: at, Body: &event.IO{Stream: event.Stdin, Data: in[:n]}})
			m := min(len(out), int(at)*5)
			w.Observe(&event.Event{Conn: conn, Time: at, Body: &event.IO{Stream: event.Stdout, Data: out[:m]}})
			in, out = in[n:], out[m:]
		}
		w.Finish()
		if w.names != 0 || len(w.open) != 0 {
			t.Errorf("%d bytes of names and %d sessions are held in the end", w.names, len(w.open))
		}
		var written, read uint64
		for _, a := range r.actions {
			written, read = written+a.Written, read+a.Read
		}
		for _, s := range r.over {
			if written > s.Written || read > s.Read {
				t.Errorf("files have %d and %d bytes, the session %d and %d", written, read, s.Written, s.Read)
			}
		}
	})
}
