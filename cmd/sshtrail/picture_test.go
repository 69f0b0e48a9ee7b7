package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/event"
)

// accountOf is the account of a sample, after all of it was read.
func accountOf(t *testing.T, s *sample) *account {
	t.Helper()
	log, err := s.bytes()
	if err != nil {
		t.Fatal(err)
	}
	src := &source{name: "sample", r: bytes.NewReader(log), size: int64(len(log))}
	a := newAccount(src.name)
	if err := a.read(t.Context(), src, src.r, nil); err != nil {
		t.Fatal(err)
	}
	return a
}

func drawn(a *account, s screen) string {
	var out bytes.Buffer
	a.draw(&out, s)
	a.sections(&out, s)
	return out.String()
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// TestPicture draws sessions as they are seen on a narrow and a wide terminal.
func TestPicture(t *testing.T) {
	for name, make := range map[string]func() *sample{
		"session": sampleSession, "files": sampleFiles, "idle": sampleIdle, "crowd": sampleCrowd, "hostile": sampleHostile, "gateway": sampleGateway,
	} {
		a := accountOf(t, make())
		for _, width := range []int{80, 200} {
			got := drawn(a, screen{terminal: true, width: width})
			before, files, _ := strings.Cut(got, "files ")
			_, after, _ := strings.Cut(files, "forwards ")
			for line := range strings.Lines(before + "\n" + after) {
				if n := textWidth(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%s: a line has %d columns of %d: %s", name, n, width, line)
				}
			}
			checkHarmless(t, name, []byte(got))
			if coloured := drawn(a, screen{terminal: true, colours: true, width: width}); colours.ReplaceAllString(coloured, "") != got || coloured == got {
				t.Errorf("%s: with colours it is not the same picture:\n%s", name, coloured)
			}
			file := filepath.Join("testdata", "picture", fmt.Sprintf("%s-%d.txt", name, width))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(file); err != nil || string(want) != got {
				t.Errorf("%s at %d columns is\n%s\nwant (%v)\n%s", name, width, got, err, want)
			}
		}
		if got := drawn(a, screen{terminal: true, width: 29}); strings.ContainsAny(got, "█├") {
			t.Errorf("%s: there is a picture in 29 columns:\n%s", name, got)
		}
	}
}

// sampleFiles is scp and SFTP, and forwarded connections.
func sampleFiles() *sample {
	s := newSample(sampleConn)
	s.login("alice", "203.0.113.7")
	open := func(channel uint64, run event.Body) {
		s.add(channel, &event.NewChannel{ChannelType: "session"}, &event.NewChannelSuccessful{ChannelType: "session"}, run, &event.RequestAccepted{})
	}
	in := func(channel uint64, data string) { s.add(channel, &event.IO{Stream: event.Stdin, Data: []byte(data)}) }
	out := func(channel uint64, data string) { s.add(channel, &event.IO{Stream: event.Stdout, Data: []byte(data)}) }
	open(0, &event.Exec{Program: "scp -t /srv/data"})
	out(0, "\x00")
	in(0, "C0644 5 report.txt\n")
	out(0, "\x00")
	in(0, "12345\x00")
	out(0, "\x00")
	in(0, "C0644 9 denied\n")
	out(0, "\x01scp: /srv/data/denied: Permission denied\n")
	s.add(0, &event.Exit{ExitStatus: 1}, &event.Close{By: event.ByTarget, Received: 60, Sent: 50})
	open(1, &event.Exec{Program: "scp -f secret.tar"})
	out(1, "C0600 10 secret.tar\n0123456")
	s.add(1, &event.Close{By: event.ByClient, Sent: 27})
	open(2, &event.Subsystem{Subsystem: "sftp"})
	out(2, "\x00\x00\x00\x05\x02\x00\x00\x00\x03")
	in(2, "\x00\x00\x00\x0e\x03\x00\x00\x00\x01\x00\x00\x00\x01a\x00\x00\x00\x02"[:18])
	in(2, "\x00\x00\x00\x00")
	open(3, &event.Subsystem{Subsystem: "sftp"})
	s.add(3, &event.Close{By: event.ByTarget, Received: 4711, Sent: 815})
	s.wait(2 * time.Second)
	s.add(0, &event.ForwardTCPIP{BindHost: "0.0.0.0", BindPort: 8080}, &event.GlobalReply{RequestType: "tcpip-forward", Accepted: true},
		&event.ForwardStreamLocal{Path: "/run/x.sock"}, &event.GlobalReply{RequestType: "streamlocal-forward@openssh.com", Reason: "not allowed"})
	s.add(4, &event.NewChannelForwardedTCPIP{ConnectedHost: "0.0.0.0", ConnectedPort: 8080, OriginatorHost: "198.51.100.9", OriginatorPort: 7}, &event.NewChannelSuccessful{ChannelType: "forwarded-tcpip"})
	for range 5 {
		s.wait(300 * time.Millisecond)
		in(4, "GET / HTTP/1.0\r\n\r\n")
		out(4, strings.Repeat("x", 5000))
	}
	s.add(4, &event.Close{By: event.ByTarget, Received: 90, Sent: 25000})
	s.add(5, &event.NewChannelDirectTCPIP{HostToConnect: "db", PortToConnect: 5432, OriginatorHost: "127.0.0.1", OriginatorPort: 9}, &event.NewChannelFailed{ChannelType: "direct-tcpip", Reason: "no"})
	s.add(0, &event.Disconnect{By: event.ByClient})
	return s
}

// sampleIdle is somebody who works for a minute, is away for an hour, and works on.
func sampleIdle() *sample {
	s := newSample(sampleConn)
	s.login("alice", "203.0.113.7")
	s.add(0, &event.NewChannel{ChannelType: "session"}, &event.NewChannelSuccessful{ChannelType: "session"},
		&event.Pty{Term: "xterm", Columns: 80, Rows: 24}, &event.Shell{RequestID: 1}, &event.RequestAccepted{RequestID: 1})
	for _, away := range []time.Duration{time.Hour, 20 * time.Minute, 0} {
		for i := range 60 {
			s.wait(time.Second)
			s.add(0, &event.IO{Stream: event.Stdin, Data: []byte("x")}, &event.IO{Stream: event.Stdout, Data: bytes.Repeat([]byte("x"), 1<<(i%16))})
			if i%10 == 0 {
				s.add(0, &event.Window{Columns: uint32(80 + i), Rows: 30})
			}
		}
		s.wait(away)
	}
	s.add(0, &event.Exit{}, &event.Close{By: event.ByTarget}, &event.Disconnect{By: event.ByClient})
	return s
}

// sampleCrowd is a connection with more channels than are listed.
func sampleCrowd() *sample {
	s := newSample(sampleConn)
	s.login("alice", "203.0.113.7")
	for c := range uint64(2 * maxListed) {
		s.wait(10 * time.Millisecond)
		s.add(c, &event.NewChannelDirectTCPIP{HostToConnect: "db", PortToConnect: 5432, OriginatorHost: "127.0.0.1", OriginatorPort: uint32(c)},
			&event.NewChannelSuccessful{ChannelType: "direct-tcpip"}, &event.IO{Stream: event.Stdout, Data: []byte("hello")})
		if c >= 100 {
			s.add(c-100, &event.Close{By: event.ByTarget, Received: c, Sent: 5})
		}
	}
	return s
}

// TestPictureAndJSONHaveTheSameFacts looks for what the sections tell in the JSON.
func TestPictureAndJSONHaveTheSameFacts(t *testing.T) {
	a := accountOf(t, sampleFiles())
	var out bytes.Buffer
	if err := writeJSON(&out, a, ""); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Activity                             struct{ Slices []map[string]any }
		Channels                             []map[string]any
		Transfers, Files, Listeners, Resizes []map[string]any
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	text := drawn(a, screen{})
	for _, f := range got.Files {
		if !strings.Contains(text, f["path"].(string)) {
			t.Errorf("the text lacks the file %v", f)
		}
	}
	if len(got.Files) != 4 || got.Files[1]["failed"] != "scp: /srv/data/denied: Permission denied" || got.Files[2]["read"] != 7.0 || got.Files[2]["size"] != 10.0 {
		t.Errorf("files are %v", got.Files)
	}
	if len(got.Transfers) != 4 || got.Transfers[0]["upload"] != true || got.Transfers[0]["written"] != 5.0 {
		t.Errorf("transfers are %v", got.Transfers)
	}
	if len(got.Listeners) != 2 || got.Listeners[0]["accepted"] != true || got.Listeners[1]["reason"] != "not allowed" {
		t.Errorf("listeners are %v", got.Listeners)
	}
	if c := got.Channels[4]; c["to"] != "0.0.0.0:8080" || c["from"] != "198.51.100.9:7" || c["received"] != 90.0 {
		t.Errorf("the forwarded channel is %v", c)
	}
	forwarded := 0.0
	for _, s := range got.Activity.Slices {
		forwarded += s["forwarded"].(float64)
	}
	if forwarded != 5*(18+5000) {
		t.Errorf("the slices have %v forwarded bytes", forwarded)
	}
}

// TestActivityOfAnything counts events at any times, and lays any of them out.
func TestActivityOfAnything(t *testing.T) {
	for name, times := range map[string][]int64{
		"one":       {5},
		"the same":  {5, 5, 5},
		"far apart": {0, 1<<63 - 1},
		"before 1970, as only foreign logs can be": {-1 << 63, 0, 1<<63 - 1},
		"not in order": {1e15, 5, 1e18, 0},
	} {
		for _, width := range []int{leastPicture, 70, mostPicture} {
			a := newActivity()
			for _, at := range times {
				a.add(at, &event.IO{Data: []byte("x")}, false)
			}
			x := newAxis(a, width)
			if len(x.columns) != width {
				t.Fatalf("%s: %d columns, want %d", name, len(x.columns), width)
			}
			for i := range x.columns {
				if c := x.columns[i]; c.to < c.from || i > 0 && c.from < x.columns[i-1].from {
					t.Errorf("%s: column %d is from %d to %d", name, i, c.from, c.to)
				}
			}
			counts := make([]float64, width)
			sum := 0.0
			for i := range a.slices {
				s := &a.slices[i]
				x.spread(counts, a.from(s), a.from(s)+a.width, s.in)
			}
			for _, n := range counts {
				sum += n
			}
			if sum < float64(len(times))-.001 || sum > float64(len(times))+.001 {
				t.Errorf("%s: the columns have %v bytes, want %d", name, sum, len(times))
			}
		}
	}
	a := newActivity()
	for i := range int64(1_000_000) {
		a.add(i*i*1000, &event.IO{Data: []byte("x")}, false)
	}
	sum := uint64(0)
	for _, s := range a.slices {
		sum += s.in
	}
	if sum != 1_000_000 || len(a.slices) > maxSlices {
		t.Errorf("%d bytes in %d slices", sum, len(a.slices))
	}
}
