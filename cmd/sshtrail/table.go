package main

import "strings"

// column is one of a table whose rows are printed as they come, so that its width can't
// wait for the widest cell.
type column struct {
	name  string
	least int  // columns of the terminal
	good  int  // before one with luxury is left out; 0: least
	most  int  // 0: as many as there are
	need  need // whether it may be left out
	right bool // aligned
	width int
}

// need is what happens to a column in a narrow terminal.
type need int

const (
	kept   need = iota
	useful      // is left out only if the others don't fit
	luxury      // is left out so that the others are good
)

// layout is columns fitted to a terminal.
type layout struct {
	cols   []column
	gutter int // between two columns
}

// newLayout fits columns to a width: it leaves out the last that may be left out and
// moves the others together until they fit, and gives what is left to those that can use it.
func newLayout(all []column, width int) layout {
	l := layout{append([]column(nil), all...), 2}
	for l.total(true) > width && l.leaveOut(luxury) {
	}
	if l.total(false) > width {
		l.gutter = 1
	}
	for l.total(false) > width && l.leaveOut(useful) {
	}
	l.widen(max(0, width-l.total(false)))
	return l
}

// leaveOut leaves out the last column of this need, if there is one.
func (l *layout) leaveOut(n need) bool {
	for i := len(l.cols) - 1; i >= 0; i-- {
		if l.cols[i].need == n {
			l.cols = append(l.cols[:i], l.cols[i+1:]...)
			return true
		}
	}
	return false
}

func (l *layout) total(good bool) int {
	n := l.gutter * (len(l.cols) - 1)
	for i := range l.cols {
		n += l.cols[i].least
		if good {
			n += max(0, l.cols[i].good-l.cols[i].least)
		}
	}
	return n
}

// widen hands out what is left: to each that wants more at most a third of it, so that
// something is left for the one without a limit, which gets the rest.
func (l *layout) widen(spare int) {
	rest := -1
	for i := range l.cols {
		c := &l.cols[i]
		c.width = c.least
		if c.most == 0 {
			rest = i
			continue
		}
		more := min(c.most-c.least, spare/3)
		c.width += more
		spare -= more
	}
	if rest >= 0 {
		l.cols[rest].width += spare
	}
}

// cell fits text into the column. The last column of a line has no trailing spaces.
func (c *column) cell(text string, last bool) string {
	text = clip(text, c.width)
	pad := strings.Repeat(" ", max(0, c.width-textWidth(text)))
	switch {
	case c.right:
		return pad + text
	case last:
		return text
	}
	return text + pad
}
