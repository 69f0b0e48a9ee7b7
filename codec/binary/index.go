package binary

// index is where a log's blocks are: for data blocks 0, step, 2·step … their offset in
// the file and the time of their first message. step is the least power of two that
// keeps the points within [maxPoints], so the index of any log is small.
type index struct {
	points [][2]int64
	blocks uint32 // added so far
	step   uint32
}

// add adds the next data block.
func (x *index) add(offset, from int64) {
	if x.step == 0 {
		x.step = 1
	}
	if x.blocks%x.step == 0 {
		if len(x.points) == maxPoints {
			x.halve()
		}
		if x.blocks%x.step == 0 {
			x.points = append(x.points, [2]int64{offset, from})
		}
	}
	x.blocks++
}

// halve drops every second point.
func (x *index) halve() {
	for i := range maxPoints / 2 {
		x.points[i] = x.points[2*i]
	}
	x.points = x.points[:maxPoints/2]
	x.step *= 2
}

// with returns the points if one more block is the last.
func (x *index) with(offset, from int64) [][2]int64 {
	y := index{points: append(make([][2]int64, 0, len(x.points)+1), x.points...), blocks: x.blocks, step: x.step}
	y.add(offset, from)
	return y.points
}
