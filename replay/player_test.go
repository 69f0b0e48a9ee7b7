package replay

import (
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sshtrail/sshtrail/event"
)

// TestSeekIsPlayingFromTheStart seeks to random moments, plays on from there, and compares with the
// screen that all events up to then make.
func TestSeekIsPlayingFromTheStart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSample(t)
		s.limit = rapid.SampledFrom([]int{200, 1000, 20000}).Draw(t, "limit")
		s.begin(0, 40, 10)
		s.begin(1, 0, 0)
		s.shell(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)), 600)
		log := s.end()
		l := open(t, log, Options{Sparing: rapid.Bool().Draw(t, "sparing")})
		ch := l.Channel(rapid.Uint64Range(0, 1).Draw(t, "channel"))
		p := NewPlayer(l, ch)
		p.spacing = 500
		for range rapid.IntRange(1, 12).Draw(t, "seeks") {
			to := time.Duration(rapid.Int64Range(0, int64(ch.Length())).Draw(t, "to"))
			if err := p.Seek(to); err != nil {
				t.Fatal(err)
			}
			for range rapid.IntRange(0, 40).Draw(t, "steps") {
				if f, _, err := p.Step(); err == nil {
					to = f.At
				} else if !errors.Is(err, io.EOF) {
					t.Fatal(err)
				}
			}
			if f, err := p.Next(); err == nil && f.At == to {
				continue // only some of what happened at this time is shown
			}
			if rapid.Bool().Draw(t, "working") {
				work(t, p)
			}
			if p.Exact() && !p.Screen().Equal(s.screenAt(ch, to)) {
				t.Fatalf("at %v the screen is\n%s\nwant\n%s", to, strings.Join(p.Screen().Text(), "\n"), strings.Join(s.screenAt(ch, to).Text(), "\n"))
			}
		}
	})
}

func TestAFarSeekSaysThatItIsNotExact(t *testing.T) {
	s := newSample(t)
	s.begin(0, 40, 10)
	s.print(time.Second, 0, "\x1b[1;1Hkept from the start")
	for range 2000 {
		s.print(time.Second, 0, "\x1b[5;1H"+strings.Repeat("x", 39))
	}
	s.close(0)
	l := open(t, s.end(), Options{})
	p := NewPlayer(l, l.Main())
	if err := p.Seek(1900 * time.Second); err != nil {
		t.Fatal(err)
	}
	if p.Exact() || p.Seeking() {
		t.Errorf("after a far seek Exact() = %v, Seeking() = %v, want false", p.Exact(), p.Seeking())
	}
	if got := p.Screen().Text(); got[4] != strings.Repeat("x", 39) || got[0] != "" {
		t.Errorf("a far seek shows %q", got)
	}
	for range 10 { // it goes on meanwhile
		if _, _, err := p.Step(); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Work(1000); err != nil {
			t.Fatal(err)
		}
	}
	if d := p.Done(); d <= 0 || d >= 1 {
		t.Errorf("Done() = %v, want it between 0 and 1", d)
	}
	at := p.At()
	work(t, p)
	if got := p.Screen().Text(); !p.Exact() || got[0] != "kept from the start" || p.At() != at {
		t.Errorf("caught up it shows %q at %v, want the start's text at %v", got, p.At(), at)
	}
	if err := p.Seek(at + 5*time.Second); err != nil || !p.Exact() {
		t.Errorf("a near seek: %v, Exact() = %v", err, p.Exact())
	}
}

func TestPlayerKeepsLittle(t *testing.T) {
	s := newSample(t)
	s.begin(0, 80, 24)
	for range 300 {
		s.print(time.Second, 0, strings.Repeat("some text that scrolls\r\n", 50))
	}
	s.close(0)
	l := open(t, s.end(), Options{})
	p := NewPlayer(l, l.Main())
	p.spacing = 1 << 10
	for {
		if _, _, err := p.Step(); err != nil {
			break
		}
		if len(p.saves) > maxSaved {
			t.Fatalf("%d screens are kept, at most %d", len(p.saves), maxSaved)
		}
	}
	if len(p.saves) < maxSaved/4 {
		t.Errorf("%d screens are kept, want at least %d", len(p.saves), maxSaved/4)
	}
	for i, v := range p.saves {
		if v.cursor.block != nil || v.cursor.queue != nil || v.next != nil {
			t.Errorf("screen %d holds a part of the log", i)
		}
	}
	p.show.screen.Resize(1000, 500)
	p.spacing = 1
	saved := len(p.saves)
	p.show.bytes = 100
	p.passed(p.show, false)
	if len(p.saves) > saved {
		t.Error("a screen of the largest size is kept")
	}
}

