package screen

import (
	"slices"
	"testing"
)

func TestPart(t *testing.T) {
	s := New(10, 4)
	write(t, s, []byte("0123456789\r\n漢字漢字漢\r\nabc\x1b[2;5H"))
	for _, test := range []struct {
		column, row, columns, rows int
		text                       []string
		cursor                     Cursor
	}{
		{0, 0, 10, 4, []string{"0123456789", "漢字漢字漢", "abc", ""}, Cursor{Column: 4, Row: 1, Visible: true}},
		{1, 1, 4, 2, []string{" 字", "bc"}, Cursor{Column: 3, Row: 0, Visible: true}},
		{5, 0, 5, 2, []string{"56789", " 字漢"}, Cursor{}},
		{8, 2, 12, 6, []string{"", "", "", "", "", ""}, Cursor{}},
		{0, 0, 12, 6, []string{"0123456789", "漢字漢字漢", "abc", "", "", ""}, Cursor{Column: 4, Row: 1, Visible: true}},
	} {
		p := s.Part(test.column, test.row, test.columns, test.rows)
		if got := p.Text(); !slices.Equal(got, test.text) {
			t.Errorf("Part(%d, %d, %d, %d) shows %q, want %q", test.column, test.row, test.columns, test.rows, got, test.text)
		}
		c := p.Cursor()
		if c.Visible != test.cursor.Visible || c.Visible && c != test.cursor {
			t.Errorf("Part(%d, %d, %d, %d) has the cursor %+v, want %+v", test.column, test.row, test.columns, test.rows, c, test.cursor)
		}
		write(t, p, []byte("\x1b[1;1Hchanged"))
	}
	if got := s.Text()[0]; got != "0123456789" {
		t.Errorf("a change of a part changes the screen: %q", got)
	}
}
