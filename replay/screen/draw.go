package screen

import (
	"io"
	"strconv"
)

// WriteANSI draws the screen on a terminal that is at least as large, from its upper left
// corner. Each cell is written, so what was there before does not matter, but scroll
// region, origin mode, insert mode and character sets must be the usual ones. It uses SGR,
// moves and looks of the cursor, and text without any control character: nothing that could
// make a terminal answer, remember, or do anything else.
func (s *Screen) WriteANSI(w io.Writer) error {
	d := pen{x: -1, out: []byte("\x1b[0m")}
	for y, l := range s.shown().lines {
		d.draw(y, 0, l.cells)
	}
	d.setStyle(Style{})
	d.setCursor(s.Cursor(), nil)
	_, err := w.Write(d.out)
	return err
}

// WriteDiff makes a terminal that shows prev show next, with what is different alone. A
// screen of another size is drawn as a whole: what prev has beside it stays.
func WriteDiff(w io.Writer, prev, next *Screen) error {
	if prev.columns != next.columns || prev.rows != next.rows {
		return next.WriteANSI(w)
	}
	d := pen{x: -1}
	for y, l := range next.shown().lines {
		if before := prev.shown().lines[y]; before != l {
			d.change(y, before.cells, l.cells)
		}
	}
	d.setStyle(Style{})
	if c, before := next.Cursor(), prev.Cursor(); c != before || len(d.out) > 0 {
		d.setCursor(c, &before)
	}
	if len(d.out) == 0 {
		return nil
	}
	_, err := w.Write(d.out)
	return err
}

// pen draws on a terminal.
type pen struct {
	out   []byte
	x, y  int // where the terminal's cursor is; x is -1 if that is not sure
	style Style
}

// bridged is how many unchanged cells are drawn again because to jump over them is longer.
const bridged = 4

// change draws the cells of a line that are not as before.
func (d *pen) change(y int, before, cells []Cell) {
	same := func(x int) bool { return before[x].shown() == cells[x].shown() }
	for x := 0; x < len(cells); x++ {
		if same(x) {
			continue
		}
		end := x + 1
		for i := end; i < len(cells) && i-end < bridged; i++ {
			if !same(i) {
				end = i + 1
			}
		}
		if cells[x].width == 0 {
			x--
		}
		if end < len(cells) && cells[end].width == 0 {
			end++
		}
		d.draw(y, x, cells[x:end])
		x = end - 1
	}
}

// draw writes cells to a place.
func (d *pen) draw(y, x int, cells []Cell) {
	for i := range cells {
		c := &cells[i]
		if c.width == 0 {
			continue
		}
		d.moveTo(x+i, y)
		d.setStyle(c.style)
		d.out = c.append(d.out)
		if d.x++; c.r >= 0x7f || c.marks != "" {
			d.x = -1 // terminals differ in how far they have gone
		}
	}
}

func (d *pen) moveTo(x, y int) {
	if d.x == x && d.y == y {
		return
	}
	d.out = append(d.out, "\x1b["...)
	d.out = strconv.AppendInt(d.out, int64(y+1), 10)
	d.out = append(d.out, ';')
	d.out = strconv.AppendInt(d.out, int64(x+1), 10)
	d.out = append(d.out, 'H')
	d.x, d.y = x, y
}

// setCursor leaves the cursor as it is to be seen; before, if it is known, says how it looks.
func (d *pen) setCursor(c Cursor, before *Cursor) {
	d.x = -1
	d.moveTo(c.Column, c.Row)
	if before == nil || c.Shape != before.Shape || c.Blink != before.Blink {
		n := 2 * int64(c.Shape)
		if c.Blink {
			n--
		}
		d.out = append(strconv.AppendInt(append(d.out, "\x1b["...), n, 10), " q"...)
	}
	if before == nil || c.Visible != before.Visible {
		final := byte('l')
		if c.Visible {
			final = 'h'
		}
		d.out = append(append(d.out, "\x1b[?25"...), final)
	}
}

// setStyle changes how what follows looks.
func (d *pen) setStyle(s Style) {
	if s == d.style {
		return
	}
	d.style = s
	d.out = append(d.out, "\x1b[0"...)
	for n := range int32(64) {
		if a := attribute(n); a != 0 && s.Attributes&a != 0 {
			d.out = strconv.AppendInt(append(d.out, ';'), int64(n), 10)
		}
	}
	switch s.Underline {
	case NoUnderline:
	case SingleUnderline:
		d.out = append(d.out, ";4"...)
	case DoubleUnderline:
		d.out = append(d.out, ";21"...)
	default:
		d.out = strconv.AppendInt(append(d.out, ";4:"...), int64(s.Underline), 10)
	}
	d.out = s.Foreground.append(d.out, 30)
	d.out = s.Background.append(d.out, 40)
	d.out = s.UnderlineColor.append(d.out, 50)
	d.out = append(d.out, 'm')
}

// append adds the arguments of SGR for a colour. What many terminals do not know, the colour of
// an underline, has colons, so that they read over it.
func (c Color) append(to []byte, base int64) []byte {
	separator := byte(';')
	if base == 50 {
		separator = ':'
	}
	number := func(to []byte, n int64) []byte { return strconv.AppendInt(to, n, 10) }
	if n, ok := c.Index(); ok {
		switch {
		case n < 8 && base != 50:
			return number(append(to, ';'), base+int64(n))
		case n < 16 && base != 50:
			return number(append(to, ';'), base+60+int64(n-8))
		}
		to = number(append(to, ';'), base+8)
		to = append(to, separator, '5', separator)
		return number(to, int64(n))
	}
	r, g, b, ok := c.Parts()
	if !ok {
		return to
	}
	to = number(append(to, ';'), base+8)
	to = append(to, separator, '2')
	if base == 50 {
		to = append(to, separator) // no colour space
	}
	for _, part := range []uint8{r, g, b} {
		to = number(append(to, separator), int64(part))
	}
	return to
}
