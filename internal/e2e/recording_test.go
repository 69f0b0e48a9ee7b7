package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

// recording is a log in the making of one session with a terminal.
type recording struct {
	t       *testing.T
	w       *binary.Writer
	out     []byte
	block   binary.Block
	now     int64
	summary event.Summary
}

func newRecording(t *testing.T, columns, rows uint32) *recording {
	user, target := "alice", "db1"
	r := &recording{t: t, w: binary.NewWriter(), now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC).UnixNano()}
	r.summary = event.Summary{Version: 1, Username: &user, Target: &target, Start: r.now, Channels: []event.ChannelSummary{{ChannelType: "session"}}}
	r.out = r.w.AppendHeader(nil)
	r.add(0, &event.NewChannel{ChannelType: "session"})
	r.add(0, &event.NewChannelSuccessful{ChannelType: "session"})
	r.add(0, &event.Pty{Term: "xterm", Columns: columns, Rows: rows})
	r.add(0, &event.Shell{RequestID: 1})
	return r
}

// add adds an event of the session after some time.
func (r *recording) add(after time.Duration, body event.Body) {
	r.t.Helper()
	r.now += int64(after)
	plain, err := binary.AppendMessage(r.block.Plain, &event.Event{Conn: "019abc0123457def8123456789abcdef", Time: r.now, Body: body})
	if err != nil {
		r.t.Fatal(err)
	}
	kind := event.KindOf(body)
	if r.block.Messages++; r.block.Messages == 1 {
		r.block.From = r.now
	}
	r.block.Plain, r.block.To, r.block.Kinds = plain, r.now, r.block.Kinds|1<<kind
	if _, ok := body.(*event.Summary); ok {
		return
	}
	r.summary.End = r.now
	r.summary.Kinds[kind]++
	if io, ok := body.(*event.IO); ok {
		r.summary.Bytes.Stdout += uint64(len(io.Data))
	}
}

func (r *recording) print(after time.Duration, text string) {
	r.t.Helper()
	r.add(after, &event.IO{Stream: event.Stdout, Data: []byte(text)})
}

// write ends the log and returns the path of its file.
func (r *recording) write() string {
	r.t.Helper()
	r.add(time.Second, &event.Exit{})
	r.add(0, &event.Close{By: event.ByTarget})
	r.summary.Index = r.w.Index(r.block.From)
	r.add(0, &r.summary)
	log, err := r.w.AppendBlock(r.out, r.block, binary.NewCompressor(1), 1)
	if err != nil {
		r.t.Fatal(err)
	}
	path := filepath.Join(r.t.TempDir(), "log")
	if err := os.WriteFile(path, r.w.AppendEnd(log), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return path
}
