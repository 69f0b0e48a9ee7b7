package gatewaytest

import (
	"bytes"
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
	deadline := time.After(Patience)
	for over := false; ; {
		ok, changed := o.satisfies(enough)
		if ok {
			return o.Bytes()
		}
		if over {
			t.Fatalf("the process ended without %s; it wrote:\n%s", what, o)
		}
		select {
		case <-changed:
		case <-ended:
			over = true // once more: the last words may have come just before
		case <-deadline:
			t.Fatalf("no %s in %v; the process wrote:\n%s", what, Patience, o)
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
