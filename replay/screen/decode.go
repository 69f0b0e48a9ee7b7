package screen

import "unicode/utf8"

// decoder makes characters of bytes, wherever they are cut. What is no UTF-8 becomes
// U+FFFD, one for each longest beginning of a sequence that might have become one
// (Unicode 15, section 3.9, table 3-8).
type decoder struct {
	r         rune
	need      int8 // how many bytes r still lacks
	low, high byte // what the next of them may be
}

// next takes a byte. It returns the character that is complete with it, if one is; again
// says that what was before the byte was no character: the byte is to be given once more.
func (d *decoder) next(b byte) (r rune, complete, again bool) {
	if d.need == 0 {
		return d.first(b)
	}
	if b < d.low || b > d.high {
		d.need = 0
		return utf8.RuneError, true, true
	}
	d.r, d.low, d.high = d.r<<6|rune(b&0x3f), 0x80, 0xbf
	d.need--
	return d.r, d.need == 0, false
}

// first takes the first byte of a character (table 3-7: well-formed sequences).
func (d *decoder) first(b byte) (r rune, complete, again bool) {
	d.low, d.high = 0x80, 0xbf
	switch {
	case b < 0x80:
		return rune(b), true, false
	case b < 0xc2 || b > 0xf4:
		return utf8.RuneError, true, false
	case b < 0xe0:
		d.r, d.need = rune(b&0x1f), 1
		return 0, false, false
	case b < 0xf0:
		d.r, d.need = rune(b&0x0f), 2
	default:
		d.r, d.need = rune(b&0x07), 3
	}
	switch b {
	case 0xe0:
		d.low = 0xa0 // below, it would be longer than need be
	case 0xed:
		d.high = 0x9f // above are surrogates
	case 0xf0:
		d.low = 0x90
	case 0xf4:
		d.high = 0x8f // above is nothing
	}
	return 0, false, false
}
