package binary

import (
	"bytes"
	"fmt"
	"math"
	"math/bits"
)

// minMessage is the size of the smallest message: a disconnect with a connection id of
// one letter, at the time 0.
const minMessage = len(headConn) + 2 + len(headTime) + 1 + len(headType) + 1 + len(headPayload) + 1 + len(headChannel) + 1

// headReader reads the fields of a block's header, of which the end may be missing:
// then each byte that is there must fit a header that is good. It stays at the first
// field that is not.
type headReader struct {
	p   []byte
	at  int
	err error
}

// same reads bytes that are known.
func (r *headReader) same(name string, want []byte) {
	if r.err != nil {
		return
	}
	got := r.p[min(r.at, len(r.p)):min(r.at+len(want), len(r.p))]
	if !bytes.HasPrefix(want, got) {
		r.err = fmt.Errorf("its %s is %x where %x must be", name, got, want)
	}
	r.at += len(want)
}

// number reads size bytes, little endian, that must give lo to hi.
func (r *headReader) number(name string, size int, lo, hi uint64) uint64 {
	if r.err != nil {
		return 0
	}
	got := r.p[min(r.at, len(r.p)):min(r.at+size, len(r.p))]
	r.at += size
	var v uint64
	for i, b := range got {
		v |= uint64(b) << (8 * i)
	}
	fits := lo <= v && v <= hi
	if len(got) < size { // can higher bytes lift it to lo?
		step := uint64(1) << (8 * len(got))
		least := v
		if v < lo {
			least = v + (lo-v+step-1)/step*step
		}
		fits = lo <= least && least <= hi
	}
	switch {
	case fits:
	case lo == hi:
		r.err = fmt.Errorf("its %s is %d where %d must be", name, v, lo)
	default:
		r.err = fmt.Errorf("its %s is %d where %d to %d must be", name, v, lo, hi)
	}
	return v
}

// readHead reads the first 96 bytes of the next block, or as many of them as there
// are. sealed says that the last message was a summary, behind which only the end mark
// can be. For the end mark it compares with what that must be and end is true.
func (c *chain) readHead(p []byte, sealed bool) (h header, end bool, err error) {
	r := &headReader{p: p}
	r.same("gzip header", []byte(gzipHead))
	r.number("layout", 1, layout, layout)
	flags := c.flags(r, sealed)
	if flags == flagEnd && r.err == nil && len(p) >= r.at {
		mark := c.appendEnd(nil)
		n := min(len(p), len(mark))
		if i := mismatch(p[:n], mark[:n]); i >= 0 {
			return h, true, fmt.Errorf("byte %d of the end mark is %#02x where %#02x must be", i, p[i], mark[i])
		}
		return h, true, nil
	}
	h.flags = byte(flags)
	r.number("reserved field", 2, 0, 0)
	h.size = uint32(r.number("size", 4, uint64(blockHead+trailer+2), maxMember))
	h.messages = uint32(r.number("number of messages", 4, 1, uint64(MaxContent/minMessage)))
	r.number("block number", 4, uint64(c.blocks), uint64(c.blocks))
	r.number("first message", 8, c.messages, c.messages)
	h.from = int64(r.number("from", 8, uint64(c.to), math.MaxInt64))
	hi := uint64(math.MaxInt64)
	if h.messages == 1 {
		hi = uint64(h.from)
	}
	h.to = int64(r.number("to", 8, uint64(h.from), hi))
	h.kinds = uint32(r.number("kinds", 4, 1, allKinds))
	if n := bits.OnesCount32(h.kinds); r.err == nil && n > int(h.messages) && len(p) >= r.at {
		r.err = fmt.Errorf("it has %d kinds in %d messages", n, h.messages)
	}
	r.number("back", 4, uint64(c.back), uint64(c.back))
	r.same("hash of the block before", c.previous[:])
	h.block, h.first, h.back, h.previous = c.blocks, c.messages, c.back, c.previous
	return h, false, r.err
}

// flags reads the flags: which are possible follows from what is before the block.
func (c *chain) flags(r *headReader, sealed bool) uint64 {
	want, what := uint64(0), "flags"
	switch {
	case sealed:
		want, what = flagEnd, "flags behind the summary"
	case c.recovered:
		want, what = flagRecovered, "flags behind what recovery wrote"
	case len(r.p) > r.at && r.p[r.at] == flagRecovered:
		want = flagRecovered
	}
	if r.number(what, 1, want, want) == flagEnd && !sealed && r.err != nil {
		r.err = fmt.Errorf("it is an end mark, and the message before it is no summary")
	}
	return want
}

// mismatch returns where a and b, which are equally long, differ first, -1 if nowhere.
func mismatch(a, b []byte) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}
