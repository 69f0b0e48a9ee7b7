package plot

import "fmt"

// Group is values that stand side by side, one of each series of a chart.
type Group struct {
	Name   string
	Values []Point // X counts for nothing
}

// Bars is a chart of values in groups.
type Bars struct {
	Title, Subtitle string
	Series          []string
	Groups          []Group
}

// SVG draws it.
func (b Bars) SVG() []byte {
	c := newCanvas(b.Title, b.Subtitle)
	most := 0.0
	for _, g := range b.Groups {
		for _, v := range g.Values {
			most = max(most, v.Y, v.High)
		}
	}
	y := fromZero(most, height-bottom, top)
	c.grid(y)
	room := float64(width-left-right) / float64(max(1, len(b.Groups)))
	for i, g := range b.Groups {
		c.group(g, left+room*float64(i), room, y)
	}
	c.line(left, y.at, width-right, y.at, "#333")
	c.legend(b.Series)
	return c.end()
}

// group draws bars from x on, in the middle of their room.
func (c *canvas) group(g Group, x, room float64, y axis) {
	bar := room * 0.8 / float64(max(1, len(g.Values)))
	for i, v := range g.Values {
		at, from := y.place(v.Y), x+room*0.1+bar*float64(i)
		fmt.Fprintf(c, "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"%s\"/>\n",
			px(from), px(at), px(bar*0.9), px(y.at-at), palette(i))
		middle, label := from+bar*0.45, at
		if v.High > v.Low {
			c.line(middle, y.place(v.Low), middle, y.place(v.High), "#333")
			label = min(label, y.place(v.High))
		}
		if v.Y > 0 {
			c.text(middle, label-4, "middle", number(short(v.Y)), `font-size="10"`)
		}
	}
	c.text(x+room/2, y.at+18, "middle", g.Name, "")
}
