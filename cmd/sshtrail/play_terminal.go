package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// What is sent to the viewer's terminal beside what package screen draws. Each line of enter is taken back
// by leave: the alternate screen, no wrapping at the right edge, the cursor's looks, colours.
const (
	playEnter = "\x1b[?1049h\x1b[?7l\x1b[0m\x1b[2J\x1b[H"
	playLeave = "\x1b[0m\x1b[0 q\x1b[?25h\x1b[?7h\x1b[?1049l"

	// playLeaveRaw comes before, when a recording wrote to the terminal as it was. It ends what may
	// have begun, and what programs switch on: reports of the mouse and of focus,
	// bracketed paste, keypad and cursor keys, character sets, scroll region, insert and origin mode.
	playLeaveRaw = "\x18\x1b\\\x1b[?9;1000;1001;1002;1003;1004;1005;1006;1015;1016;2004;2026l\x1b[?1;5;6;45;47;1047l\x1b[4;20l\x1b>\x1b(B\x1b)B\x0f\x1b[r\x1b[!p"
)

// playTerminal is the terminal of the viewer, from enter to leave in a state of its own.
type playTerminal struct {
	in      *os.File
	out     int // a file descriptor, which does not block where that can be had
	closes  []io.Closer
	signals chan os.Signal
	before  *term.State // while it is entered
	raw     bool
	ended   os.Signal // asks to end
}

// errPlayStopped says that a signal asked to end.
var errPlayStopped = errors.New("stopped by a signal")

// openPlayTerminal finds the terminal. It changes nothing yet.
func (a *app) openPlayTerminal() (*playTerminal, error) {
	out, ok := a.out.(*os.File)
	if !ok || !isTerminal(a.out) {
		return nil, usageError{errors.New("play draws on a terminal, and standard output is none: to write a recording elsewhere, use 'sshtrail export'")}
	}
	t := &playTerminal{out: int(out.Fd())}
	in, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		var err error
		if in, err = os.OpenFile("/dev/tty", os.O_RDWR, 0); err != nil {
			return nil, fmt.Errorf("open the terminal for its keys: %w", cause(err))
		}
		t.closes = append(t.closes, in)
	}
	t.in = in
	// An open file of our own can be told not to block; that of the shell is shared.
	if fd, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", t.out), unix.O_WRONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0); err == nil {
		own := os.NewFile(uintptr(fd), "terminal")
		t.out = fd
		t.closes = append(t.closes, own)
	}
	t.signals = make(chan os.Signal, 16)
	return t, nil
}

// enter takes the terminal. Until leave, signals come here.
func (t *playTerminal) enter() error {
	if t.before != nil {
		return nil
	}
	signal.Notify(t.signals, unix.SIGTERM, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTSTP, unix.SIGCONT, unix.SIGWINCH)
	before, err := term.MakeRaw(int(t.in.Fd()))
	if err != nil {
		return fmt.Errorf("take the terminal: %w", err)
	}
	t.before = before
	_, err = t.Write([]byte(playEnter))
	return err
}

// leave gives the terminal back as it was. It may be called again.
func (t *playTerminal) leave() {
	if t.before == nil {
		return
	}
	text := playLeave
	if t.raw {
		text = playLeaveRaw + text
	}
	_ = t.write([]byte(text), time.Now().Add(time.Second)) // if it takes nothing, no more can be done
	_ = term.Restore(int(t.in.Fd()), t.before)             // the same
	t.before = nil
}

// close ends what openPlayTerminal has begun.
func (t *playTerminal) close() {
	t.leave()
	signal.Stop(t.signals)
	for _, c := range t.closes {
		c.Close()
	}
}

// Write writes all of p, unless a signal asks to end while the terminal takes nothing.
func (t *playTerminal) Write(p []byte) (int, error) {
	if err := t.write(p, time.Time{}); err != nil {
		return 0, err
	}
	return len(p), nil
}

// write gives up at a time, or, if there is none, when a signal asks to end.
func (t *playTerminal) write(p []byte, until time.Time) error {
	for len(p) > 0 {
		n, err := unix.Write(t.out, p[:min(len(p), 4<<10)])
		if n > 0 {
			p = p[n:]
			continue
		}
		if err != nil && err != unix.EAGAIN && err != unix.EINTR {
			return fmt.Errorf("write to the terminal: %w", err)
		}
		if until.IsZero() {
			t.ended = t.endAsked()
		}
		if until.IsZero() && t.ended != nil || !until.IsZero() && time.Now().After(until) {
			return errPlayStopped
		}
		if _, err := unix.Poll([]unix.PollFd{{Fd: int32(t.out), Events: unix.POLLOUT}}, 50); err != nil && err != unix.EINTR {
			return fmt.Errorf("wait for the terminal: %w", err)
		}
	}
	return nil
}

// endAsked returns a signal that asks to end, if there is one. It keeps the others.
func (t *playTerminal) endAsked() os.Signal {
	for range len(t.signals) {
		s := <-t.signals
		if endSignal(s) != nil {
			return s
		}
		select {
		case t.signals <- s:
		default: // there are enough
		}
	}
	return t.ended
}

// read waits some time for keys and returns what was typed.
func (t *playTerminal) read(p []byte, wait time.Duration) (int, error) {
	fds := []unix.PollFd{{Fd: int32(t.in.Fd()), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, int(max(0, wait).Milliseconds()))
	if err == unix.EINTR || n == 0 && err == nil {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("wait for keys: %w", err)
	}
	n, err = unix.Read(int(t.in.Fd()), p)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("read keys: %w", err)
	case n == 0:
		return 0, fmt.Errorf("read keys: %w", io.ErrUnexpectedEOF)
	}
	return n, nil
}

// size returns the terminal's size.
func (t *playTerminal) size() (columns, rows int) {
	columns, rows, err := term.GetSize(t.out)
	if err != nil || columns <= 0 || rows <= 0 {
		return 80, 24
	}
	return columns, rows
}

// suspend gives the terminal back and stops this process until somebody continues it. The
// signal may reach another thread first, so this one waits for the one that continues.
func (t *playTerminal) suspend() error {
	t.leave()
	for len(t.signals) > 0 && t.ended == nil {
		t.ended = endSignal(<-t.signals)
	}
	if t.ended != nil {
		return nil
	}
	if err := unix.Kill(os.Getpid(), unix.SIGSTOP); err != nil {
		return fmt.Errorf("stop this process: %w", err)
	}
	for s := range t.signals {
		if t.ended = endSignal(s); s == unix.SIGCONT || t.ended != nil {
			break
		}
	}
	return t.enter()
}

// endSignal returns a signal if it asks to end.
func endSignal(s os.Signal) os.Signal {
	switch s {
	case unix.SIGTERM, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT:
		return s
	}
	return nil
}

// again takes the terminal as enter did, after this process was stopped from elsewhere: the
// shell may have changed it meanwhile.
func (t *playTerminal) again() error {
	if _, err := term.MakeRaw(int(t.in.Fd())); err != nil {
		return fmt.Errorf("take the terminal again: %w", err)
	}
	_, err := t.Write([]byte(playEnter))
	return err
}
