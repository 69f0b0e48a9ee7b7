// Package backendtest is the conformance suite that every backend passes.
//
// What it runs needs a POSIX shell and the usual small commands, busybox's will do, on
// Linux.
package backendtest

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/backend"
)

// Options say where a backend can't do what an operating system can.
type Options struct {
	// StatusForSignal: a program that a signal ended has the status 128 + its number.
	StatusForSignal bool
}

// limit is for one program of the suite; it ends tests that hang.
const limit = 60 * time.Second

// suite has what all of its tests need.
type suite struct {
	connect func(t *testing.T) backend.Host
	options Options
}

// Run runs the suite on what newBackend returns, as the client that it returns; once for
// each test.
func Run(t *testing.T, o Options, newBackend func(t *testing.T) (backend.Backend, backend.Client)) {
	s := suite{options: o, connect: func(t *testing.T) backend.Host {
		t.Helper()
		b, client := newBackend(t)
		h, err := b.Connect(t.Context(), client)
		if err != nil {
			t.Fatalf("Connect: %v", err)
		}
		t.Cleanup(func() {
			if err := h.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
		return h
	}}
	for _, test := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"Echo", s.testEcho},
		{"Volume", s.testVolume},
		{"StderrApart", s.testStderrApart},
		{"OutputAfterTheEnd", s.testOutputAfterTheEnd},
		{"OutputOfWhoIsLeft", s.testOutputOfWhoIsLeft},
		{"EndOfInputEndsNothing", s.testEndOfInputEndsNothing},
		{"Statuses", s.testStatuses},
		{"NoSuchProgram", s.testNoSuchProgram},
		{"Shell", s.testShell},
		{"UnknownSubsystem", s.testUnknownSubsystem},
		{"Env", s.testEnv},
		{"ManyAtOnce", s.testManyAtOnce},
		{"Signals", s.testSignals},
		{"ExitSignal", s.testExitSignal},
		{"Terminal", s.testTerminal},
		{"TerminalModes", s.testTerminalModes},
		{"TerminalKeys", s.testTerminalKeys},
		{"TerminalResize", s.testTerminalResize},
		{"TerminalOutputAfterTheEnd", s.testTerminalOutputAfterTheEnd},
		{"CloseEndsEverything", s.testCloseEndsEverything},
		{"CloseEndsWhoIsLeft", s.testCloseEndsWhoIsLeft},
		{"CloseInterrupts", s.testCloseInterrupts},
		{"HostClose", s.testHostClose},
	} {
		t.Run(test.name, test.run)
	}
}

func sh(script string) backend.Command {
	return backend.Command{Kind: backend.Exec, Program: script}
}

// start starts cmd and closes it in the end.
func start(t *testing.T, h backend.Host, cmd backend.Command) backend.Process {
	t.Helper()
	p, err := h.Start(t.Context(), cmd)
	if err != nil {
		t.Fatalf("Start(%q): %v", cmd.Program, err)
	}
	timer := time.AfterFunc(limit, func() {
		t.Errorf("%q: not done within %v", cmd.Program, limit)
		_ = p.Close()
	})
	t.Cleanup(func() {
		timer.Stop()
		if err := p.Close(); err != nil {
			t.Errorf("Close of %q: %v", cmd.Program, err)
		}
	})
	return p
}

// result is what a program left.
type result struct {
	stdout, stderr []byte
	exit           backend.Exit
}

// run runs cmd with input, to its end.
func run(t *testing.T, h backend.Host, cmd backend.Command, input string) result {
	t.Helper()
	p := start(t, h, cmd)
	defer p.Close()
	r, err := drive(p, strings.NewReader(input))
	if err != nil {
		t.Fatalf("run %q: %v", cmd.Program, err)
	}
	return r
}

// drive gives a program its input, which it may leave unread, and waits for all it has
// to say.
func drive(p backend.Process, input io.Reader) (result, error) {
	var r result
	var errOut, errErr error
	s := p.Streams()
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = io.Copy(s.Stdin, input)
		_ = s.Stdin.Close()
	})
	wg.Go(func() { r.stdout, errOut = io.ReadAll(s.Stdout) })
	if s.Stderr != nil {
		wg.Go(func() { r.stderr, errErr = io.ReadAll(s.Stderr) })
	}
	wg.Wait()
	exit, err := p.Wait()
	r.exit = exit
	return r, errors.Join(errOut, errErr, err)
}

// await reads until what it has read contains want, and returns that.
func await(t *testing.T, r io.Reader, want string) string {
	t.Helper()
	var got bytes.Buffer
	buf := make([]byte, 1024)
	for !strings.Contains(got.String(), want) {
		n, err := r.Read(buf)
		got.Write(buf[:n])
		if err != nil {
			t.Fatalf("output = %q, %v, want %q in it", got.String(), err, want)
		}
	}
	return got.String()
}

func wantExit(t *testing.T, got backend.Exit, status uint32) {
	t.Helper()
	if got != (backend.Exit{Status: status}) {
		t.Errorf("exit = %+v, want status %d", got, status)
	}
}
