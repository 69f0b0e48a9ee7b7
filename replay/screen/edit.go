package screen

// edit does what changes cells at once, and reports whether it was that.
func (s *Screen) edit(final rune) bool {
	a, b := &s.parser.args, s.shown()
	n := a.count(0)
	switch final {
	case '@':
		s.restrict(s.columns - 1)
		s.own(b.y).insert(b.x, n, s.eraseCell())
	case 'J':
		s.eraseDisplay(a.at(0))
	case 'K':
		s.eraseLine(a.at(0))
	case 'L', 'M':
		s.shiftLines(n, final == 'L')
	case 'P':
		s.restrict(s.columns - 1)
		s.own(b.y).remove(b.x, n, s.eraseCell())
	case 'S':
		if n = min(n, b.bottom-b.top+1); b.top == 0 {
			s.leave(b.lines[:n])
		}
		s.scrollUp(b.top, b.bottom, n, s.eraseStyle())
	case 'T':
		s.scrollDown(b.top, b.bottom, n, Style{})
	case 'X':
		s.restrict(s.columns - 1)
		s.own(b.y).replace(b.x, b.x+n, s.eraseCell())
	default:
		return false
	}
	return true
}

// eraseDisplay does what ED does.
func (s *Screen) eraseDisplay(which int) {
	s.restrict(s.columns)
	b := s.shown()
	switch which {
	case 0:
		if b.x == 0 && b.y == 0 {
			s.clear()
			return
		}
		s.eraseLine(0)
		s.scrollUp(b.y+1, s.rows-1, s.rows, s.eraseStyle())
	case 1:
		s.eraseLine(1)
		s.setWrapped(b.y, false)
		if b.x+1 >= s.columns && b.y+1 < s.rows {
			s.setWrapped(b.y+1, false)
		}
		s.scrollUp(0, b.y-1, s.rows, s.eraseStyle())
	case 2:
		s.clear()
	}
}

// eraseLine does what EL does.
func (s *Screen) eraseLine(which int) {
	s.restrict(s.columns)
	b := s.shown()
	switch fill := s.eraseCell(); which {
	case 0:
		s.own(b.y).replace(b.x, s.columns, fill)
		if b.x == 0 {
			s.setWrapped(b.y, false)
		}
	case 1:
		s.own(b.y).replace(0, b.x+1, fill)
	case 2:
		b.lines[b.y] = s.emptyLine(s.eraseStyle())
	}
}

// shiftLines inserts or deletes lines at the cursor (IL, DL).
func (s *Screen) shiftLines(n int, insert bool) {
	s.restrict(s.columns - 1)
	b := s.shown()
	if b.y < b.top || b.y > b.bottom {
		return
	}
	if insert {
		s.scrollDown(b.y, b.bottom, n, s.eraseStyle())
	} else {
		s.scrollUp(b.y, b.bottom, n, s.eraseStyle())
	}
	b.x = 0
}

// shiftColumns inserts or deletes columns of all lines that scroll (SL, SR, DECIC, DECDC).
func (s *Screen) shiftColumns(at, n int, shift func(l *line, at, n int, fill Cell)) {
	b := s.shown()
	if b.y < b.top || b.y > b.bottom {
		return
	}
	at %= s.columns // a pending wrap
	left := s.work.take((b.bottom - b.top + 1) * s.columns)
	for y := b.top; y <= b.bottom && left >= s.columns; y++ {
		l := s.own(y)
		shift(l, at, n, s.eraseCell())
		l.wrapped = false
		left -= s.columns
	}
}
