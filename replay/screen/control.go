package screen

// control acts on a control character.
func (s *Screen) control(r rune) {
	s.last = 0
	b := s.shown()
	switch r {
	case '\b':
		s.backspace()
	case '\t':
		if b.x < s.columns {
			b.x = b.tabs.next(b.x, s.columns)
		}
	case '\n', '\v', '\f':
		s.lineFeed()
	case '\r':
		b.x = 0
	case 0x0e: // SO
		s.charsets.active = 1
	case 0x0f: // SI
		s.charsets.active = 0
	case 0x84: // IND
		s.index()
	case 0x85: // NEL
		b.x = 0
		s.index()
	case 0x88: // HTS
		b.tabs.set(b.x)
	case 0x8d: // RI
		s.reverseIndex()
	}
}

func (s *Screen) backspace() {
	b := s.shown()
	if !s.modes.reverseWrap {
		s.restrict(s.columns - 1)
		b.x = max(0, b.x-1)
		return
	}
	s.restrict(s.columns)
	switch {
	case b.x > 0:
		b.x--
	case b.y > b.top && b.y <= b.bottom && b.lines[b.y].wrapped:
		s.setWrapped(b.y, false)
		b.y--
		b.x = s.columns - 1
		if c := b.lines[b.y].cells[b.x]; c.width == 1 && c.r == 0 {
			b.x-- // a wide character had no room there
		}
	}
	s.restrict(s.columns - 1)
}

func (s *Screen) lineFeed() {
	b := s.shown()
	if s.modes.lineFeedReturns || s.returns {
		b.x = 0
	}
	switch {
	case b.y == b.bottom:
		s.feed()
	case b.y < s.rows-1:
		b.y++
		s.setWrapped(b.y, false)
	}
	b.x = min(b.x, s.columns-1)
}

// index moves the cursor down, and scrolls at the bottom.
func (s *Screen) index() {
	s.restrict(s.columns - 1)
	b := s.shown()
	switch {
	case b.y == b.bottom:
		s.feed()
	case b.y < s.rows-1:
		b.y++
	}
	s.restrict(s.columns - 1)
}

// reverseIndex moves the cursor up, and scrolls at the top.
func (s *Screen) reverseIndex() {
	s.restrict(s.columns - 1)
	b := s.shown()
	if b.y == b.top {
		s.scrollDown(b.top, b.bottom, 1, s.eraseStyle())
		return
	}
	b.y--
	s.restrict(s.columns - 1)
}

// escDispatch acts on what ESC and perhaps an intermediate came before.
func (s *Screen) escDispatch(final rune) {
	s.last = 0
	b := s.shown()
	switch p := &s.parser; {
	case p.many:
	case p.intermediate == '#' && final == '8':
		s.align()
	case p.intermediate != 0:
		s.charsets.designate(p.intermediate, final)
	case final == '7':
		s.saveCursor()
	case final == '8':
		s.restoreCursor()
	case final == 'D':
		s.index()
	case final == 'E':
		b.x = 0
		s.index()
	case final == 'H':
		b.tabs.set(b.x)
	case final == 'M':
		s.reverseIndex()
	case final == 'c':
		s.Drain()
		s.reset()
	default:
		s.charsets.shift(final)
	}
}

// align fills the screen with E (DECALN).
func (s *Screen) align() {
	b := s.shown()
	l := newLine(s.columns, Cell{r: 'E', width: 1, style: s.style}).share()
	l.stamp = s.Stamp
	for i := range b.lines {
		b.lines[i] = l
	}
	s.place(0, 0)
}
