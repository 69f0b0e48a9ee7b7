package asciicast_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/codec/asciicast"
	"github.com/sshtrail/sshtrail/event"
)

const conn event.ConnID = "019abc0123457def8123456789abcdef"

// begun is when the channels of these tests begin.
var begun = time.Date(2026, 11, 22, 10, 32, 16, 987654321, time.UTC).UnixNano()

// log is a log in the making.
type log struct {
	now    int64
	events []event.Event
}

// add adds events, the first of them a while after what is there.
func (l *log) add(channel uint64, after time.Duration, bodies ...event.Body) {
	if l.now == 0 {
		l.now = begun
	}
	l.now += int64(after)
	for _, body := range bodies {
		l.events = append(l.events, event.Event{Conn: conn, Time: l.now, Channel: channel, Body: body})
	}
}

func stdout(s string) event.Body { return &event.IO{Stream: event.Stdout, Data: []byte(s)} }
func stderr(s string) event.Body { return &event.IO{Stream: event.Stderr, Data: []byte(s)} }
func stdin(s string) event.Body  { return &event.IO{Stream: event.Stdin, Data: []byte(s)} }

// file is a cast that knows whether it was closed.
type file struct {
	bytes.Buffer
	closed bool
}

func (f *file) Close() error {
	f.closed = true
	return nil
}

