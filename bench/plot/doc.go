// Package plot draws numbers as SVG, with nothing but the standard library.
package plot

import (
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The size of a drawing, and the room around its data, in pixels.
const (
	width, height = 720, 360
	left, right   = 70, 20
	top, bottom   = 70, 50
)

// palette has colours that people with any colour vision tell apart (Okabe and Ito, 2008).
func palette(i int) string {
	colours := []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"}
	return colours[i%len(colours)]
}

// canvas is a drawing in the making.
type canvas struct{ strings.Builder }

func newCanvas(title, subtitle string) *canvas {
	c := &canvas{}
	fmt.Fprintf(c, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" font-family="sans-serif" font-size="12" fill="#333">`,
		width, height, width, height)
	c.WriteString("\n<title>" + escape(title) + "</title>\n")
	fmt.Fprintf(c, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", width, height)
	c.text(left, 22, "start", title, `font-size="15" font-weight="bold"`)
	c.text(left, 40, "start", subtitle, "")
	return c
}

func (c *canvas) end() []byte {
	c.WriteString("</svg>\n")
	return []byte(c.String())
}

func (c *canvas) text(x, y float64, anchor, text, more string) {
	if more != "" {
		more = " " + more
	}
	fmt.Fprintf(c, "<text x=\"%s\" y=\"%s\" text-anchor=\"%s\"%s>%s</text>\n", px(x), px(y), anchor, more, escape(text))
}

func (c *canvas) line(x1, y1, x2, y2 float64, colour string) {
	fmt.Fprintf(c, "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" stroke=\"%s\"/>\n", px(x1), px(y1), px(x2), px(y2), colour)
}

// legend names the series, above the data.
func (c *canvas) legend(names []string) {
	x := float64(left)
	for i, name := range names {
		fmt.Fprintf(c, "<rect x=\"%s\" y=\"50\" width=\"10\" height=\"10\" fill=\"%s\"/>\n", px(x), palette(i))
		c.text(x+14, 59, "start", name, "")
		x += 30 + 7*float64(len([]rune(name)))
	}
}

// grid draws the lines that values are read at, from an axis of y.
func (c *canvas) grid(y axis) {
	for _, v := range y.ticks() {
		at := y.place(v)
		c.line(left, at, width-right, at, "#ddd")
		c.text(left-6, at+4, "end", number(v), "")
	}
}

func escape(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic("plot: " + err.Error()) // a strings.Builder takes everything
	}
	return b.String()
}

// px is a coordinate, short.
func px(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// short is v with three digits.
func short(v float64) float64 {
	if v == 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-2)
	return math.Round(v/unit) * unit
}

// number is a value as people write it.
func number(v float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e6, "M"}, {1e3, "k"}} {
		if v >= 10*unit.size || v >= unit.size && math.Mod(v, unit.size) == 0 {
			return strconv.FormatFloat(math.Round(v/unit.size*100)/100, 'f', -1, 64) + unit.name
		}
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
