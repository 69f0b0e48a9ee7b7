package screen

import "slices"

// buffer is one of the two screens that a terminal has.
type buffer struct {
	lines       []*line
	x, y        int // the cursor; x is the number of columns while a wrap is pending
	top, bottom int // the first and last line of what scrolls
	tabs        tabs
	saved       saved
}

// saved is what DECSC saves.
type saved struct {
	x, y     int
	style    Style
	charsets charsets
}

func (s *Screen) newBuffer(style Style) *buffer {
	b := &buffer{lines: make([]*line, s.rows), bottom: s.rows - 1, tabs: usualTabs()}
	for i := range b.lines {
		b.lines[i] = s.emptyLine(style)
	}
	return b
}

// shown returns the buffer that is to be seen.
func (s *Screen) shown() *buffer {
	if s.alternate != nil {
		return s.alternate
	}
	return s.main
}

// emptyLine returns a shared line of blanks: an erased screen costs as much as a line.
func (s *Screen) emptyLine(style Style) *line {
	fill := blank(style)
	if s.empty == nil || len(s.empty.cells) != s.columns || s.empty.cells[0] != fill {
		s.empty = newLine(s.columns, fill).share()
		s.empty.empty = true
	}
	return s.empty
}

// own returns a line of the screen that is shown, to be changed.
func (s *Screen) own(y int) *line {
	b := s.shown()
	l := b.lines[y]
	if l.shared {
		l = s.copied(l)
		b.lines[y] = l
	}
	l.empty, l.stamp = false, s.Stamp
	return l
}

// copied returns a copy of l, in memory that is there if it can be: new memory would be
// what a screen spends its time on.
func (s *Screen) copied(l *line) *line {
	n := len(s.spare)
	if n == 0 {
		return &line{cells: slices.Clone(l.cells), wrapped: l.wrapped}
	}
	c := s.spare[n-1]
	s.spare = s.spare[:n-1]
	copy(c.cells, l.cells)
	c.wrapped = l.wrapped
	return c
}

// drop keeps the memory of lines that are no longer anywhere.
func (s *Screen) drop(lines []*line) {
	for _, l := range lines {
		if !l.shared && len(l.cells) == s.columns && len(s.spare) < s.rows {
			s.spare = append(s.spare, l)
		}
	}
}

// setWrapped says whether a line goes on from the one before.
func (s *Screen) setWrapped(y int, wrapped bool) {
	if s.shown().lines[y].wrapped != wrapped {
		s.own(y).wrapped = wrapped
	}
}

// eraseStyle is what erased cells look like: they keep the background (bce in terminfo).
func (s *Screen) eraseStyle() Style { return Style{Background: s.style.Background} }

func (s *Screen) eraseCell() Cell { return blank(s.eraseStyle()) }

// leave hands lines of the main screen to OnScroll.
func (s *Screen) leave(lines []*line) {
	if s.OnScroll == nil || s.alternate != nil {
		return
	}
	for _, l := range lines {
		s.OnScroll(l.view())
	}
}

// scrollUp moves the lines from top to bottom up by n, and fills up with empty ones.
func (s *Screen) scrollUp(top, bottom, n int, style Style) {
	lines := s.shown().lines[top : bottom+1]
	n = min(n, len(lines))
	empty := s.emptyLine(style)
	s.drop(lines[:n])
	copy(lines, lines[n:])
	for i := len(lines) - n; i < len(lines); i++ {
		lines[i] = empty
	}
}

// scrollDown moves the lines from top to bottom down by n, and fills up with empty ones.
func (s *Screen) scrollDown(top, bottom, n int, style Style) {
	lines := s.shown().lines[top : bottom+1]
	n = min(n, len(lines))
	empty := s.emptyLine(style)
	s.drop(lines[len(lines)-n:])
	copy(lines[n:], lines)
	for i := range n {
		lines[i] = empty
	}
}

// feed scrolls by one line, since the cursor would leave the region at its bottom.
func (s *Screen) feed() {
	b := s.shown()
	if b.top == 0 {
		s.leave(b.lines[:1])
	}
	s.scrollUp(b.top, b.bottom, 1, s.eraseStyle())
}

// Drain hands what is left on the main screen to OnScroll, up to the last line with
// anything on it, and empties it: the end of a recording.
func (s *Screen) Drain() {
	s.alternate = nil
	s.clear()
}

// clear empties the screen that is shown.
func (s *Screen) clear() {
	b := s.shown()
	last := len(b.lines)
	for last > 0 && b.lines[last-1].isEmpty() {
		last--
	}
	s.leave(b.lines[:last])
	s.scrollUp(0, s.rows-1, s.rows, s.eraseStyle())
}
