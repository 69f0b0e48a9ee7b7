package screen

// setModes does what SM and RM do.
func (s *Screen) setModes(on bool) {
	a := &s.parser.args
	for i := range a.n {
		switch {
		case a.part[i]:
		case a.values[i] == 4:
			s.modes.insert = on
		case a.values[i] == 20:
			s.modes.lineFeedReturns = on
		}
	}
}

// setPrivateModes does what DECSET and DECRST do.
func (s *Screen) setPrivateModes(on bool) {
	a := &s.parser.args
	for i := range a.n {
		if !a.part[i] {
			s.setPrivateMode(a.values[i], on)
		}
	}
}

func (s *Screen) setPrivateMode(mode int32, on bool) {
	switch mode {
	case 2: // VT52
		if on {
			s.charsets.sets = [4]charset{}
		}
	case 6:
		s.modes.origin = on
		s.place(0, 0)
	case 7:
		s.modes.wrap = on
	case 25:
		s.cursor.hidden = !on
	case 45:
		s.modes.reverseWrap = on
	case 47, 1047, 1049:
		s.switchScreen(on, mode == 1049)
	case 1048:
		if on {
			s.saveCursor()
		} else {
			s.restoreCursor()
		}
	}
}

// switchScreen shows the alternate screen, which begins empty, or goes back to the main one.
func (s *Screen) switchScreen(alternate, cursorToo bool) {
	if alternate && cursorToo {
		s.saveCursor()
	}
	switch b := s.shown(); {
	case alternate && s.alternate == nil:
		s.alternate = s.newBuffer(s.eraseStyle())
		s.alternate.x, s.alternate.y = b.x, b.y
	case !alternate && s.alternate != nil:
		s.main.x, s.main.y = b.x, b.y
		s.alternate = nil
	}
	if !alternate && cursorToo {
		s.restoreCursor()
	}
}
