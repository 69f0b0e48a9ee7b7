package screen

// Part returns a screen of its own, of another size, that shows s from a column and a row
// on: blanks where s has nothing, and in place of half of a wide character. Its cursor is
// hidden if that of s is elsewhere.
func (s *Screen) Part(column, row, columns, rows int) *Screen {
	p := New(columns, rows)
	for y := range p.rows {
		if row+y < s.rows {
			p.main.lines[y] = s.shown().lines[row+y].part(column, p.columns)
		}
	}
	c := s.Cursor()
	p.cursor = s.cursor
	x, y := c.Column-column, c.Row-row
	if x < 0 || x >= p.columns || y < 0 || y >= p.rows {
		p.cursor.hidden = true
	}
	p.main.x, p.main.y = max(0, min(x, p.columns-1)), max(0, min(y, p.rows-1))
	return p
}

func (l *line) part(column, columns int) *line {
	p := newLine(columns, blank(Style{}))
	n := copy(p.cells, l.cells[min(column, len(l.cells)):])
	if n > 0 && p.cells[0].width == 0 {
		p.cells[0] = blank(p.cells[0].style)
	}
	if n > 0 && p.cells[n-1].width == 2 {
		p.cells[n-1] = blank(p.cells[n-1].style)
	}
	return p
}
