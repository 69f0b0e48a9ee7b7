package picture

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"github.com/sshtrail/sshtrail/replay/palette"
	"github.com/sshtrail/sshtrail/replay/screen"
)

// ErrTooLarge says that a screen has so many looks that its picture would be too large.
var ErrTooLarge = errors.New("the picture is larger than 16 MiB")

const maxSize = 16 << 20

// The measures of the grid. A character of a monospaced font is 0.6 times as wide as the
// font's size, and lines touch if they are 1.2 times as high.
const (
	cellWidth  = 9
	cellHeight = 18
	fontSize   = 15
	baseline   = 13.5
	margin     = 12
)

// Write draws a screen. The title, which may be "", is what a reader of screens says.
func Write(w io.Writer, s *screen.Screen, title string) error {
	var d drawing
	columns, rows := s.Size()
	width, height := columns*cellWidth+2*margin, rows*cellHeight+2*margin
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="%d %d %d %d" role="img" xml:space="preserve">`+"\n",
		width, height, -margin, -margin, width, height)
	if title != "" {
		d.printf("<title>%s</title>\n", escaped(title))
	}
	d.style()
	d.printf(`<rect class="g" x="%d" y="%d" width="%d" height="%d" rx="8"/>`+"\n", -margin, -margin, width, height)
	for y := range rows {
		d.line(y, s.Line(y))
		if d.out.Len() > maxSize {
			return ErrTooLarge
		}
	}
	d.cursor(s.Cursor())
	d.printf("</svg>\n")
	if _, err := w.Write(d.out.Bytes()); err != nil {
		return fmt.Errorf("write the picture: %w", err)
	}
	return nil
}

// drawing is a picture in the making.
type drawing struct{ out bytes.Buffer }

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(&d.out, format, args...) }

// style says how what has a class looks.
func (d *drawing) style() {
	d.printf("<style>svg{%s}@media (prefers-color-scheme:light){svg{%s}}", palette.Dark().Variables(), palette.Light().Variables())
	d.printf("text{font:%dpx ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace;white-space:pre}", fontSize)
	d.printf("rect,path{shape-rendering:crispEdges}.g[rx]{shape-rendering:auto}.g{fill:var(--ground)}.l{fill:var(--letters)}.k{fill:var(--black)}.w{fill:var(--white)}.b{font-weight:bold}.i{font-style:italic}.d{opacity:.6}.n{fill:none;stroke:var(--letters)}")
	for i := range 16 {
		d.printf(".c%d{fill:var(--c%d)}.g%d{fill:var(--g%d)}", i, i, i, i)
	}
	d.printf("</style>\n")
}

// escaped returns text as XML has it. What XML can't have is U+FFFD.
func escaped(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer takes everything
	return b.String()
}

// line draws a line: what is behind the letters, then these.
func (d *drawing) line(y int, l screen.Line) {
	empty := d.out.Len()
	for _, r := range l.Runs() {
		if paint := groundOf(r.Style); paint != "" {
			d.printf(`<rect %s x="%d" y="%d" width="%d" height="%d"/>`, paint, r.Column*cellWidth, y*cellHeight, r.Columns*cellWidth, cellHeight)
		}
	}
	for _, p := range l.Pieces() {
		if p.Style.Attributes&screen.Invisible == 0 {
			d.text(y, p)
			d.lines(y, p)
		}
	}
	if d.out.Len() > empty {
		d.printf("\n")
	}
}

// text draws the letters of a piece.
func (d *drawing) text(y int, p screen.Run) {
	for len(p.Text) > 0 && p.Text[0] == ' ' && p.Columns == len(p.Text) {
		p.Text, p.Column, p.Columns = p.Text[1:], p.Column+1, p.Columns-1
	}
	for p.Columns > 0 && p.Columns == len(p.Text) && p.Text[p.Columns-1] == ' ' {
		p.Columns--
		p.Text = p.Text[:p.Columns]
	}
	if p.Text == "" {
		return
	}
	stretched := ""
	if p.Columns != len(p.Text) { // one character, of any font
		stretched = ` lengthAdjust="spacingAndGlyphs"`
	}
	d.printf(`<text %s x="%d" y="%g" textLength="%d"%s>%s</text>`, lettersOf(p.Style), p.Column*cellWidth, float64(y*cellHeight)+baseline, p.Columns*cellWidth, stretched, escaped(p.Text))
}

// cursor draws the cursor as what can be looked through.
func (d *drawing) cursor(c screen.Cursor) {
	x, y := c.Column*cellWidth, c.Row*cellHeight
	switch {
	case !c.Visible:
	case c.Shape == screen.UnderlineCursor:
		d.printf(`<rect class="l" x="%d" y="%d" width="%d" height="2"/>`+"\n", x, y+cellHeight-2, cellWidth)
	case c.Shape == screen.BarCursor:
		d.printf(`<rect class="l" x="%d" y="%d" width="2" height="%d"/>`+"\n", x, y, cellHeight)
	default:
		d.printf(`<rect class="n" x="%g" y="%g" width="%d" height="%d"/>`+"\n", float64(x)+0.5, float64(y)+0.5, cellWidth-1, cellHeight-1)
	}
}
