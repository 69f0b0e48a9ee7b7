package screen

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"
)

// hostile are sequences that could cost far more than their bytes.
var hostile = []string{
	"a\x1b[999999999b", "\x1b[999999999@", "\x1b[999999999P", "\x1b[999999999L", "\x1b[999999999M", "\x1b[999999999S", "\x1b[999999999T",
	"\x1b[999999999X", "\x1b[999999999I", "\x1b[999999999Z", "\x1b[999999999A", "\x1b[999999999;999999999H", "\x1b[1 @", "\x1b[1 A", "\x1b['}", "\x1b['~",
	"\x1b[2J", "x\x1b[2J", "\x1b#8", "x\x1b#8", "\x1b[J", "\x1b[41mx\x1b[42mx\x1b[2J", "\n", "\x1bM", "\x1bc", "\x1b[?1049h\x1b[?1049l", "漢\x1b[D漢\x1b[H",
	"\x1b]0;" + strings.Repeat("t", 5000), "\x1bP" + strings.Repeat("d", 5000), "\x1b[" + strings.Repeat("1;", 3000) + "m", "\x1b[" + strings.Repeat("1:", 3000) + "m",
	"e" + strings.Repeat("\u0301", 3000), "\x1b[38;5", "\x1b[38:2:", "\xf0\x9f", "\x9b\xff\xc2\x9b9b", "\x1b[99999999999999999999999999m",
}

// TestNothingStalls writes what costs most to the largest screen: each takes well below a
// second on a machine that is idle, and minutes to centuries where a loop has no bound.
func TestNothingStalls(t *testing.T) {
	for _, h := range hostile {
		input := bytes.Repeat([]byte(h), 4_000/len(h)+1)
		s := New(maxColumns, maxRows)
		write(t, s, []byte("first\x1b#8"))
		began := time.Now()
		write(t, s, input)
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%d bytes of %.20q take %v", len(input), h, took)
		}
		checkLine(t, s.Line(0), maxColumns)
	}
}

// TestMemoryIsBounded writes for long, and looks at what is kept.
func TestMemoryIsBounded(t *testing.T) {
	s := New(200, 50)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for range 50 {
		for _, h := range hostile {
			write(t, s, []byte(h))
			write(t, s, []byte("\x18text "))
		}
	}
	// Two screens of 10,000 cells with all the marks that they can have.
	if after := heap(); after > before+4<<20 {
		t.Errorf("a screen of 200×50 takes %d KiB", (after-before)>>10)
	}
	runtime.KeepAlive(s)
}

// TestUsualScreensSkipNothing asks a screen of usual size for the most that can be asked.
func TestUsualScreensSkipNothing(t *testing.T) {
	s := New(80, 24)
	write(t, s, bytes.Repeat([]byte("\x1b[ @\x1b[ A\x1b[1920b"), 5_000))
	if s.Skipped() != 0 {
		t.Errorf("Skipped() = %d, want 0", s.Skipped())
	}
	s = New(maxColumns, maxRows)
	write(t, s, bytes.Repeat([]byte("\x1b[ @"), 1_000))
	if s.Skipped() == 0 {
		t.Error("Skipped() = 0 on a screen that would need five hundred million cells moved")
	}
}

func TestSizesAreLimited(t *testing.T) {
	for _, test := range []struct{ columns, rows, wantColumns, wantRows int }{
		{0, 0, 80, 24}, {-1, -5, 80, 24}, {1, 1, 2, 1}, {1 << 30, 1 << 30, 1000, 500}, {132, 43, 132, 43},
	} {
		s := New(test.columns, test.rows)
		if c, r := s.Size(); c != test.wantColumns || r != test.wantRows {
			t.Errorf("New(%d, %d) is %d×%d, want %d×%d", test.columns, test.rows, c, r, test.wantColumns, test.wantRows)
		}
		s = New(10, 10)
		s.Resize(test.columns, test.rows)
		if c, r := s.Size(); c != test.wantColumns || r != test.wantRows {
			t.Errorf("Resize(%d, %d) makes %d×%d, want %d×%d", test.columns, test.rows, c, r, test.wantColumns, test.wantRows)
		}
		check(t, s)
	}
}