// encode returns the casts of some events by their channels.
func encode(t *testing.T, o asciicast.Options, events []event.Event) (map[uint64]string, asciicast.Stats) {
	t.Helper()
	files := map[uint64]*file{}
	e := asciicast.NewEncoder(o, func(channel uint64) (io.WriteCloser, error) {
		if files[channel] != nil {
			t.Errorf("two casts of channel %d", channel)
		}
		files[channel] = &file{}
		return files[channel], nil
	})
	for i := range events {
		if err := e.Event(&events[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Finish(); err != nil {
		t.Fatal(err)
	}
	casts := map[uint64]string{}
	for channel, f := range files {
		casts[channel] = f.String()
		if !f.closed {
			t.Errorf("the cast of channel %d is not closed", channel)
		}
	}
	return casts, e.Stats()
}

// session is a terminal with all that a cast can show.
func session() []event.Event {
	var l log
	l.add(0, 0, &event.HandshakeSuccessful{Username: "alice"})
	l.add(3, 0, &event.NewChannel{ChannelType: "session"})
	l.add(3, time.Millisecond,
		&event.NewChannelSuccessful{ChannelType: "session"},
		&event.Pty{RequestID: 0, Term: "xterm-256color", Columns: 120, Rows: 40}, &event.RequestAccepted{RequestID: 0},
		&event.SetEnv{RequestID: 1, Name: "AWS_SECRET_ACCESS_KEY", Value: "canary"},
		&event.SetEnv{RequestID: 2, Name: "SHELL", Value: "/bin/zsh"},
		&event.SetEnv{RequestID: 3, Name: "SHELL", Value: "canary"}, &event.RequestFailed{RequestID: 3},
		&event.SetEnv{RequestID: 4, Name: "SHELL", Value: "/bin/bash"},
		&event.SetEnv{RequestID: 8, Name: "GITHUB_TOKEN", Value: "canary"},
		&event.Exec{RequestID: 5, Program: `top -b "$x"`}, &event.RequestAccepted{RequestID: 5})
	l.add(3, 1234*time.Microsecond+999, stdout("\x1b[1mh\u00e9\x1b[0m\r\n"))
	l.add(3, time.Second, stdin("q"))
	l.add(3, 1, &event.Window{RequestID: 6, Columns: 100, Rows: 30}, &event.Window{RequestID: 7, Columns: 100, Rows: 30})
	l.add(3, time.Hour, stderr("\"\\\x00\x7f\u0085\xff\u2028"))
	l.add(3, 0, &event.Exit{ExitStatus: 3})
	l.add(3, time.Millisecond, stdout("late"), &event.Close{By: event.ByTarget})
	l.add(0, 0, &event.Disconnect{})
	return l.events
}

func TestCast(t *testing.T) {
	const v2 = `{"version": 2, "width": 120, "height": 40, "timestamp": 1795343536, "command": "top -b \"$x\"", "title": "alice@db.example.com", "env": {"TERM": "xterm-256color", "SHELL": "/bin/bash"}}
[0.001000, "m", "top -b \"$x\""]
[0.002234, "o", "\u001b[1mhé\u001b[0m\r\n"]
[1.002234, "i", "q"]
[1.002235, "r", "100x30"]
[3601.002235, "o", "\"\\\u0000\u007f\u0085` + "\uFFFD\u2028" + `"]
[3601.003235, "o", "late"]
`
	const v3 = `{"version": 3, "term": {"cols": 120, "rows": 40, "type": "xterm-256color"}, "timestamp": 1795343536, "command": "top -b \"$x\"", "title": "alice@db.example.com", "env": {"SHELL": "/bin/bash"}}
[0.001000, "m", "top -b \"$x\""]
[0.001234, "o", "\u001b[1mhé\u001b[0m\r\n"]
[1.000000, "i", "q"]
[0.000001, "r", "100x30"]
[3600.000000, "o", "\"\\\u0000\u007f\u0085` + "\uFFFD\u2028" + `"]
[0.001000, "o", "late"]
[0.000000, "x", "3"]
`
	for version, want := range map[asciicast.Version]string{asciicast.V2: v2, asciicast.V3: v3} {
		casts, stats := encode(t, asciicast.Options{Version: version, Target: "db.example.com"}, session())
		if got := casts[3]; got != want || len(casts) != 1 {
			t.Errorf("version %d: %d casts, got\n%s\nwant\n%s", version, len(casts), got, want)
		}
		if want := (asciicast.Stats{Casts: 1, Replaced: 1}); stats != want {
			t.Errorf("version %d: %+v, want %+v", version, stats, want)
		}
	}
}

// TestRefusedLeavesNoTrace has requests that were refused, of which a cast says nothing.
func TestRefusedLeavesNoTrace(t *testing.T) {
	var l log
	l.add(0, 0, &event.NewChannelSuccessful{ChannelType: "session"}, // ContainerSSH has no 300
		&event.Pty{RequestID: 1, Term: "canary", Columns: 7, Rows: 7}, &event.RequestFailed{RequestID: 1},
		&event.Exec{RequestID: 2, Program: "canary"}, &event.RequestFailed{RequestID: 2},
		&event.Subsystem{RequestID: 3, Subsystem: "sftp"}, stdout("x"),
		&event.Shell{RequestID: 4}, &event.RequestFailed{RequestID: 4})
	const want = `{"version": 2, "width": 80, "height": 24, "timestamp": 1795343536}
[0.000000, "m", "subsystem sftp"]
[0.000000, "o", "x"]
`
	if casts, _ := encode(t, asciicast.Options{Version: asciicast.V2}, l.events); casts[0] != want {
		t.Errorf("got\n%s\nwant\n%s", casts[0], want)
	}
}

func TestWhatRan(t *testing.T) {
	for name, c := range map[string]struct {
		bodies       []event.Body
		command, end string
		markers      []string
	}{
		"shell": {[]event.Body{&event.Shell{}, stdout("$")}, "", "", []string{"shell"}},
		"forced": {[]event.Body{&event.Exec{Program: "rm"}, &event.ForcedCommand{Program: "backup"}, stdout("$")},
			"backup", "", []string{"backup"}},
		"second": {[]event.Body{&event.Exec{Program: "a"}, stdout("$"), &event.Exec{RequestID: 9, Program: "b"}, &event.RequestAccepted{RequestID: 9}},
			"a", "", []string{"a", "b"}},
		"signal": {[]event.Body{&event.Exec{Program: "a"}, stdout("$"), &event.ExitSignal{Signal: "KILL"}}, "a", "137", []string{"a"}},
		"odd":    {[]event.Body{stdout("$"), &event.ExitSignal{Signal: "RTMIN"}}, "", "255", nil},
		"long":   {[]event.Body{&event.Exec{Program: strings.Repeat("é", 9999)}, stdout("$")}, strings.Repeat("é", 512) + "…", "", []string{strings.Repeat("é", 512) + "…"}},
		"bytes":  {[]event.Body{&event.Exec{Program: "a\xff\n"}, stdout("$")}, "a\uFFFD\n", "", []string{"a\uFFFD\n"}},
	} {
		var l log
		l.add(0, 0, &event.NewChannel{ChannelType: "session"})
		l.add(0, time.Second, c.bodies...)
		casts, _ := encode(t, asciicast.Options{Version: asciicast.V3}, l.events)
		header, entries := read(t, casts[0])
		var markers []string
		end := ""
		for _, e := range entries {
			switch e.Code {
			case 'm':
				markers = append(markers, e.Data)
			case 'x':
				end = e.Data
			}
		}
		if header.Command != c.command || end != c.end || !slices.Equal(markers, c.markers) {
			t.Errorf("%s: command %.30q, exit %q, markers %.30q; want %.30q, %q, %.30q", name, header.Command, end, markers, c.command, c.end, c.markers)
		}
	}
}

// TestChannelsAreNotMixed wants the cast of each channel to be what it is without the others.
func TestChannelsAreNotMixed(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var all log
	alone := map[uint64][]event.Event{}
	add := func(channel uint64, after time.Duration, body event.Body) {
		all.add(channel, after, body)
		alone[channel] = append(alone[channel], all.events[len(all.events)-1])
	}
	for channel := range uint64(4) {
		add(channel, time.Second, &event.NewChannel{ChannelType: "session"})
	}
	add(9, 0, &event.NewChannelDirectTCPIP{})
	add(9, 0, &event.NewChannelSuccessful{ChannelType: "direct-tcpip"})
	const text = "aß€😀"
	for at := range 1000 {
		channel := uint64(random.IntN(4))
		add(channel, time.Duration(random.IntN(1e6)), &event.IO{Stream: event.Stdout, Data: []byte{text[at%len(text)]}})
		add(9, 0, stdout("tunnelled"))
	}
	add(3, 0, &event.Close{})
	casts, stats := encode(t, asciicast.Options{Version: asciicast.V3}, all.events)
	if len(casts) != 4 || stats.Casts != 4 || stats.Replaced == 0 {
		t.Errorf("%d casts, %+v", len(casts), stats)
	}
	for channel, got := range casts {
		if want, _ := encode(t, asciicast.Options{Version: asciicast.V3}, alone[channel]); got != want[channel] {
			t.Errorf("channel %d differs from what it is without the others", channel)
		}
	}
}

func TestChannelsOfSeveralConnections(t *testing.T) {
	var l log
	l.add(0, 0, &event.NewChannel{ChannelType: "session"}, &event.NewChannel{ChannelType: "session"})
	l.events[1].Conn = "another"
	e := asciicast.NewEncoder(asciicast.Options{Version: asciicast.V2}, nil)
	err := errors.Join(e.Event(&l.events[0]), e.Event(&l.events[1]))
	if !errors.Is(err, asciicast.ErrSeveral) || !errors.Is(e.Finish(), asciicast.ErrSeveral) {
		t.Errorf("error %v, want %v, and for good", err, asciicast.ErrSeveral)
	}
}

// TestNothingToSee wants no cast of a channel that nothing was printed on.
func TestNothingToSee(t *testing.T) {
	var l log
	l.add(0, 0, &event.NewChannel{ChannelType: "session"}, &event.Pty{}, &event.Shell{}, &event.Window{Columns: 1}, stdout(""), &event.Exit{}, &event.Close{})
	l.add(1, 0, &event.NewChannel{ChannelType: "session"}, &event.NewChannelFailed{}, stdout("x"))
	if casts, _ := encode(t, asciicast.Options{Version: asciicast.V3}, l.events); len(casts) != 0 {
		t.Errorf("casts %v", casts)
	}
}

// TestSizes wants what a player can show: a zero says nothing (RFC 4254 §6.2), and nobody
// has a terminal of 2³² columns.
func TestSizes(t *testing.T) {
	var l log
	l.add(0, 0, &event.NewChannel{ChannelType: "session"}, &event.Pty{Columns: 0, Rows: 50}, &event.Window{Columns: 90}, stdout("x"))
	for _, w := range [][2]uint32{{0, 0}, {90, 50}, {1 << 31, 1 << 31}, {0, 9}, {10, 0}} {
		l.add(0, 0, &event.Window{Columns: w[0], Rows: w[1]})
	}
	casts, _ := encode(t, asciicast.Options{Version: asciicast.V2}, l.events)
	header, entries := read(t, casts[0])
	got := fmt.Sprintf("%dx%d", header.Columns, header.Rows)
	for _, e := range entries[1:] {
		got += " " + e.Data
	}
	if want := "90x50 1000x500 1000x9 10x9"; got != want {
		t.Errorf("sizes %s, want %s", got, want)
	}
}

// TestPart wants the screen as it was where a part begins, and its own times.
func TestPart(t *testing.T) {
	var l log
	l.add(0, 0, &event.NewChannel{ChannelType: "session"}, &event.Shell{}, stdout("a"), stdin("\xe2"), &event.Window{Columns: 9, Rows: 9})
	l.add(0, time.Second, stdout("b"), stdin("\x82"), &event.Window{Columns: 8, Rows: 8})
	l.add(0, time.Second, stdout("c"), stdin("\xac"))
	l.add(0, time.Second, stdout("d"), &event.Window{Columns: 7, Rows: 7}, &event.Exit{})
	const want = `{"version": 3, "term": {"cols": 80, "rows": 24}, "timestamp": 1795343538}
[0.000000, "o", "a"]
[0.000000, "r", "9x9"]
[0.000000, "o", "b"]
[0.000000, "r", "8x8"]
[0.500000, "o", "c"]
[0.000000, "i", "€"]
`
	casts, _ := encode(t, asciicast.Options{Version: asciicast.V3, From: 1500 * time.Millisecond, To: 2500 * time.Millisecond}, l.events)
	if casts[0] != want {
		t.Errorf("got\n%s\nwant\n%s", casts[0], want)
	}
}

// TestIntervalsAddUp wants version 3, which has the time between lines, to have no drift.
func TestIntervalsAddUp(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var l log
	l.add(0, 0, &event.NewChannel{ChannelType: "session"})
	var want []time.Duration
	for range 2_000 {
		l.add(0, time.Duration(random.Int64N(1+random.Int64N(1e10))), stdout("x"))
		want = append(want, time.Duration(l.now-begun).Truncate(time.Microsecond))
	}
	for _, version := range []asciicast.Version{asciicast.V2, asciicast.V3} {
		casts, _ := encode(t, asciicast.Options{Version: version}, l.events)
		_, entries := read(t, casts[0])
		for i, e := range entries {
			if e.Time != want[i] {
				t.Fatalf("version %d: line %d is at %v, want %v", version, i, e.Time, want[i])
			}
		}
	}
}

// TestAllocations wants none for an event, whatever is in it.
func TestAllocations(t *testing.T) {
	for name, data := range samples {
		var l log
		l.add(0, 0, &event.NewChannel{ChannelType: "session"}, &event.IO{Stream: event.Stdout, Data: data})
		e := asciicast.NewEncoder(asciicast.Options{Version: asciicast.V3}, func(uint64) (io.WriteCloser, error) { return discard{}, nil })
		if err := errors.Join(e.Event(&l.events[0]), e.Event(&l.events[1])); err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(20, func() { e.Event(&l.events[1]) }); n != 0 {
			t.Errorf("%s: %g allocations an event, want none", name, n)
		}
	}
}

// TestFailure wants an error of the writer to be told, and everything to be closed.
func TestFailure(t *testing.T) {
	var l log
	l.add(0, 0, &event.NewChannel{ChannelType: "session"}, stdout("a"))
	l.add(1, 0, &event.NewChannel{ChannelType: "session"}, stdout("b"))
	l.add(1, 0, &event.Close{})
	fine, full := &file{}, &failing{}
	e := asciicast.NewEncoder(asciicast.Options{Version: asciicast.V2}, func(channel uint64) (io.WriteCloser, error) {
		if channel == 1 {
			return full, nil
		}
		return fine, nil
	})
	for i := range l.events {
		if err := e.Event(&l.events[i]); (err != nil) != (i >= 3) || err != nil && !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("event %d: error %v", i, err)
		}
	}
	if err := e.Finish(); !errors.Is(err, io.ErrShortWrite) || !fine.closed || !full.closed {
		t.Errorf("error %v; closed: %v and %v", err, fine.closed, full.closed)
	}
}

type failing struct{ file }

func (*failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Close() error                { return nil }

// read reads a whole cast.
func read(t testing.TB, cast string) (asciicast.Header, []asciicast.Entry) {
	t.Helper()
	r, err := asciicast.NewReader(strings.NewReader(cast))
	if err != nil {
		t.Fatalf("%v: %.200q", err, cast)
	}
	var entries []asciicast.Entry
	for {
		e, err := r.Next()
		if err == io.EOF {
			return r.Header(), entries
		}
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
}

// samples are outputs of kinds that differ in what they cost.
var samples = map[string][]byte{
	"text":    bytes.Repeat([]byte("The quick brown fox jumps over the lazy dog, 0123456789 times a day.\r\n"), 480),
	"screen":  bytes.Repeat([]byte("\x1b[38;5;12m\x1b[1;40Hname\x1b[0m  \x1b[7m  3.1%\x1b[0m  some/path/to.go\x1b[K\r\n"), 480),
	"letters": bytes.Repeat([]byte("Съешь же ещё этих мягких французских булок, да выпей чаю. 漢字仮名交じり文 😀\n"), 240),
	"binary":  binary(),
}

func binary() []byte {
	p := make([]byte, 32<<10)
	random := rand.New(rand.NewPCG(5, 6))
	for i := range p {
		p[i] = byte(random.Uint32())
	}
	return p
}

func BenchmarkEncoder(b *testing.B) {
	for _, name := range slices.Sorted(maps.Keys(samples)) {
		b.Run(name, func(b *testing.B) {
			var l log
			l.add(0, 0, &event.NewChannel{ChannelType: "session"}, &event.IO{Stream: event.Stdout, Data: samples[name]})
			e := asciicast.NewEncoder(asciicast.Options{Version: asciicast.V3}, func(uint64) (io.WriteCloser, error) { return discard{}, nil })
			e.Event(&l.events[0])
			b.SetBytes(int64(len(samples[name])))
			b.ReportAllocs()
			for b.Loop() {
				if err := e.Event(&l.events[1]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
