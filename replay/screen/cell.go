package screen

import "unicode/utf8"

// maxMarks is how many characters can join that of a cell. Scripts need three, a flag of
// a region seven; who writes more wants to cover other lines, or to fill memory.
const maxMarks = 8

// Cell is one place on a screen.
type Cell struct {
	marks string // what joined r
	style Style
	r     rune  // 0 in a blank, and in the right half of a wide character
	width uint8 // 1; 2 in the left half of a wide character, 0 in its right half
}

// String returns the cell's character and what joined it: a space in a blank, nothing in the
// right half of a wide character. There is no control character in it.
func (c Cell) String() string { return string(c.append(nil)) }

// Width returns the number of columns that the cell's character takes: 1 or 2, or 0 in
// the right half of a wide character.
func (c Cell) Width() int { return int(c.width) }

// Style returns how the cell looks.
func (c Cell) Style() Style { return c.style }

// IsBlank reports whether nothing was written there, or what was is erased. A space that
// was written is no blank.
func (c Cell) IsBlank() bool { return c.r == 0 && c.width == 1 }

func (c Cell) append(to []byte) []byte {
	switch {
	case c.width == 0:
		return to
	case c.r == 0:
		return append(to, ' ')
	}
	return append(utf8.AppendRune(to, c.r), c.marks...)
}

// shown returns the cell as it is to be seen: a blank is a space.
func (c Cell) shown() Cell {
	if c.IsBlank() {
		c.r = ' '
	}
	return c
}

// isASCII reports whether nothing but printable ASCII is in the cell.
func (c *Cell) isASCII() bool { return c.r < del && c.width == 1 && c.marks == "" }

func blank(s Style) Cell { return Cell{style: s, width: 1} }
