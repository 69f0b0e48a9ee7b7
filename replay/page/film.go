package page

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/sshtrail/sshtrail/replay/palette"
	"github.com/sshtrail/sshtrail/replay/screen"
)

const (
	// chunkSize is how much data a chunk has before it is compressed, but for its last
	// screen. A page shows no moment before it has read the chunk that it is in.
	chunkSize    = 256 << 10
	chunkScreens = 2000
	maxMarks     = 1 << 14
)

// film makes chunks of screens.
type film struct {
	out      *document
	chunks   []int64 // when each begins, ms
	marks    []int64 // where programs begin, and prompts seem to be, ms
	last     int64   // ms
	activity *activity

	number  uint64 // of the screen that is next, and what its lines are stamped with
	chunk   chunk
	now     shot
	screens int // in the chunk
	taken   int64
}

// shot is what a screen shows, by numbers of lines in its chunk.
type shot struct {
	columns, rows int
	lines         []int
	cursor        [3]int
	known         map[*screen.Cell]known // the lines that it was taken of
}

// known is a line that has a number. It is the same line as long as its stamp is the same.
type known struct{ stamp, number uint64 }

// chunk is one in the making.
type chunk struct {
	looks, lines, screens []byte // JSON: elements, each with a comma behind it
	lookOf                map[screen.Style]int
	lineOf                map[string]int
}

// take adds a screen, if it is another than the last one.
func (f *film) take(s *screen.Screen, at time.Duration) {
	ms := max(milliseconds(at), f.taken)
	if f.screens >= chunkScreens || len(f.chunk.looks)+len(f.chunk.lines)+len(f.chunk.screens) >= chunkSize {
		f.cut()
	}
	if f.screens == 0 {
		f.chunks = append(f.chunks, ms)
		f.taken = ms
		f.chunk = chunk{lookOf: map[screen.Style]int{}, lineOf: map[string]int{"[]": 0}, lines: []byte("[],")}
		f.now = shot{}
	}
	next := f.shoot(s)
	if f.screens == 0 || f.now.differs(&next) {
		f.chunk.add(&f.now, &next, ms-f.taken)
		f.taken = ms
		f.screens++
	}
	f.now = next
	f.number++
	s.Stamp = f.number + 1 // 0 is for lines without a stamp
}

// shoot returns what a screen shows.
func (f *film) shoot(s *screen.Screen) shot {
	columns, rows := s.Size()
	c := s.Cursor()
	next := shot{columns: columns, rows: rows, lines: make([]int, rows), known: make(map[*screen.Cell]known, rows)}
	next.cursor = [3]int{c.Column, c.Row, cursorOf(c)}
	for y := range rows {
		l := s.Line(y)
		key := &l.Cells[0]
		k, ok := f.now.known[key]
		if !ok || k.stamp != l.Stamp {
			if k, ok = next.known[key]; !ok {
				k = known{l.Stamp, uint64(f.chunk.line(l))}
			}
		}
		next.known[key], next.lines[y] = k, int(k.number)
	}
	return next
}

func (s *shot) differs(o *shot) bool {
	return s.columns != o.columns || s.rows != o.rows || s.cursor != o.cursor || !slices.Equal(s.lines, o.lines)
}

// cut ends the chunk.
func (f *film) cut() {
	if f.screens == 0 {
		return
	}
	f.out.chunk(f.chunk.looks, f.chunk.lines, f.chunk.screens)
	f.chunk, f.screens = chunk{}, 0
}

// line returns the number of a line.
func (c *chunk) line(l screen.Line) int {
	text := c.encode(l)
	if n, ok := c.lineOf[string(text)]; ok {
		return n
	}
	n := len(c.lineOf)
	c.lineOf[string(text)] = n
	c.lines = append(append(c.lines, text...), ',')
	return n
}

