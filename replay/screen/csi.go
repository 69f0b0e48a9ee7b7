package screen

// csiDispatch acts on a control sequence. What is not here asks for something else than a
// picture.
func (s *Screen) csiDispatch(final rune) {
	switch p := &s.parser; {
	case p.prefix == 0 && p.intermediate == 0:
		s.sequence(final)
	case p.prefix == '?' && p.intermediate == 0:
		s.privateSequence(final)
	case p.prefix == 0:
		s.longSequence(p.intermediate, final)
	}
}

func (s *Screen) sequence(final rune) {
	if s.edit(final) {
		return
	}
	a := &s.parser.args
	switch final {
	case 'b':
		s.repeat(a.count(0))
	case 'g':
		s.clearTabs(a.at(0))
	case 'h', 'l':
		s.setModes(final == 'h')
	case 'm':
		s.style.apply(a)
	case 'r':
		s.setRegion(a.count(0), a.at(1))
	case 's':
		s.saveCursor()
	case 'u':
		s.restoreCursor()
	default:
		s.move(final)
	}
}

func (s *Screen) privateSequence(final rune) {
	switch final {
	case 'J':
		s.eraseDisplay(s.parser.args.at(0))
	case 'K':
		s.eraseLine(s.parser.args.at(0))
	case 'h', 'l':
		s.setPrivateModes(final == 'h')
	}
}

func (s *Screen) longSequence(intermediate byte, final rune) {
	n := s.parser.args.count(0)
	switch string([]rune{rune(intermediate), final}) {
	case " @":
		s.shiftColumns(0, n, (*line).remove)
	case " A":
		s.shiftColumns(0, n, (*line).insert)
	case "'}":
		s.shiftColumns(s.shown().x, n, (*line).insert)
	case "'~":
		s.shiftColumns(s.shown().x, n, (*line).remove)
	case " q":
		s.cursor.set(s.parser.args.at(0))
	case "!p":
		s.softReset()
	}
}

// softReset does what DECSTR does: the picture stays, and what is to come is usual again.
func (s *Screen) softReset() {
	b := s.shown()
	b.top, b.bottom = 0, s.rows-1
	b.saved = saved{}
	s.style, s.charsets, s.modes, s.cursor = Style{}, charsets{}, modes{wrap: true}, cursor{}
}

// setRegion says which lines scroll (DECSTBM).
func (s *Screen) setRegion(top, bottom int) {
	if bottom == 0 || bottom > s.rows {
		bottom = s.rows
	}
	if top >= bottom {
		return
	}
	b := s.shown()
	b.top, b.bottom = top-1, bottom-1
	s.place(0, 0)
}

func (s *Screen) clearTabs(which int) {
	switch b := s.shown(); which {
	case 0:
		b.tabs.clear(b.x)
	case 3:
		b.tabs = tabs{}
	}
}
