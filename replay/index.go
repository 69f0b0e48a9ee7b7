package replay

import (
	"sort"

	"github.com/sshtrail/sshtrail/codec/binary"
)

// maxPoints is how many blocks an index knows. It is even.
const maxPoints = 4096

// index is where blocks are: of the blocks 0, step, 2·step …
type index struct {
	points []point
	step   uint32
	blocks uint32 // added so far
}

type point struct {
	offset, from int64
}

// add adds the next block.
func (x *index) add(h *binary.Head) {
	x.step = max(x.step, 1)
	if x.blocks%x.step == 0 && len(x.points) == maxPoints {
		for i := range maxPoints / 2 {
			x.points[i] = x.points[2*i]
		}
		x.points = x.points[:maxPoints/2]
		x.step *= 2
	}
	if x.blocks%x.step == 0 {
		x.points = append(x.points, point{h.Offset, h.From})
	}
	x.blocks++
}

// indexOf returns the index that a log's summary has, if it can be one.
func indexOf(t *binary.Tail) (index, bool) {
	x := index{step: 1, blocks: t.Blocks}
	n := uint32(len(t.Summary.Index))
	for n > 0 && x.step < t.Blocks && (t.Blocks-1)/x.step+1 > n {
		x.step *= 2
	}
	if n == 0 || n > maxPoints || t.Blocks == 0 || (t.Blocks-1)/x.step+1 != n {
		return index{}, false
	}
	for i, p := range t.Summary.Index {
		if i > 0 && (p[0] <= x.points[i-1].offset || p[1] < x.points[i-1].from) {
			return index{}, false
		}
		x.points = append(x.points, point{p[0], p[1]})
	}
	return x, x.points[0].offset == binary.FirstBlock
}

// before returns the number of the last point that is not after a time.
func (x *index) before(at int64) int {
	i := sort.Search(len(x.points), func(i int) bool { return x.points[i].from > at })
	return max(0, i-1)
}

// group returns the headers of the blocks from a point up to the next one.
func (l *Log) group(point int) ([]binary.Head, error) {
	var heads []binary.Head
	offset := l.index.points[point].offset
	for range min(l.index.step, l.index.blocks-uint32(point)*l.index.step) {
		h, err := binary.ReadHead(l.r, offset)
		if err != nil {
			return heads, err
		}
		heads = append(heads, h)
		offset = h.Next
	}
	return heads, nil
}

// upTo returns the headers of the last n blocks that begin not after a time, in order;
// those of the first block if all are after it.
func (l *Log) upTo(at int64, n int) ([]binary.Head, error) {
	var heads []binary.Head
	for p := l.index.before(at); p >= 0 && len(heads) < n && len(l.index.points) > 0; p-- {
		group, err := l.group(p)
		if err != nil {
			return nil, err
		}
		end := sort.Search(len(group), func(i int) bool { return group[i].From > at })
		if p == 0 {
			end = max(1, end)
		}
		heads = append(group[:end:end], heads...)
	}
	return heads[max(0, len(heads)-n):], nil
}
