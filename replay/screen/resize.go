package screen

// Resize gives the screen another size, in the limits that New has. Lines are cut on their
// right side, or filled up. If there are too many, those below the cursor go, then the first ones.
func (s *Screen) Resize(columns, rows int) {
	columns, rows = size(columns, rows)
	if columns == s.columns && rows == s.rows {
		return
	}
	if top := s.main.excess(rows); top > 0 && s.OnScroll != nil {
		for _, l := range s.main.lines[:top] {
			s.OnScroll(l.view())
		}
	}
	s.columns, s.rows = columns, rows
	s.last, s.spare = 0, nil
	s.main.resize(s)
	if s.alternate != nil {
		s.alternate.resize(s)
	}
}

// excess returns how many lines at the top have no place in a number of rows.
func (b *buffer) excess(rows int) int { return max(0, b.y+1-rows) }

func (b *buffer) resize(s *Screen) {
	top := b.excess(s.rows)
	old := b.lines[top:]
	lines := make([]*line, s.rows)
	for i := range lines {
		switch {
		case i >= len(old):
			lines[i] = s.emptyLine(Style{})
		case len(old[i].cells) == s.columns:
			lines[i] = old[i]
		case i > 0 && old[i] == old[i-1]:
			lines[i] = lines[i-1].share()
		default:
			lines[i] = old[i].resized(s.columns)
		}
	}
	b.lines = lines
	b.x, b.y = min(b.x, s.columns-1), b.y-top
	b.saved.x, b.saved.y = min(b.saved.x, s.columns-1), max(0, b.saved.y-top)
	b.top, b.bottom = 0, s.rows-1
	if !b.tabs.isSet(s.columns) {
		b.tabs.every(b.tabs.previous(s.columns), s.columns)
	}
}