// encode returns a line as JSON, without the spaces at its end that look like nothing.
func (c *chunk) encode(l screen.Line) []byte {
	pieces := l.Pieces()
	if n := len(pieces); n > 0 && pieces[n-1].Style == (screen.Style{}) && pieces[n-1].Columns == len(pieces[n-1].Text) {
		last := &pieces[n-1]
		for last.Columns > 0 && last.Text[last.Columns-1] == ' ' {
			last.Columns--
			last.Text = last.Text[:last.Columns]
		}
		if last.Columns == 0 {
			pieces = pieces[:n-1]
		}
	}
	out := []byte{'['}
	for i := 0; i < len(pieces); {
		end := i + 1
		if !simple(pieces[i]) {
			for end < len(pieces) && !simple(pieces[end]) && pieces[end].Style == pieces[i].Style && pieces[end].Columns == pieces[i].Columns {
				end++
			}
		}
		out = strconv.AppendInt(out, int64(c.look(pieces[i].Style)), 10)
		out = append(appendText(append(out, ','), pieces[i:end]), ',')
		i = end
	}
	return closed(out)
}

// simple reports whether a piece is ASCII.
func simple(p screen.Run) bool { return p.Columns == len(p.Text) }

// closed ends a JSON array, with a comma in place of which its end goes.
func closed(array []byte) []byte {
	if array[len(array)-1] == ',' {
		array = array[:len(array)-1]
	}
	return append(array, ']')
}

func appendText(out []byte, pieces []screen.Run) []byte {
	if simple(pieces[0]) {
		return appendString(out, pieces[0].Text)
	}
	wide := pieces[0].Columns == 2
	if wide {
		out = append(out, `{"w":`...)
	}
	out = append(out, '[')
	for _, p := range pieces {
		out = append(appendString(out, p.Text), ',')
	}
	if out = closed(out); wide {
		out = append(out, '}')
	}
	return out
}

func appendString(out []byte, text string) []byte {
	quoted, _ := json.Marshal(text) // of a string there is always one
	return append(out, quoted...)
}

// look returns the number of a style.
func (c *chunk) look(s screen.Style) int {
	n, ok := c.lookOf[s]
	if !ok {
		n = len(c.lookOf)
		c.lookOf[s] = n
		c.looks = fmt.Appendf(c.looks, "[%s,%s,%d,%d,%s],", colour(s.Foreground), colour(s.Background), s.Attributes, s.Underline, colour(s.UnderlineColor))
	}
	return n
}

func colour(c screen.Color) string {
	if fixed := palette.Fixed(c); fixed != "" {
		return `"` + fixed + `"`
	}
	if n, ok := c.Index(); ok {
		return strconv.Itoa(int(n) + 1)
	}
	return "0"
}

// add adds a screen that comes so many milliseconds after another.
func (c *chunk) add(before, next *shot, ms int64) {
	lines, shift := before.lines, 0
	resized := before.columns != next.columns || before.rows != next.rows
	if resized {
		lines = make([]int, next.rows)
	} else if shift = scrolled(before.lines, next.lines); shift > 0 {
		lines = append(slices.Clone(lines[shift:]), make([]int, shift)...)
	}
	out := fmt.Appendf(c.screens, "[%d,%d,%d,%d,%d,[", ms, next.cursor[0], next.cursor[1], next.cursor[2], shift)
	for y, n := range next.lines {
		if n != lines[y] {
			out = fmt.Appendf(out, "%d,%d,", y, n)
		}
	}
	out = closed(out)
	if resized {
		out = fmt.Appendf(out, ",%d,%d", next.columns, next.rows)
	}
	c.screens = append(out, ']', ',')
}

// scrolled returns by how many lines up a screen is best taken to have scrolled.
func scrolled(before, next []int) int {
	best, shift := same(before, next)+3, 0 // few lines are told sooner than that
	for n := 1; n < len(next) && len(next)-n > best; n++ {
		if s := same(before[n:], next); s > best {
			best, shift = s, n
		}
	}
	return shift
}

// same returns how many lines are the same, up to the end of the shorter screen.
func same(a, b []int) int {
	n := 0
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			n++
		}
	}
	return n
}
