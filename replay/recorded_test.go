package replay

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/event"
)

// outputs are the bytes of a terminal's recording in screen/testdata, see golden_test.go there.
func outputs(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("screen/testdata/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for line := range strings.Lines(string(text)) {
		rest, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), `out "`)
		if !ok {
			continue
		}
		for rest = strings.TrimSuffix(rest, `"`); rest != ""; {
			switch {
			case strings.HasPrefix(rest, `\x`):
				b, err := hex.DecodeString(rest[2:4])
				if err != nil {
					t.Fatal(err)
				}
				all, rest = append(all, b...), rest[4:]
			case rest[0] == '\\':
				all, rest = append(all, rest[1]), rest[2:]
			default:
				all, rest = append(all, rest[0]), rest[1:]
			}
		}
	}
	return all
}

// TestTwoChannelsAtOnce plays a log of a gateway's, of two sessions in one connection (OpenSSH's ControlMaster): each
// has its own bytes and sizes and none of the other's. What they look like, xterm.js has said.
func TestTwoChannelsAtOnce(t *testing.T) {
	log, err := os.ReadFile("testdata/two-channels.log")
	if err != nil {
		t.Fatal(err)
	}
	l := open(t, log, Options{})
	if len(l.Channels) != 2 {
		t.Fatalf("there are %d channels, want 2", len(l.Channels))
	}
	for i, ch := range l.Channels {
		p := NewPlayer(l, ch)
		var got []byte
		for {
			f, _, err := p.Step()
			if err != nil {
				break
			}
			if f.Kind == Output {
				got = append(got, f.Data...)
			}
		}
		if want := outputs(t, fmt.Sprintf("gateway-master-%d", i)); !bytes.Equal(got, want) || len(want) == 0 {
			t.Errorf("channel %d has %d bytes of output, want the %d recorded", i, len(got), len(want))
		}
		columns, rows := p.Screen().Size()
		if want := [][2]int{{80, 24}, {50, 12}}[i]; columns != want[0] || rows != want[1] {
			t.Errorf("channel %d has a screen of %d×%d, want %v", i, columns, rows, want)
		}
		end := p.Screen()
		q := NewPlayer(l, ch)
		if err := q.Reach(ch.Length()); err != nil || !q.Screen().Equal(end) {
			t.Errorf("channel %d: after a seek the end is another: %v", i, err)
		}
	}
}

// TestHourOfIdling looks into the middle of a time in which nothing happened.
func TestHourOfIdling(t *testing.T) {
	s := newSample(t)
	s.begin(0, 40, 10)
	s.print(time.Second, 0, "before ")
	idle := s.now
	s.print(time.Hour, 0, "after")
	s.close(0)
	l := open(t, s.end(), Options{})
	ch := l.Main()
	p := NewPlayer(l, ch)
	for _, at := range []time.Duration{time.Minute, 59 * time.Minute} {
		if err := p.Reach(time.Duration(idle-ch.Start) + at); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(p.Screen().Line(0).String()); got != "before" {
			t.Errorf("%v later the screen shows %q", at, got)
		}
		f, err := p.Next()
		if err != nil || f.At-p.At() != time.Hour-at {
			t.Errorf("%v later the next is %v away: %v", at, f.At-p.At(), err)
		}
		if wait := (Pace{Speed: 1, Idle: 2 * time.Second}).Wait(f.At - p.At()); wait != 2*time.Second {
			t.Errorf("it takes %v", wait)
		}
	}
	if _, _, err := p.Step(); err != nil || !strings.HasPrefix(p.Screen().Line(0).String(), "before after") {
		t.Errorf("behind it the screen shows %q: %v", p.Screen().Line(0).String(), err)
	}
}

// TestTenMegabytesInASecond seeks in what a program printed as fast as it could.
func TestTenMegabytesInASecond(t *testing.T) {
	s := newSample(t)
	s.limit = 128 << 10
	s.begin(0, 80, 24)
	r := rand.New(rand.NewPCG(3, 3))
	const chunk = 32 << 10
	for n := 0; n < 10<<20; n += chunk {
		var b strings.Builder
		for b.Len() < chunk {
			fmt.Fprintf(&b, "\x1b[3%dm%0*d\r\n", r.IntN(8), r.IntN(100), r.IntN(1<<30))
		}
		s.add(time.Second/(10<<20/chunk), 0, &event.IO{Stream: event.Stdout, Data: []byte(b.String())})
	}
	s.close(0)
	l := open(t, s.end(), Options{})
	p := NewPlayer(l, l.Main())
	for _, at := range []time.Duration{900, 100, 500, 501, 5} {
		at *= time.Millisecond
		if err := p.Reach(at); err != nil {
			t.Fatal(err)
		}
		if !p.Screen().Equal(s.screenAt(l.Main(), at)) {
			t.Errorf("at %v the screen is another", at)
		}
	}
}
