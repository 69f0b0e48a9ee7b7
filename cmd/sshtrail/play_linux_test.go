package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/replay"
)

// openPTY opens a terminal of 80 by 24: what is behind it, and itself.
func openPTY(t *testing.T) (behind, tty *os.File) {
	t.Helper()
	behind, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(behind.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(behind.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: 80, Row: 24}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { behind.Close(); tty.Close() })
	return behind, tty
}

// viewer is somebody with a terminal of the test's.
type viewer struct {
	behind, tty *os.File
	before      *term.State
	shown       chan []byte // all that was written, when the terminal is closed
}

func newViewer(t *testing.T) *viewer {
	t.Helper()
	w := &viewer{shown: make(chan []byte, 1)}
	w.behind, w.tty = openPTY(t)
	var err error
	if w.before, err = term.GetState(int(w.tty.Fd())); err != nil {
		t.Fatal(err)
	}
	return w
}

// collect reads what is written to the terminal, until it is closed.
func (w *viewer) collect() {
	go func() { // ends when the terminal is closed, by checkRestored or the end of the test
		all, _ := io.ReadAll(w.behind) // EIO is how that ends
		w.shown <- all
	}()
}

// playback is a session in play on it.
func (w *viewer) playback(t *testing.T) (*playback, *playTerminal, *playStage) {
	t.Helper()
	s := newSample(sampleConn)
	s.login("alice", "203.0.113.7")
	s.add(0, &event.NewChannel{ChannelType: "session"}, &event.NewChannelSuccessful{ChannelType: "session"},
		&event.Pty{Columns: 80, Rows: 24}, &event.Shell{}, &event.IO{Stream: event.Stdout, Data: []byte("hello")})
	s.summary.Channels = []event.ChannelSummary{{ChannelType: "session"}}
	s.wait(time.Hour)
	s.add(0, &event.Close{})
	text, err := s.bytes()
	if err != nil {
		t.Fatal(err)
	}
	src := &growing{source: &source{name: "x", at: bytes.NewReader(text), size: int64(len(text))}}
	log, err := replay.Open(src, src.size, replay.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a := &app{stdio: stdio{w.tty, w.tty, io.Discard}}
	tty, err := a.openPlayTerminal()
	if err != nil {
		t.Fatal(err)
	}
	return newPlayback(log, log.Main(), &playFlags{speed: 1}, src), tty, newPlayStage(log, log.Main())
}

// checkRestored wants the terminal as it was: its settings, and told to leave what play has it enter.
func (w *viewer) checkRestored(t *testing.T, tty *playTerminal) {
	t.Helper()
	now, err := term.GetState(int(w.tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(*now) != fmt.Sprint(*w.before) {
		t.Errorf("the terminal's settings are %v, were %v", *now, *w.before)
	}
	tty.close()
	w.tty.Close()
	if got := <-w.shown; !bytes.HasSuffix(got, []byte(playLeave)) {
		t.Errorf("what was written ends with %q, want %q", got[max(0, len(got)-80):], playLeave)
	}
}

func TestPlayRestoresAfterAPanic(t *testing.T) {
	w := newViewer(t)
	w.collect()
	b, tty, stage := w.playback(t)
	stage.ch = nil // which makes it panic when it draws
	func() {
		defer func() {
			if recover() == nil {
				t.Error("it did not panic")
			}
		}()
		_ = b.run(tty, stage) // it does not return
	}()
	w.checkRestored(t, tty)
}

func TestPlayRestoresAfterAnError(t *testing.T) {
	w := newViewer(t)
	w.collect()
	b, tty, _ := w.playback(t)
	broken := errors.New("broken")
	if err := tty.enter(); err != nil {
		t.Fatal(err)
	}
	err := b.loop(tty, func(int, int) {}, func() error { return broken })
	tty.leave()
	if !errors.Is(err, broken) {
		t.Errorf("it ended with %v", err)
	}
	w.checkRestored(t, tty)
}

// TestPlayEndsWithItsTerminal closes what is behind the terminal, as an emulator does that is closed.
func TestPlayEndsWithItsTerminal(t *testing.T) {
	w := newViewer(t)
	b, tty, stage := w.playback(t)
	if err := tty.enter(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { // ends with the terminal
		done <- b.run(tty, stage)
		tty.close()
	}()
	buf := make([]byte, 4096)
	for got := ""; !strings.Contains(got, "hello"); {
		n, err := w.behind.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		got += string(buf[:n])
	}
	w.behind.Close()
	select {
	case err := <-done:
		if err == nil {
			t.Error("it has ended well without a terminal")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on without a terminal")
	}
}

// TestPlayKeyBytes reads what keyboards and terminals send.
func TestPlayKeyBytes(t *testing.T) {
	for in, want := range map[string][]playKey{
		" ":                              {keyPause},
		"\x1b[C\x1b[D\x1bOC\x1bOD":       {keyForward, keyBack, keyForward, keyBack},
		"\x1b[1;5C":                      {keyForward},
		"[]+=-_.":                        {keyPrevious, keyNext, keyFaster, keyFaster, keySlower, keySlower, keyStep},
		"qQ\x03\x1a":                     {keyQuit, keyQuit, keyQuit, keySuspend},
		"\x1b[A\x1b[B\x1b[5~xyz\r\n\x00": nil,
		"\x1b]11;rgb:qqqq/q/q\x07q":      {keyQuit},
		"\x1bP>|q(q)\x1b\\ ":             {keyPause},
		"\x1b[?62;q q":                   {keyPause, keyQuit},
	} {
		var k playKeys
		var got []playKey
		for i := range len(in) {
			if key := k.next(in[i]); key != keyNone {
				got = append(got, key)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q is %v, want %v", in, got, want)
		}
	}
}
