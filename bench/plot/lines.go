package plot

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Point is a value, with the range that it was seen in.
type Point struct{ X, Y, Low, High float64 }

// Series is a line, with a name.
type Series struct {
	Name   string
	Points []Point
}

// Lines is a chart of values against a number, which is above 0 and on a logarithmic
// axis. The other axis begins at 0: a line that is flat shows that nothing grows.
type Lines struct {
	Title, Subtitle string
	X               string // what the number is
	Series          []Series
}

// SVG draws it.
func (l Lines) SVG() []byte {
	c := newCanvas(l.Title, l.Subtitle)
	x, y := l.axes()
	c.grid(y)
	for _, at := range l.marks(x) {
		v := x.value(at)
		c.line(at, y.at, at, y.at+4, "#333")
		c.text(at, y.at+18, "middle", number(math.Round(v)), "")
	}
	c.line(left, y.at, width-right, y.at, "#333")
	c.text((left+width-right)/2, height-12, "middle", l.X, "")
	var names []string
	for i, s := range l.Series {
		names = append(names, s.Name)
		c.series(s, x, y, palette(i))
	}
	c.legend(names)
	return c.end()
}

// marks are the places of the numbers that there are points for, as far as their texts
// have room beside each other.
func (l Lines) marks(x axis) []float64 {
	var places []float64
	for _, s := range l.Series {
		for _, p := range s.Points {
			places = append(places, x.place(p.X))
		}
	}
	slices.Sort(places)
	const room = 40
	var apart []float64
	for _, at := range places {
		if len(apart) == 0 || at-apart[len(apart)-1] >= room {
			apart = append(apart, at)
		}
	}
	return apart
}

func (l Lines) axes() (x, y axis) {
	from, to, most := math.Inf(1), 0.0, 0.0
	for _, s := range l.Series {
		for _, p := range s.Points {
			from, to, most = min(from, p.X), max(to, p.X), max(most, p.Y, p.High)
		}
	}
	if to == 0 {
		from, to = 1, 10
	}
	if from == to {
		from, to = from/2, to*2
	}
	return axis{from: from, to: to, at: left, end: width - right, log: true}, fromZero(most, height-bottom, top)
}

func (c *canvas) series(s Series, x, y axis, colour string) {
	var line []string
	for _, p := range s.Points {
		at := x.place(p.X)
		line = append(line, px(at)+","+px(y.place(p.Y)))
		if p.High > p.Low {
			c.line(at, y.place(p.Low), at, y.place(p.High), colour)
		}
		fmt.Fprintf(c, "<circle cx=\"%s\" cy=\"%s\" r=\"3.5\" fill=\"%s\"/>\n", px(at), px(y.place(p.Y)), colour)
	}
	fmt.Fprintf(c, "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", strings.Join(line, " "), colour)
}
