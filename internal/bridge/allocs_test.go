package bridge

import (
	"io"
	"testing"
)

// supply gives so many reads, each of which fills the buffer.
type supply struct{ reads int }

func (s *supply) Read(p []byte) (int, error) {
	if s.reads == 0 {
		return 0, io.EOF
	}
	s.reads--
	return len(p), nil
}

// TestAllocationsOfACopy pins what copying costs: its buffer, and one more when that is
// too small; nothing for what passes.
func TestAllocationsOfACopy(t *testing.T) {
	var s supply
	var idle idleness
	for _, test := range []struct{ reads, want int }{{0, 1}, {1, 2}, {1000, 2}} {
		if n := testing.AllocsPerRun(20, func() {
			s.reads = test.reads
			copyGrowing(io.Discard, &s, &idle)
		}); int(n) != test.want {
			t.Errorf("copying %d reads takes %v allocations, want %d", test.reads, n, test.want)
		}
	}
}
