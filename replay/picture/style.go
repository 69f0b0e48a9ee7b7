package picture

import (
	"fmt"
	"strings"

	"github.com/sshtrail/sshtrail/replay/palette"
	"github.com/sshtrail/sshtrail/replay/screen"
)

// paint is an attribute that gives a colour, or a class that does.
type paint struct{ class, fill string }

// paintOf returns the paint of a colour. The basic ones have one class as letters and another as ground.
func paintOf(c screen.Color, basic, other string) paint {
	if n, ok := c.Index(); ok && n < 16 {
		return paint{class: fmt.Sprintf("%s%d", basic, n)}
	}
	if fixed := palette.Fixed(c); fixed != "" {
		return paint{fill: fixed}
	}
	return paint{class: other}
}

// attributes returns a paint, and other classes, as attributes of an element.
func (p paint) attributes(classes ...string) string {
	if p.class != "" {
		classes = append([]string{p.class}, classes...)
	}
	var all []string
	if len(classes) > 0 {
		all = append(all, fmt.Sprintf(`class="%s"`, strings.Join(classes, " ")))
	}
	if p.fill != "" {
		all = append(all, fmt.Sprintf(`fill="%s"`, p.fill))
	}
	return strings.Join(all, " ")
}

// groundOf returns the paint behind letters, "" for that of the whole picture.
func groundOf(s screen.Style) string {
	_, behind := turned(s)
	p := paintOf(behind, "g", "g")
	if behind == 0 && s.Attributes&screen.Reverse != 0 {
		p.class = "l"
	}
	if p.class == "g" {
		return ""
	}
	return p.attributes()
}

// turned returns what is in front and what is behind.
func turned(s screen.Style) (front, behind screen.Color) {
	if s.Attributes&screen.Reverse != 0 {
		return s.Background, s.Foreground
	}
	return s.Foreground, s.Background
}

// inkOf returns the paint of letters: on a ground of colour, black and white are such as can be read there.
func inkOf(s screen.Style) paint {
	front, behind := turned(s)
	reverse := s.Attributes&screen.Reverse != 0
	n, indexed := front.Index()
	switch {
	case behind != 0 && (front == screen.Indexed(0) || front == 0 && reverse):
		return paint{class: "k"}
	case behind != 0 && indexed && (n == 7 || n == 15):
		return paint{class: "w"}
	case front == 0 && reverse:
		return paint{class: "g"}
	}
	return paintOf(front, "c", "l")
}

func lettersOf(s screen.Style) string {
	return inkOf(s).attributes(classes(s.Attributes)...)
}

func classes(a screen.Attributes) []string {
	var all []string
	for _, c := range []struct {
		attribute screen.Attributes
		name      string
	}{{screen.Bold, "b"}, {screen.Italic, "i"}, {screen.Faint, "d"}} {
		if a&c.attribute != 0 {
			all = append(all, c.name)
		}
	}
	return all
}

// lines draws what goes below, through or above the letters of a piece.
func (d *drawing) lines(y int, p screen.Run) {
	s := p.Style
	if s.Underline == screen.NoUnderline && s.Attributes&(screen.Strike|screen.Overline) == 0 {
		return
	}
	x, top, width := p.Column*cellWidth, y*cellHeight, p.Columns*cellWidth
	ink := inkOf(s).attributes()
	if s.Attributes&screen.Strike != 0 {
		d.printf(`<rect %s x="%d" y="%d" width="%d" height="1"/>`, ink, x, top+9, width)
	}
	if s.Attributes&screen.Overline != 0 {
		d.printf(`<rect %s x="%d" y="%d" width="%d" height="1"/>`, ink, x, top, width)
	}
	if s.UnderlineColor != 0 {
		ink = paintOf(s.UnderlineColor, "c", "l").attributes()
	}
	below := top + 15
	switch s.Underline {
	case screen.SingleUnderline:
		d.printf(`<rect %s x="%d" y="%d" width="%d" height="1"/>`, ink, x, below, width)
	case screen.DoubleUnderline:
		d.printf(`<path %s d="M%d %dh%dv1h-%dzm0 2h%dv1h-%dz"/>`, ink, x, below, width, width, width, width)
	case screen.CurlyUnderline:
		d.dashes(ink, x, below, p.Columns, "h4v1h-4zm4 1h5v1h-5zm5-1")
	case screen.DottedUnderline:
		d.dashes(ink, x, below, p.Columns, "m1 0h1v1h-1zm3 0h1v1h-1zm3 0h1v1h-1zm2 0")
	case screen.DashedUnderline:
		d.dashes(ink, x, below, p.Columns, "m1 0h6v1h-6zm8 0")
	}
}

// dashes repeats the lines of one cell.
func (d *drawing) dashes(ink string, x, y, columns int, cell string) {
	d.printf(`<path %s d="M%d %d%s"/>`, ink, x, y, strings.Repeat(cell, columns))
}
