package screen

import "slices"

// Line is one line of a screen.
type Line struct {
	// Cells are the screen's: they are to be read, and only until it is written to.
	Cells []Cell
	// Wrapped says that the line goes on from the one before, which was full.
	Wrapped bool
	// Stamp is the screen's of when the line was changed last; 0 in one that is empty
	// since it was new or erased.
	Stamp uint64
}

// String returns the line's text without the blanks and spaces at its end.
func (l Line) String() string {
	end := len(l.Cells)
	for end > 0 && l.Cells[end-1].shown().r == ' ' && l.Cells[end-1].marks == "" {
		end--
	}
	return text(l.Cells[:end])
}

// Full returns the line's text without the blanks at its end: a line that goes on in the
// next one needs its spaces.
func (l Line) Full() string {
	end := len(l.Cells)
	for end > 0 && l.Cells[end-1].IsBlank() {
		end--
	}
	return text(l.Cells[:end])
}

func text(cells []Cell) string {
	b := make([]byte, 0, len(cells))
	for i := range cells {
		b = cells[i].append(b)
	}
	return string(b)
}

// Run is what stands side by side in one line and looks the same.
type Run struct {
	Column  int // of its first cell, from 0
	Columns int // how many it takes
	Text    string
	Style   Style
}

// Runs returns a line's runs, from left to right, each cell in one of them.
func (l Line) Runs() []Run {
	var runs []Run
	for i := 0; i < len(l.Cells); {
		end := i + 1
		for end < len(l.Cells) && (l.Cells[end].width == 0 || l.Cells[end].style == l.Cells[i].style) {
			end++
		}
		runs = append(runs, Run{Column: i, Columns: end - i, Text: text(l.Cells[i:end]), Style: l.Cells[i].style})
		i = end
	}
	return runs
}

// Pieces returns a line's runs, taken apart where a font may need another room than the
// terminal's grid has: each is printable ASCII, or one character with what joined it. Blanks
// are spaces.
func (l Line) Pieces() []Run {
	var pieces []Run
	for i := 0; i < len(l.Cells); {
		c := &l.Cells[i]
		end := i + max(1, int(c.width))
		for c.isASCII() && end < len(l.Cells) && l.Cells[end].style == c.style && l.Cells[end].isASCII() {
			end++
		}
		pieces = append(pieces, Run{Column: i, Columns: end - i, Text: text(l.Cells[i:end]), Style: c.style})
		i = end
	}
	return pieces
}

// line is a line in a buffer. A shared one is in several places and never changes.
type line struct {
	cells   []Cell
	stamp   uint64
	wrapped bool
	shared  bool
	empty   bool // known to hold blanks alone; a line that is not shared may too
}

func newLine(columns int, fill Cell) *line {
	l := &line{cells: make([]Cell, columns)}
	for i := range l.cells {
		l.cells[i] = fill
	}
	return l
}

// view returns l as others see it.
func (l *line) view() Line { return Line{Cells: l.cells, Wrapped: l.wrapped, Stamp: l.stamp} }

// share makes l fit to be in several places.
func (l *line) share() *line {
	if !l.shared { // what is shared may be read elsewhere at this moment
		l.shared = true
	}
	return l
}

// resized returns a copy of another length.
func (l *line) resized(columns int) *line {
	cells := make([]Cell, columns)
	n := copy(cells, l.cells)
	for i := n; i < columns; i++ {
		cells[i] = blank(Style{})
	}
	if last := &cells[columns-1]; last.width == 2 {
		*last = blank(last.style)
	}
	return &line{cells: cells, stamp: l.stamp, wrapped: l.wrapped, empty: l.empty}
}

// isEmpty reports whether nothing is to be seen in l but perhaps a background.
func (l *line) isEmpty() bool {
	return l.empty || !slices.ContainsFunc(l.cells, func(c Cell) bool { return !c.IsBlank() })
}

// replace fills the cells from start up to end. Half of a wide character is none.
func (l *line) replace(start, end int, fill Cell) {
	end = min(end, len(l.cells))
	if start >= end {
		return
	}
	if start > 0 && l.cells[start-1].width == 2 {
		l.cells[start-1] = fill
	}
	if end < len(l.cells) && l.cells[end-1].width == 2 {
		l.cells[end] = fill
	}
	for i := start; i < end; i++ {
		l.cells[i] = fill
	}
}

// insert makes room for n cells at a column. What is pushed over the right edge is gone.
func (l *line) insert(at, n int, fill Cell) {
	n = min(n, len(l.cells)-at)
	if at > 0 && l.cells[at-1].width == 2 {
		l.cells[at-1] = fill
		l.cells[at] = blank(l.cells[at].style)
	}
	copy(l.cells[at+n:], l.cells[at:])
	for i := at; i < at+n; i++ {
		l.cells[i] = fill
	}
	if last := &l.cells[len(l.cells)-1]; last.width == 2 {
		*last = fill
	}
}

// remove takes n cells out at a column, and fills up the line's end.
func (l *line) remove(at, n int, fill Cell) {
	n = min(n, len(l.cells)-at)
	copy(l.cells[at:], l.cells[at+n:])
	for i := len(l.cells) - n; i < len(l.cells); i++ {
		l.cells[i] = fill
	}
	if at > 0 && l.cells[at-1].width == 2 {
		l.cells[at-1] = fill
	}
	if l.cells[at].width == 0 {
		l.cells[at] = fill
	}
}
