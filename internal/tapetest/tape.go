// Package tapetest makes logs for tests of what plays them.
package tapetest

import (
	"bytes"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/replay"
)

// Conn is the id of the connection that tapes are of.
const Conn event.ConnID = "019abc0123457def8123456789abcdef"

// blockSize is how much is in a block of a tape: enough to make several.
const blockSize = 16 << 10

// Tape is a log in the making.
type Tape struct {
	t       testing.TB
	w       *binary.Writer
	c       *binary.Compressor
	out     []byte
	block   binary.Block
	seq     uint64
	now     int64
	summary event.Summary
}

// New begins a log of alice's on db.example.com, on 15 January 2027.
func New(t testing.TB) *Tape {
	user, target := "alice", "db.example.com"
	w := &Tape{t: t, w: binary.NewWriter(), c: binary.NewCompressor(1), now: 1_800_000_000_000_000_000}
	w.summary = event.Summary{Version: 1, Username: &user, Target: &target, Channels: []event.ChannelSummary{}}
	w.out = w.w.AppendHeader(nil)
	return w
}

// Add adds events of a channel, or of the connection, at one time.
func (w *Tape) Add(after time.Duration, channel uint64, bodies ...event.Body) {
	w.t.Helper()
	w.now += int64(after)
	for _, body := range bodies {
		w.add(channel, body)
	}
}

func (w *Tape) add(channel uint64, body event.Body) {
	w.t.Helper()
	plain, err := binary.AppendMessage(w.block.Plain, &event.Event{Seq: w.seq, Conn: Conn, Time: w.now, Channel: channel, Body: body})
	if err != nil {
		w.t.Fatal(err)
	}
	w.block.Plain = plain
	if w.block.Messages++; w.block.Messages == 1 {
		w.block.From = w.now
	}
	kind := event.KindOf(body)
	w.block.To, w.block.Kinds = w.now, w.block.Kinds|1<<kind
	if w.seq++; w.seq == 1 {
		w.summary.Start = w.now
	}
	if _, ok := body.(*event.Summary); ok {
		return
	}
	w.summary.End = w.now
	w.summary.Kinds[kind]++
	if b, ok := body.(*event.IO); ok {
		switch n := uint64(len(b.Data)); b.Stream {
		case event.Stdin:
			w.summary.Bytes.Stdin += n
		case event.Stdout:
			w.summary.Bytes.Stdout += n
		case event.Stderr:
			w.summary.Bytes.Stderr += n
		}
	}
	if len(plain) >= blockSize {
		w.flush()
	}
}

func (w *Tape) flush() {
	w.t.Helper()
	if w.block.Messages == 0 {
		return
	}
	out, err := w.w.AppendBlock(w.out, w.block, w.c, 1)
	if err != nil {
		w.t.Fatal(err)
	}
	w.out, w.block = out, binary.Block{Plain: w.block.Plain[:0]}
}

// Session opens a session, with a terminal unless columns are 0, and starts a program in it, or
// a shell if that is "".
func (w *Tape) Session(channel uint64, columns, rows int, program string) {
	w.t.Helper()
	w.Add(time.Millisecond, channel, &event.NewChannel{ChannelType: "session"}, &event.NewChannelSuccessful{ChannelType: "session"})
	if columns > 0 {
		w.Add(0, channel, &event.Pty{RequestID: 1, Term: "xterm-256color", Columns: uint32(columns), Rows: uint32(rows)}, &event.RequestAccepted{RequestID: 1})
	}
	if program == "" {
		w.Add(0, channel, &event.Shell{RequestID: 2})
	} else {
		w.Add(0, channel, &event.Exec{RequestID: 2, Program: program})
	}
	w.Add(0, channel, &event.RequestAccepted{RequestID: 2})
	w.summary.Channels = append(w.summary.Channels, event.ChannelSummary{ChannelID: channel, ChannelType: "session"})
}

// Print has the program of a channel print something.
func (w *Tape) Print(after time.Duration, channel uint64, text string) {
	w.t.Helper()
	w.Add(after, channel, &event.IO{Stream: event.Stdout, Data: []byte(text)})
}

// Resize gives a channel's terminal another size.
func (w *Tape) Resize(after time.Duration, channel uint64, columns, rows int) {
	w.t.Helper()
	w.Add(after, channel, &event.Window{Columns: uint32(columns), Rows: uint32(rows)})
}

// Exit ends the program of a channel, and closes it.
func (w *Tape) Exit(after time.Duration, channel uint64, status uint32) {
	w.t.Helper()
	w.Add(after, channel, &event.Exit{ExitStatus: status}, &event.Close{By: event.ByTarget})
}

// Bytes ends the log and returns it.
func (w *Tape) Bytes() []byte {
	w.t.Helper()
	w.add(0, &event.Disconnect{By: event.ByClient})
	w.flush()
	w.summary.Index = w.w.Index(w.now)
	w.add(0, &w.summary)
	w.flush()
	return w.w.AppendEnd(w.out)
}

// Open ends the log and opens it.
func (w *Tape) Open() *replay.Log {
	w.t.Helper()
	data := w.Bytes()
	l, err := replay.Open(bytes.NewReader(data), int64(len(data)), replay.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}
