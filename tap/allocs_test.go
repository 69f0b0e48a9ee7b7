package tap

import (
	"io"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
)

// nothing records nothing.
type nothing struct{ events int }

func (n *nothing) Emit(uint64, event.Body) error { n.events++; return nil }

// endless is a channel of which there is always something to read.
type endless struct{ ssh.Channel }

func (endless) Read(p []byte) (int, error)  { return len(p), nil }
func (endless) Write(p []byte) (int, error) { return len(p), nil }
func (endless) Stderr() io.ReadWriter       { return endless{} }

// TestAllocations pins what watching costs beyond the recorder: what passes allocates
// nothing, recorded or counted only, whatever its size.
func TestAllocations(t *testing.T) {
	for _, intercept := range []Intercept{{}, {Stdin: true, Stdout: true, Stderr: true}} {
		sink := &nothing{}
		c := newConn(nil, sink, intercept).channel(0, "session")
		c.accept(endless{})
		if err := c.open("session"); err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{1, piece, 4 * piece} {
			p := make([]byte, size)
			for name, pass := range map[string]func([]byte) (int, error){"Read": c.Read, "Write": c.Write, "Stderr": c.Stderr().Write} {
				before := sink.events
				if n := testing.AllocsPerRun(100, func() { pass(p) }); n != 0 {
					t.Errorf("%s of %d bytes, %+v: %v allocations, want 0", name, size, intercept, n)
				}
				if sink.events == before {
					t.Errorf("%s: the sink was told nothing", name)
				}
			}
		}
	}
}

// TestAllocationsOfAChannel pins what a channel costs: it, the lock of each output, and
// its place among the connection's channels.
func TestAllocationsOfAChannel(t *testing.T) {
	conn := newConn(nil, &nothing{}, Intercept{})
	if n := testing.AllocsPerRun(100, func() {
		c := conn.channel(0, "session")
		c.accept(endless{})
		c.open("session")
		c.forget(event.ByTarget)
	}); n > 5 {
		t.Errorf("a channel takes %v allocations, want 5 at most: the channel, two locks, two events", n)
	}
}
