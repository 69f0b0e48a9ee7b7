package inflate

import "encoding/binary"

// codes decompresses a block's codes (RFC 1951 §3.2.5) up to its end.
func (d *Decoder) codes(lit, dist *table) error {
	for {
		if d.fast(lit, dist) {
			return nil
		}
		done, err := d.slow(lit, dist)
		if done || err != nil {
			return err
		}
	}
}

// slack is more than a round of [Decoder.fast] writes: two literals and a match.
const slack = 2 + 258

// fast decompresses while there are at least 8 bytes to read and there is room to
// write, so that neither is looked at for each bit. It reports whether the block has
// ended, and stops before whatever needs care.
func (d *Decoder) fast(lit, dist *table) bool {
	src, out := d.src, d.out
	pos, o, bits, n := d.pos, d.o, d.bits, d.n
	last := min(len(out), d.limit) - slack
	ended := false
	for pos+8 <= len(src) && o <= last {
		// The bytes above the n bits are read again next time, to the same bits.
		bits |= binary.LittleEndian.Uint64(src[pos:]) << n
		pos += int((63 - n) >> 3)
		n |= 56
		e := lit.find(bits)
		if e.kind() == literal {
			bits, n = bits>>e.size(), n-e.size()
			out[o] = byte(e.value())
			o++
			if e = lit.find(bits); e.kind() == literal {
				bits, n = bits>>e.size(), n-e.size()
				out[o] = byte(e.value())
				o++
			}
			continue
		}
		if e.kind() == end {
			bits, n = bits>>e.size(), n-e.size()
			ended = true
			break
		}
		// A length takes 20 bits at most and a distance 28; there are 56.
		b, m := bits>>e.size(), n-e.size()
		length := e.value() + int(b&(1<<e.extra()-1))
		b, m = b>>e.extra(), m-e.extra()
		f := dist.find(b)
		b, m = b>>f.size(), m-f.size()
		back := f.value() + int(b&(1<<f.extra()-1))
		if e.kind() != match || f.kind() != match || back > o-d.start {
			break // nothing of it is taken: slow will say what is wrong
		}
		bits, n = b>>f.extra(), m-f.extra()
		repeat(out[:o+length], o, back)
		o += length
	}
	d.pos, d.o, d.bits, d.n = pos, o, bits&(1<<n-1), n
	return ended
}

// slow decompresses one literal, match or end.
func (d *Decoder) slow(lit, dist *table) (done bool, err error) {
	d.fill()
	bits, n := d.bits, d.n
	e := lit.find(bits)
	if e.size() > n {
		return false, ErrMore
	}
	bits, n = bits>>e.size(), n-e.size()
	switch e.kind() {
	case end:
		d.bits, d.n = bits, n
		return true, nil
	case literal:
		if d.o >= d.limit {
			return false, d.tooLong()
		}
		d.grow(1)
		d.out[d.o] = byte(e.value())
		d.o++
		d.bits, d.n = bits, n
		return false, nil
	case invalid:
		return false, d.corrupt("a code that means nothing")
	}
	if e.extra() > n {
		return false, d.mayMatch(e.value())
	}
	length := e.value() + int(bits&(1<<e.extra()-1))
	bits, n = bits>>e.extra(), n-e.extra()
	if err := d.mayMatch(length); err != ErrMore {
		return false, err
	}
	f := dist.find(bits)
	if f.size() > n {
		return false, ErrMore
	}
	bits, n = bits>>f.size(), n-f.size()
	if f.kind() != match {
		return false, d.corrupt("a distance that means nothing")
	}
	back := f.value() // at least
	if f.extra() <= n {
		back += int(bits & (1<<f.extra() - 1))
	}
	if back > d.o-d.start {
		return false, d.corrupt("a distance of %d when there are %d bytes", back, d.o-d.start)
	}
	if f.extra() > n {
		return false, ErrMore
	}
	d.bits, d.n = bits>>f.extra(), n-f.extra()
	d.grow(length)
	repeat(d.out[:d.o+length], d.o, back)
	d.o += length
	return false, nil
}

// mayMatch returns [ErrMore] if a match of at least this length can stand here.
func (d *Decoder) mayMatch(length int) error {
	if d.o+length > d.limit {
		return d.tooLong()
	}
	return ErrMore
}

// repeat fills b from o with what stands back bytes before.
func repeat(b []byte, o, back int) {
	from := o - back
	for o < len(b) {
		o += copy(b[o:], b[from:o]) // twice as much each time when they overlap
	}
}
