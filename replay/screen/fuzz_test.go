package screen

import (
	"bytes"
	"testing"

	"github.com/sshtrail/sshtrail/internal/torture"
)

// FuzzScreen holds what must be so whatever is written: see check.
func FuzzScreen(f *testing.F) {
	for _, r := range recordings(f) {
		for i, s := range steps(f, r.text) {
			if s.command == "out" && i%7 == 1 {
				f.Add(s.out, uint8(80), uint8(24), uint16(i))
			}
		}
	}
	f.Fuzz(func(t *testing.T, input []byte, columns, rows uint8, cut uint16) {
		hold(t, input, int(columns), int(rows), int(cut))
	})
}

// TestChanceHolds writes sequences of chance, whole and broken.
func TestChanceHolds(t *testing.T) {
	rig := torture.New(t)
	for range rig.Rounds(100) {
		c := &chance{Rand: rig.Rand, columns: 1 + rig.IntN(30), rows: 1 + rig.IntN(12)}
		var input []byte
		for range 1 + rig.IntN(60) {
			part := []byte(c.output())
			switch rig.IntN(8) {
			case 0:
				part = part[:rig.IntN(len(part)+1)]
			case 1:
				part = []byte(hostile[rig.IntN(len(hostile))])
			case 2:
				part[rig.IntN(len(part))] = byte(rig.IntN(256))
			}
			input = append(input, part...)
		}
		hold(t, input, c.columns, c.rows, rig.IntN(len(input)+1))
	}
}

// hold holds what must be so of any input: it makes a screen, the same one wherever the input is
// cut, and from a snapshot too.
func hold(t testing.TB, input []byte, columns, rows, cut int) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("the input is %q, cut at %d, of a screen of %d×%d", input, cut, columns, rows)
		}
	}()
	whole := New(columns, rows)
	write(t, whole, input)
	check(t, whole)

	parts := New(columns, rows)
	at := min(cut, len(input))
	write(t, parts, input[:at])
	check(t, parts)
	middle := parts.Snapshot()
	write(t, parts, input[at:])
	same(t, whole, parts)
	write(t, middle, input[at:])
	same(t, whole, middle)

	bytewise := New(columns, rows)
	for i := range input {
		write(t, bytewise, input[i:i+1])
	}
	same(t, whole, bytewise)

	whole.Resize(rows, columns)
	check(t, whole)
	write(t, whole, input)
	check(t, whole)
}

func write(t testing.TB, s *Screen, p []byte) {
	t.Helper()
	if n, err := s.Write(p); n != len(p) || err != nil {
		t.Fatalf("Write() = %d, %v, want %d, nil", n, err, len(p))
	}
}

// same holds two screens to be in the same state, also in what is not to be seen.
func same(t testing.TB, a, b *Screen) {
	t.Helper()
	if !a.Equal(b) {
		t.Fatalf("screens differ:\n%s\n%s", show(a), show(b))
	}
	hidden := func(s *Screen) any {
		type all struct {
			modes    modes
			style    Style
			charsets charsets
			title    string
			x, last  int
			saved    saved
			tabs     tabs
			top      int
			bottom   int
			state    state
			decoder  decoder
			skipped  int
		}
		v := s.shown()
		return all{s.modes, s.style, s.charsets, s.title, v.x, s.last, v.saved, v.tabs, v.top, v.bottom, s.parser.state, s.decoder, s.work.skipped}
	}
	if x, y := hidden(a), hidden(b); x != y {
		t.Fatalf("screens differ in what is not shown:\n%+v\n%+v", x, y)
	}
}

// check holds a screen to be a screen, and to be drawn by WriteANSI as it is.
func check(t testing.TB, s *Screen) {
	t.Helper()
	columns, rows := s.Size()
	if c := s.Cursor(); c.Column < 0 || c.Column >= columns || c.Row < 0 || c.Row >= rows {
		t.Fatalf("the cursor is at %d,%d of %d×%d", c.Column, c.Row, columns, rows)
	}
	if b := s.shown(); b.x > columns || b.top < 0 || b.top > b.bottom || b.bottom >= rows || len(b.lines) != rows {
		t.Fatalf("x %d, region %d to %d, %d lines, in %d×%d", b.x, b.top, b.bottom, len(b.lines), columns, rows)
	}
	for y := range rows {
		checkLine(t, s.Line(y), columns)
	}
	var out bytes.Buffer
	if err := s.WriteANSI(&out); err != nil {
		t.Fatal(err)
	}
	harmless(t, out.Bytes())
	drawn := New(columns, rows)
	write(t, drawn, out.Bytes())
	if !drawn.Equal(s) {
		t.Fatalf("WriteANSI draws another screen: %q\n%s\n%s", out.Bytes(), show(drawn), show(s))
	}
}

func checkLine(t testing.TB, l Line, columns int) {
	t.Helper()
	if len(l.Cells) != columns {
		t.Fatalf("a line has %d cells of %d", len(l.Cells), columns)
	}
	covered := 0
	for _, r := range l.Runs() {
		covered += r.Columns
	}
	if covered != columns {
		t.Fatalf("runs cover %d of %d columns", covered, columns)
	}
	for x, c := range l.Cells {
		left := x > 0 && l.Cells[x-1].width == 2
		if left != (c.width == 0) || c.width > 2 || c.width == 0 && (c.r != 0 || c.marks != "" || c.style != l.Cells[x-1].style) {
			t.Fatalf("cell %d is %+v after %+v", x, c, l.Cells[max(0, x-1)])
		}
		for _, r := range c.String() {
			if widthOf(r) == none {
				t.Fatalf("cell %d has %q in it", x, c.String())
			}
		}
	}
	if l.Cells[columns-1].width == 2 {
		t.Fatal("the last cell is half of a wide character")
	}
}

// harmless holds output to have no control character but the ESC of sequences that only
// draw. It reads them by itself.
func harmless(t testing.TB, out []byte) {
	t.Helper()
	for i := 0; i < len(out); i++ {
		c := out[i]
		if c != esc && (c < ' ' || c == del) || c == 0xc2 && out[i+1] < 0xa0 {
			t.Fatalf("control character %#x in %q", c, out)
		}
		if c != esc {
			continue
		}
		end := i + 2
		for end < len(out) && bytes.IndexByte([]byte("0123456789;:? "), out[end]) >= 0 {
			end++
		}
		switch sequence := string(out[i:min(end+1, len(out))]); {
		case out[i+1] != '[' || end == len(out):
			t.Fatalf("sequence %q", sequence)
		case out[end] == 'm', out[end] == 'H', sequence == "\x1b[?25h", sequence == "\x1b[?25l":
		case out[end] == 'q' && out[end-1] == ' ':
		default:
			t.Fatalf("sequence %q", sequence)
		}
		i = end
	}
}
