package screen

// print shows a character.
func (s *Screen) print(r rune) {
	if r < del {
		r = s.charsets.translate(r)
	}
	switch w := widthOf(r); w {
	case none:
	case 0:
		s.join(r)
	default:
		s.put(r, "", w)
	}
}

// put shows a character, and what joins it, at the cursor.
func (s *Screen) put(r rune, marks string, width int) {
	b := s.shown()
	if b.x+width > s.columns {
		if s.modes.wrap {
			s.wrapLine()
		} else if b.x = s.columns - 1; width == 2 {
			return
		}
	}
	l := s.own(b.y)
	if b.x > 0 && l.cells[b.x-1].width == 2 {
		l.cells[b.x-1], l.cells[b.x] = blank(s.style), blank(s.style)
	}
	if s.modes.insert {
		l.insert(b.x, width, blank(s.style))
	}
	l.cells[b.x] = Cell{r: r, marks: marks, width: uint8(width), style: s.style}
	if width == 2 {
		l.cells[b.x+1] = Cell{style: s.style}
	}
	b.x += width
	if b.x < s.columns && l.cells[b.x].width == 0 {
		l.cells[b.x] = blank(s.style)
	}
	s.last = width
}

// wrapLine goes on in the next line, since a character has no room in this one.
func (s *Screen) wrapLine() {
	b := s.shown()
	if b.x < s.columns {
		s.own(b.y).replace(b.x, s.columns, blank(s.style))
	}
	b.x = 0
	switch {
	case b.y == b.bottom:
		s.feed()
	case b.y < s.rows-1:
		b.y++
	}
	s.setWrapped(b.y, true)
}

// join adds a character without a width to the one before the cursor. At the beginning of a
// line there is none, and it is left out.
func (s *Screen) join(r rune) {
	b := s.shown()
	x := b.x - 1
	if x > 0 && b.lines[b.y].cells[x].width == 0 {
		x--
	}
	if x < 0 {
		return
	}
	c := &s.own(b.y).cells[x]
	n := 0
	for range c.marks {
		n++
	}
	if n == maxMarks {
		return
	}
	if c.r == 0 {
		c.r = ' '
	}
	c.marks += string(r)
}

// printASCII shows the printable ASCII characters that p begins with, and returns how many
// it took. It does what print does with each of them, only faster.
func (s *Screen) printASCII(p []byte) int {
	if s.modes.insert || s.charsets.translates() {
		return 0
	}
	n := 0
	for n < len(p) && p[n] >= ' ' && p[n] < del {
		n++
	}
	for left := p[:n]; len(left) > 0; {
		s.put(rune(left[0]), "", 1) // mends a wide character it cuts, and wraps
		left = left[1:]
		taken := s.fill(len(left), func(i int) Cell { return Cell{r: rune(left[i]), width: 1, style: s.style} })
		left = left[taken:]
	}
	return n
}

// repeat shows the last character again (REP), with what joined it.
func (s *Screen) repeat(times int) {
	b := s.shown()
	if s.last == 0 || b.x < s.last {
		return
	}
	c := b.lines[b.y].cells[b.x-s.last]
	if c.r == 0 || c.width == 0 {
		return
	}
	for left := s.work.take(min(times, s.columns*s.rows)); left > 0; left-- {
		s.put(c.r, c.marks, int(c.width)) // mends a wide character it cuts, and wraps
		if c.width == 1 && !s.modes.insert {
			left -= s.fill(left-1, func(int) Cell { return Cell{r: c.r, marks: c.marks, width: 1, style: s.style} })
		}
	}
}

// fill shows up to n cells of one column each at the cursor, as many as have room, and
// returns how many these were.
func (s *Screen) fill(n int, cell func(i int) Cell) int {
	b := s.shown()
	n = min(n, s.columns-b.x)
	if n <= 0 {
		return 0
	}
	cells := s.own(b.y).cells
	for i := range n {
		cells[b.x+i] = cell(i)
	}
	b.x += n
	if b.x < s.columns && cells[b.x].width == 0 {
		cells[b.x] = blank(s.style)
	}
	return n
}
