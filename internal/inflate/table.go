package inflate

import "math/bits"

// Numbers of RFC 1951 §3.2.5–3.2.7.
const (
	maxLit    = 288 // of which 286 and 287 never occur
	maxDist   = 32  // of which 30 and 31 never occur
	maxCode   = 15
	endSymbol = 256
	rootBits  = 10
)

// entry is what a code means: its size in bits, its kind, how many extra bits follow,
// and a value to which they are added.
type entry uint32

// Kinds of entries. A link leads to a second table for the codes that are longer than
// rootBits: its value is where that begins, its extra how many bits choose in it.
const (
	literal = iota
	match   // a length or a distance
	end
	invalid
	link
)

func makeEntry(kind, value int, extra uint) entry {
	return entry(value<<16 | kind<<12 | int(extra)<<8)
}

func (e entry) size() uint  { return uint(e & 0x1f) } // the mask tells the compiler that shifts are small
func (e entry) extra() uint { return uint(e >> 8 & 0xf) }
func (e entry) kind() int   { return int(e >> 12 & 0xf) }
func (e entry) value() int  { return int(e >> 16) }

// table finds the code at the start of some bits: for the short ones at once.
type table struct {
	root [1 << rootBits]entry
	more []entry
}

// find returns the entry of the code that bits begin with.
func (t *table) find(b uint64) entry {
	e := t.root[b&(1<<rootBits-1)]
	if e.kind() == link {
		e = t.more[e.value()+int(b>>rootBits&(1<<e.extra()-1))]
	}
	return e
}

// sum returns how much of the code space lengths take; 1<<maxCode is all of it.
func sum(lengths []uint8) (total, codes int) {
	for _, n := range lengths {
		if n > 0 {
			total += 1 << (maxCode - n)
			codes++
		}
	}
	return total, codes
}

// build makes the table of a Huffman code (RFC 1951 §3.2.2). The code must be complete,
// or have just one symbol, of one bit, or none: all others have bits without a meaning.
func (t *table) build(lengths []uint8, meaning func(symbol int) entry) bool {
	total, codes := sum(lengths)
	if total != 1<<maxCode && codes > 0 && (codes > 1 || total != 1<<(maxCode-1)) {
		return false
	}
	if total != 1<<maxCode { // what is not overwritten below takes one bit and means nothing
		for i := range t.root {
			t.root[i] = makeEntry(invalid, 0, 0) | 1
		}
	}
	var next [maxCode + 2]uint16
	for _, n := range lengths {
		if n > 0 {
			next[n+1]++
		}
	}
	for n, code := 1, uint16(0); n <= maxCode; n++ {
		code = (code + next[n]) << 1 // next[n] counts those of n-1 bits
		next[n] = code
	}
	t.links(lengths, next)
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		code := int(bits.Reverse16(next[n]) >> (16 - n)) // codes come highest bit first
		next[n]++
		t.set(code, uint(n), meaning(symbol)|entry(n))
	}
	return true
}

// links makes room in t.more behind each root entry that begins longer codes.
func (t *table) links(lengths []uint8, next [maxCode + 2]uint16) {
	t.more = t.more[:0]
	var deepest [1 << rootBits]uint8
	for _, n := range lengths {
		if n > rootBits {
			root := bits.Reverse16(next[n]) >> (16 - n) & (1<<rootBits - 1)
			next[n]++
			deepest[root] = max(deepest[root], n)
		}
	}
	for root, n := range deepest {
		if n == 0 {
			continue
		}
		extra := uint(n - rootBits)
		t.root[root] = makeEntry(link, len(t.more), extra)
		for range 1 << extra {
			t.more = append(t.more, 0)
		}
	}
}

// set writes e wherever bits begin with code, which has n bits.
func (t *table) set(code int, n uint, e entry) {
	if n <= rootBits {
		for i := code; i < len(t.root); i += 1 << n {
			t.root[i] = e
		}
		return
	}
	l := t.root[code&(1<<rootBits-1)]
	for i := code >> rootBits; i < 1<<l.extra(); i += 1 << (n - rootBits) {
		t.more[l.value()+i] = e
	}
}

// litMeaning returns what a symbol of the literal and length code means.
func litMeaning(symbol int) entry {
	switch {
	case symbol < endSymbol:
		return makeEntry(literal, symbol, 0)
	case symbol == endSymbol:
		return makeEntry(end, 0, 0)
	case symbol < 265:
		return makeEntry(match, symbol-257+3, 0)
	case symbol < 285:
		extra := uint(symbol-261) / 4
		return makeEntry(match, (4+(symbol-261)%4)<<extra+3, extra)
	case symbol == 285:
		return makeEntry(match, 258, 0)
	}
	return makeEntry(invalid, 0, 0)
}

// distMeaning returns what a symbol of the distance code means.
func distMeaning(symbol int) entry {
	switch {
	case symbol < 4:
		return makeEntry(match, symbol+1, 0)
	case symbol < 30:
		extra := uint(symbol-2) / 2
		return makeEntry(match, (2+symbol%2)<<extra+1, extra)
	}
	return makeEntry(invalid, 0, 0)
}

// lenMeaning returns what a symbol of the code for code lengths means: itself.
func lenMeaning(symbol int) entry { return makeEntry(literal, symbol, 0) }

// fixed has the tables of RFC 1951 §3.2.6. Nothing changes them.
var fixed = fixedTables()

type fixedPair struct{ lit, dist table }

func fixedTables() *fixedPair {
	var lit [maxLit]uint8
	for i := range lit {
		switch {
		case i < 144, i >= 280:
			lit[i] = 8
		case i < 256:
			lit[i] = 9
		default:
			lit[i] = 7
		}
	}
	for i := 280; i < maxLit; i++ {
		lit[i] = 8
	}
	var dist [maxDist]uint8
	for i := range dist {
		dist[i] = 5
	}
	f := new(fixedPair)
	f.lit.build(lit[:], litMeaning)
	f.dist.build(dist[:], distMeaning)
	return f
}

// lenOrder is the order in which the lengths of the code for lengths come (§3.2.7).
var lenOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
