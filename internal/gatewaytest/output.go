package gatewaytest

import (
	"bytes"
	"errors"
	"sync"
	"testing"
	"time"
)

// Output keeps what a process writes, and lets tests wait for it.
type Output struct {
	mu      sync.Mutex
	b       bytes.Buffer
	changed chan struct{} // closed at the next write
}

func newOutput() *Output { return &Output{changed: make(chan struct{})} }

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.changed)
	o.changed = make(chan struct{})
	return o.b.Write(p)
}

func (o *Output) String() string { return string(o.Bytes()) }

// Bytes returns a copy of what was written so far.
func (o *Output) Bytes() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.Clone(o.b.Bytes())
}

// satisfies reports whether what was written so far is enough, and returns what is closed
// when there is more.
func (o *Output) satisfies(enough func([]byte) bool) (bool, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return enough(o.b.Bytes()), o.changed
}

// Await waits until what was written satisfies enough. ended, if it is closed first, and
// a deadline end the test.
func (o *Output) Await(t testing.TB, what string, ended <-chan struct{}, enough func([]byte) bool) []byte {
	t.Helper()
	switch o.arrives(ended, enough) {
	case errOver:
		t.Fatalf("the process ended without %s; it wrote:\n%s", what, o)
	case errLate:
		t.Fatalf("no %s in %v; the process wrote:\n%s", what, Patience, o)
	}
	return o.Bytes()
}

// Arrives reports whether text was written before the process ended, which a test may
// want. It waits no longer than our patience.
func (o *Output) Arrives(text string, ended <-chan struct{}) bool {
	return o.arrives(ended, func(b []byte) bool { return bytes.Contains(b, []byte(text)) }) == nil
}

var (
	errOver = errors.New("the process has ended")
	errLate = errors.New("not in time")
)

// arrives returns nil once what was written is enough, or else why it won't be.
func (o *Output) arrives(ended <-chan struct{}, enough func([]byte) bool) error {
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	for over := false; ; {
		ok, changed := o.satisfies(enough)
		switch {
		case ok:
			return nil
		case over:
			return errOver
		}
		select {
		case <-changed:
		case <-ended:
			over = true // once more: the last words may have come just before
		case <-deadline.C:
			return errLate
		}
	}
}

// AwaitText waits until text was written.
func (o *Output) AwaitText(t testing.TB, text string, ended <-chan struct{}) []byte {
	t.Helper()
	return o.Await(t, "the text "+text, ended, func(b []byte) bool { return bytes.Contains(b, []byte(text)) })
}

// Eventually waits until a condition holds that nobody announces.
func Eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(Patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not in %v: %s", Patience, what)
		}
	}
}
