package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	badserver "github.com/sshtrail/sshtrail/internal/s3test/hostile"
	"github.com/sshtrail/sshtrail/replay"
)

// longSample is a session that printed size bytes in an hour, in blocks that are not compressed.
func longSample(t *testing.T, size int) []byte {
	t.Helper()
	s, w := newSample(sampleConn), binary.NewWriter()
	log := w.AppendHeader(nil)
	cut := func() {
		s.block.Plain = s.plain
		var err error
		if log, err = w.AppendBlock(log, s.block, binary.NewCompressor(1), 0); err != nil {
			t.Fatal(err)
		}
		s.plain, s.block = nil, binary.Block{}
	}
	s.login("alice", "203.0.113.7")
	start := s.summary.Start
	s.add(0, &event.NewChannel{ChannelType: "session"}, &event.NewChannelSuccessful{ChannelType: "session"},
		&event.Pty{Term: "xterm", Columns: 80, Rows: 24}, &event.Shell{RequestID: 1}, &event.RequestAccepted{RequestID: 1})
	line := bytes.Repeat([]byte("x"), 1022)
	for n := 0; n < size; n += 1024 {
		s.wait(time.Hour * 1024 / time.Duration(size))
		s.add(0, &event.IO{Stream: event.Stdout, Data: append(line, "\r\n"...)})
		if len(s.plain) > 128<<10 {
			cut()
		}
	}
	s.add(0, &event.Exit{}, &event.Close{By: event.ByTarget})
	s.add(0, &event.Disconnect{By: event.ByClient})
	cut()
	status := uint32(0)
	s.summary.Channels = append(s.summary.Channels, event.ChannelSummary{ChannelType: "session", ExitStatus: &status})
	s.summary.Start = start // each block has set it
	s.summary.Index = w.Index(s.now.UnixNano())
	s.append(s.conn, 0, &s.summary)
	cut()
	if s.err != nil {
		t.Fatal(s.err)
	}
	return w.AppendEnd(log)
}

// meter counts what a server answers.
type meter struct {
	http.Handler
	requests, bytes atomic.Int64
}

func (m *meter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.requests.Add(1)
	m.Handler.ServeHTTP(meteredWriter{w, m}, r)
}

type meteredWriter struct {
	http.ResponseWriter
	m *meter
}

func (w meteredWriter) Write(p []byte) (int, error) {
	w.m.bytes.Add(int64(len(p)))
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w meteredWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// TestWhatReadingABucketCosts holds the numbers of docs/operations.md.
func TestWhatReadingABucketCosts(t *testing.T) {
	server := badserver.New(badserver.Options{Bucket: "logs"})
	m := &meter{Handler: server}
	h := httptest.NewServer(m)
	t.Cleanup(h.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": h.URL, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_CA_BUNDLE": "", "AWS_REGION": "", "HOME": t.TempDir(),
		"XDG_STATE_HOME": t.TempDir(),
	} {
		t.Setenv(name, value)
	}
	short, err := sampleSession().bytes()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		server.Fill(fmt.Sprintf("many/%032x", i), short)
	}
	const long = 64 << 20
	server.Fill("long", longSample(t, long))
	cost := func(what string, requests, kib int64, do func() error) {
		t.Helper()
		m.requests.Store(0)
		m.bytes.Store(0)
		if err := do(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		n, b := m.requests.Load(), m.bytes.Load()>>10
		t.Logf("%s: %d requests, %d KiB", what, n, b)
		if n > requests || b > kib {
			t.Errorf("%s took %d requests and %d KiB, want %d and %d at most", what, n, b, requests, kib)
		}
	}
	command := func(args ...string) func() error {
		return func() error {
			var errs strings.Builder
			if status := run(t.Context(), args, stdio{strings.NewReader(""), io.Discard, &errs}); status != 0 {
				return fmt.Errorf("status %d: %s", status, errs.String())
			}
			return nil
		}
	}
	cost("ls of 100 short logs", 102, 900, command("ls", "s3://logs/many"))
	cost("show of a short log", 1, 10, command("show", fmt.Sprintf("s3://logs/many/%032x", 7)))
	cost("ls of a long log", 3, 70, command("ls", "s3://logs/"))
	cost("verify of a long log", 24, long>>10+8000, command("verify", "s3://logs/long"))
	cost("channels of a long log", 8, 1000, command("play", "--channel", "list", "s3://logs/long"))
	cost("three leaps in a long log", 50, 7000, func() error { return leap(t, "s3://logs/long") })
}

// leap looks at a log's screen at three times, as play does.
func leap(t *testing.T, arg string) error {
	a := &app{stdio: stdio{nil, io.Discard, io.Discard}}
	src, err := a.openLog(t.Context(), arg)
	if err != nil {
		return err
	}
	defer src.Close()
	log, err := replay.Open(src.at, src.size, replay.Options{Sparing: true})
	if err != nil {
		return err
	}
	p := replay.NewPlayer(log, log.Main())
	for _, at := range []time.Duration{50 * time.Minute, 10 * time.Minute, 30 * time.Minute} {
		if err := p.Seek(at); err != nil {
			return err
		}
	}
	return nil
}
