package main

import (
	"slices"
	"sort"
)

// axis lays time out in columns. Times without events that would take much of it are shortened.
type axis struct {
	columns []span
	short   []pause // that were shortened, in order
	left    int64   // time without those
}

// span is the time of a column.
type span struct {
	from, to int64
	idle     bool // it is of one that is shortened
}

// A time that is shortened takes idleColumns. For that it must be idleLeast long, and more than one idlePart-th
// of the whole.
const (
	idleColumns = 3
	idlePart    = 8
	idleLeast   = 1e9 // a second
)

// newAxis lays out the time of an activity, up to its last event.
func newAxis(a *activity, width int) *axis {
	end := a.from(&a.slices[len(a.slices)-1]) + a.width
	x := &axis{}
	x.left = end - a.start
	for _, p := range a.pauses() {
		if (len(x.short)+1)*idleColumns*4 > width || p.to-p.from <= max(idleLeast, x.left/idlePart) {
			break
		}
		x.left -= p.to - p.from
		x.short = append(x.short, p)
	}
	slices.SortFunc(x.short, func(a, b pause) int {
		if a.from < b.from {
			return -1
		}
		return 1
	})
	x.fill(a.start, end, x.left, width-len(x.short)*idleColumns)
	return x
}

// fill makes the columns: those of shortened times, and between them the others by their lengths.
func (x *axis) fill(from, end, left int64, columns int) {
	for i := range len(x.short) + 1 {
		to := end
		if i < len(x.short) {
			to = x.short[i].from
		}
		n := columns
		if i < len(x.short) {
			n = int(float64(columns)*float64(to-from)/float64(left) + 0.5)
			n = max(1, min(n, columns-(len(x.short)-i))) // one at least for each that follows
		}
		x.divide(from, to, n, false)
		columns, left = columns-n, max(1, left-(to-from))
		if i < len(x.short) {
			x.divide(x.short[i].from, x.short[i].to, idleColumns, true)
			from = x.short[i].to
		}
	}
}

func (x *axis) divide(from, to int64, n int, idle bool) {
	for i := range n {
		at := func(i int) int64 { return from + int64(float64(to-from)*float64(i)/float64(n)) }
		x.columns = append(x.columns, span{at(i), at(i + 1), idle})
	}
}

// column returns the column of a time.
func (x *axis) column(at int64) int {
	i := sort.Search(len(x.columns), func(i int) bool { return x.columns[i].from > at })
	return max(0, i-1)
}

// spread gives the columns of a slice its count, in equal parts.
func (x *axis) spread(counts []float64, from, to int64, n uint64) {
	first, last := x.column(from), max(x.column(from), x.column(to-1))
	for last > first && x.columns[last].idle { // a pause begins where a slice ends
		last--
	}
	for i := first; i <= last; i++ {
		counts[i] += float64(n) / float64(last-first+1)
	}
}
