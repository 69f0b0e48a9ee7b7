package screen

import "slices"

// Snapshot returns a screen of its own that is as s is now, in the middle of a sequence
// too. It costs a few bytes for each line: cells are copied when one of the two
// changes them. It may be used by another goroutine, and be written to.
func (s *Screen) Snapshot() *Screen {
	c := *s
	c.OnScroll, c.spare = nil, nil
	c.main = s.main.snapshot()
	if s.alternate != nil {
		c.alternate = s.alternate.snapshot()
	}
	c.parser.text = slices.Clone(s.parser.text)
	return &c
}

func (b *buffer) snapshot() *buffer {
	c := *b
	c.lines = make([]*line, len(b.lines))
	for i, l := range b.lines {
		c.lines[i] = l.share()
	}
	return &c
}

// Equal reports whether two screens look the same: their sizes, their cells, their cursors.
func (s *Screen) Equal(o *Screen) bool {
	if s.columns != o.columns || s.rows != o.rows || s.Cursor() != o.Cursor() {
		return false
	}
	for y, l := range s.shown().lines {
		if !l.looksLike(o.shown().lines[y]) {
			return false
		}
	}
	return true
}

func (l *line) looksLike(o *line) bool {
	return l == o || slices.EqualFunc(l.cells, o.cells, func(a, b Cell) bool { return a.shown() == b.shown() })
}