func TestMarks(t *testing.T) {
	s := newSample(t)
	s.begin(0, 40, 10)
	s.print(time.Second, 0, "Welcome\r\n$ ")
	s.print(time.Second, 0, "l")
	s.print(time.Second, 0, "\b \b")
	s.print(time.Second, 0, "ls\r\na b\r\n")
	s.print(time.Second, 0, "\x1b[1mroot@host\x1b[m# ")
	s.print(time.Second, 0, "vi\r\n\x1b[?1049h\x1b[2J\r\n> ")
	s.print(time.Second, 0, "\x1b[?1049l")
	s.print(time.Second, 0, "100% done\r\n")
	s.print(time.Second, 0, "~ ❯ ")
	s.close(0)
	l := open(t, s.end(), Options{})
	p := NewPlayer(l, l.Main())
	var marks []string
	for {
		_, mark, err := p.Step()
		if err != nil {
			break
		}
		if mark {
			marks = append(marks, strings.TrimSpace(p.Screen().Line(p.Screen().Cursor().Row).String()))
		}
	}
	if got, want := strings.Join(marks, "|"), "|$|root@host#|~ ❯"; got != want {
		t.Errorf("marks are %q, want %q", got, want)
	}
	m, ok := p.Before(p.At())
	if !ok || m.At != 9*time.Second+3 {
		t.Errorf("Before(end) = %v, %v", m.At, ok)
	}
	if m, ok = p.Before(m.At); !ok || m.At != 5*time.Second+3 {
		t.Errorf("the mark before is at %v, %v", m.At, ok)
	}
	if _, ok := p.Before(0); ok {
		t.Error("there is a mark before the start")
	}
}

// TestMarksOfTypedLines has recorded input: marks are where lines were typed to their ends, whatever the prompt is.
func TestMarksOfTypedLines(t *testing.T) {
	s := newSample(t)
	s.begin(0, 40, 10)
	typed := func(text string) {
		for _, c := range text {
			s.add(time.Second, 0, &event.IO{Stream: event.Stdin, Data: []byte(string(c))})
			if c == '\r' {
				s.print(0, 0, "\r\n")
			} else {
				s.print(0, 0, string(c))
			}
		}
	}
	s.print(time.Second, 0, "welcome: ")
	typed("ls\r")
	s.print(0, 0, "a $ b\r\nwelcome: ")
	typed("vi\r")
	s.print(0, 0, "\x1b[?1049h\x1b[2J")
	typed("text\rmore\r")
	s.print(0, 0, "\x1b[?1049l$ ")
	typed("exit\r")
	s.close(0)
	l := open(t, s.end(), Options{})
	p := NewPlayer(l, l.Main())
	var marks []string
	for {
		f, mark, err := p.Step()
		if err != nil {
			break
		}
		if mark {
			marks = append(marks, strings.TrimSpace(p.Screen().Line(p.Screen().Cursor().Row).String()))
			if m, ok := p.Before(f.At + 1); !ok || m.At != f.At {
				t.Errorf("Before(%v) = %v, %v", f.At+1, m.At, ok)
			}
		}
	}
	if got, want := strings.Join(marks, "|"), "|welcome: ls|welcome: vi|$ exit"; got != want {
		t.Errorf("marks are %q, want %q", got, want)
	}
}

func TestFramesOfAChannel(t *testing.T) {
	s := newSample(t)
	s.begin(0, 40, 10)
	messages := uint64(7)
	s.add(time.Second, 0, &event.Gap{Messages: &messages, Reason: "disk full"})
	s.add(time.Second, 0, &event.IO{Stream: event.Stdin, Data: []byte("q")})
	s.add(time.Second, 0, &event.IO{Stream: event.Stderr, Data: []byte("oops")})
	s.print(0, 7, "another's")
	s.add(0, 0, &event.Window{Columns: 50, Rows: 20})
	s.close(0)
	l := open(t, s.end(), Options{})
	p := NewPlayer(l, l.Main())
	var kinds []Kind
	for {
		f, _, err := p.Step()
		if err != nil {
			break
		}
		kinds = append(kinds, f.Kind)
		if f.Kind == Gap && f.Text != "disk full" || f.Kind == Input && string(f.Data) != "q" {
			t.Errorf("frame %+v", f)
		}
	}
	want := []Kind{Terminal, Begin, Gap, Input, Output, Resize, Exit, Close}
	if len(kinds) != len(want) {
		t.Fatalf("frames are %v, want %v", kinds, want)
	}
	for i := range want {
		if kinds[i] != want[i] {
			t.Fatalf("frames are %v, want %v", kinds, want)
		}
	}
	if c, r := p.Screen().Size(); c != 50 || r != 20 || p.Screen().Text()[0] != "oops" {
		t.Errorf("the screen is %d×%d and shows %q", c, r, p.Screen().Text()[0])
	}
}
