package screen

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestTitleIsBoundedAndClean(t *testing.T) {
	s := New(20, 2)
	write(t, s, []byte("\x1b]0;a\tb\x7f\u202ec ✓\x07"))
	if got := s.Title(); got != "abc ✓" {
		t.Errorf("Title() = %q", got)
	}
	write(t, s, []byte("\x1b]2;"+strings.Repeat("t", 1<<16)+"\x1b\\after"))
	if got := s.Title(); len(got) > maxString || len(got) < maxString-8 {
		t.Errorf("a title of %d bytes is kept", len(got))
	}
	write(t, s, []byte("\x1b]0;given up\x18 \x1b]1;icon\a\x1b]52;c;eA==\a"))
	if got := s.Title(); !strings.HasPrefix(got, "ttt") {
		t.Errorf("Title() = %q after what sets none", got)
	}
	if got := s.Text()[0]; got != "after" {
		t.Errorf("Text() = %q", got)
	}
}

// TestOnlyEightJoin piles up marks, as those do who want to cover other lines.
func TestOnlyEightJoin(t *testing.T) {
	s := New(4, 1)
	write(t, s, []byte("\u0301e"+strings.Repeat("\u0301", 100)+"x"))
	if got, want := s.Line(0).String(), "e"+strings.Repeat("\u0301", maxMarks)+"x"; got != want {
		t.Errorf("the line is %q, want %q", got, want)
	}
}

// TestNothingTurnsText holds that what is read on a screen stands in the order of writing.
func TestNothingTurnsText(t *testing.T) {
	s := New(20, 1)
	write(t, s, []byte("rm \u202e\u2066x\u200f\u061c\u200by\u2028\ufeff"))
	if got := s.Line(0).String(); got != "rm xy" {
		t.Errorf("the line is %q", got)
	}
}

func TestSnapshotStaysAsItIs(t *testing.T) {
	for _, r := range recordings(t) {
		var snapshots []*Screen
		var shows []string
		end := play(t, r.text, func(s *Screen, _ step) {
			snapshots = append(snapshots, s.Snapshot())
			shows = append(shows, show(s))
		})
		for i, s := range snapshots {
			if got := show(s); got != shows[i] {
				t.Fatalf("%s: snapshot %d was\n%sand became\n%s", r.name, i, shows[i], got)
			}
		}
		// From a snapshot the rest leads to the same end.
		rest := snapshots[len(snapshots)/2]
		for _, step := range steps(t, r.text)[len(snapshots)/2+1:] {
			if step.command == "resize" {
				rest.Resize(step.columns, step.rows)
			}
			write(t, rest, step.out)
		}
		same(t, end, rest)
	}
}

func TestSnapshotCostsLittle(t *testing.T) {
	s := New(200, 60)
	write(t, s, []byte(strings.Repeat("a line of text that is of some length\r\n", 100)))
	if got := testing.AllocsPerRun(10, func() { _ = s.Snapshot() }); got > 8 {
		t.Errorf("Snapshot() allocates %v times", got)
	}
}

func TestEqual(t *testing.T) {
	screen := func(output string) *Screen {
		s := New(10, 2)
		write(t, s, []byte(output))
		return s
	}
	a := screen("hello \x1b[1m")
	for output, want := range map[string]bool{
		"hello ": true, "\x1b[2;2Hx\x1b[K\b \x1b[Hhello\x1b[C": true,
		"hello": false, "hello \x1b[?25l": false, "hello \x1b[2 q": false, "hell\x1b[1mo ": false, "hallo ": false,
	} {
		if got := a.Equal(screen(output)); got != want {
			t.Errorf("Equal(%q) = %v, want %v", output, got, want)
		}
	}
	if a.Equal(New(10, 3)) {
		t.Error("screens of different sizes are equal")
	}
}

func TestUnderlineColorIsReset(t *testing.T) {
	s := New(10, 1)
	write(t, s, []byte("\x1b[4:3;58:2:1:2:3ma\x1b[59mb"))
	line := s.Line(0)
	if a, b := line.Cells[0].Style(), line.Cells[1].Style(); a.UnderlineColor != RGB(1, 2, 3) || !b.UnderlineColor.IsDefault() || b.Underline != CurlyUnderline {
		t.Errorf("styles are %+v and %+v", a, b)
	}
}

func TestRuns(t *testing.T) {
	s := New(8, 1)
	write(t, s, []byte("a漢\x1b[31mb\x1b[m"))
	red := Style{Foreground: Indexed(1)}
	want := []Run{{0, 3, "a漢", Style{}}, {3, 1, "b", red}, {4, 4, "    ", Style{}}}
	if got := s.Line(0).Runs(); !slices.Equal(got, want) {
		t.Errorf("Runs() = %+v, want %+v", got, want)
	}
}

func TestCursorOfTheLastColumn(t *testing.T) {
	s := New(3, 2)
	write(t, s, []byte("abc"))
	if c := s.Cursor(); c.Column != 2 || c.Row != 0 || !c.Visible {
		t.Errorf("Cursor() = %+v", c)
	}
	write(t, s, []byte("d"))
	if c := s.Cursor(); c.Column != 1 || c.Row != 1 || !s.Line(1).Wrapped {
		t.Errorf("Cursor() = %+v", c)
	}
}

func BenchmarkWrite(b *testing.B) {
	for name, text := range map[string][]byte{
		"text":    bytes.Repeat([]byte("the quick brown fox jumps over the lazy dog\r\n"), 1000),
		"colours": bytes.Repeat([]byte("\x1b[1;32muser@host\x1b[0m:\x1b[34m~/src\x1b[m$ ls -l\r\n"), 1000),
		"chinese": bytes.Repeat([]byte("天地玄黃宇宙洪荒日月盈昃辰宿列張\r\n"), 1000),
	} {
		b.Run(name, func(b *testing.B) {
			s := New(80, 24)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := s.Write(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestSnapshotIsForAnotherGoroutine is for the race detector.
func TestSnapshotIsForAnotherGoroutine(t *testing.T) {
	s := New(80, 24)
	var wg sync.WaitGroup
	for range 50 {
		write(t, s, []byte("\x1b[3;4Hsome text\x1b[24H\n\x1b[41m\x1b[K"))
		other := s.Snapshot()
		wg.Go(func() {
			_ = other.Snapshot().Equal(other)
			_, _ = other.Write([]byte("\x1b[3;4Hother text\n\x1b[2Jx"))
		})
	}
	wg.Wait()
	check(t, s)
}

func TestPieces(t *testing.T) {
	s := New(16, 1)
	write(t, s, []byte("ab\x1b[1mc\x1b[m é漢e\u0301\x1b[7m─"))
	type piece struct {
		column, columns int
		text            string
		style           Attributes
	}
	want := []piece{{0, 2, "ab", 0}, {2, 1, "c", Bold}, {3, 1, " ", 0}, {4, 1, "é", 0}, {5, 2, "漢", 0}, {7, 1, "e\u0301", 0}, {8, 1, "─", Reverse}, {9, 7, "       ", 0}}
	var got []piece
	for _, p := range s.Line(0).Pieces() {
		got = append(got, piece{p.Column, p.Columns, p.Text, p.Style.Attributes})
	}
	if !slices.Equal(got, want) {
		t.Errorf("Pieces() = %v, want %v", got, want)
	}
}
