package main

import "strings"

// column is one of a table whose rows are printed as they come, so that its width can't
// wait for the widest cell.
type column struct {
	name  string
	least int  // columns of the terminal
	most  int  // 0: as many as there are
	drop  int  // in a narrow terminal the column with the highest goes first; 0 stays
	right bool // aligned
	width int
}

// layout is columns fitted to a terminal.
type layout struct {
	cols   []column
	gutter int // between two columns
}

// newLayout fits columns to a width: it moves them together and leaves out what is
// dispensable until the others fit, and gives what is left to those that can use it.
func newLayout(all []column, width int) layout {
	l := layout{append([]column(nil), all...), 2}
	for l.total() > width {
		narrow := layout{l.cols, 1}
		if narrow.total() <= width || !l.dropOne() {
			l = narrow
			break
		}
	}
	l.widen(max(0, width-l.total()))
	return l
}

// dropOne leaves out a column, if one may be left out.
func (l *layout) dropOne() bool {
	worst := 0
	for i := range l.cols {
		if l.cols[i].drop > l.cols[worst].drop {
			worst = i
		}
	}
	if l.cols[worst].drop == 0 {
		return false
	}
	l.cols = append(l.cols[:worst], l.cols[worst+1:]...)
	return true
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

func (l *layout) total() int {
	n := l.gutter * (len(l.cols) - 1)
	for i := range l.cols {
		n += l.cols[i].least
	}
	return n
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
