package screen

import "slices"

// dropped are characters that a screen has no place for: they turn the direction of
// writing around (Bidi_Control), separate lines, or only carry meaning. Shown to a reader,
// they would make text look like other text.
var dropped = []span{
	{0x61c, 0x61c}, {0x180e, 0x180e}, {0x200b, 0x200b}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2061, 0x206f},
	{0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0001, 0xe0001},
}

const none = -1 // the width of a character that is left out

// widthOf returns the columns that a character takes: 1, 2, 0 if it joins the one before, or none.
func widthOf(r rune) int {
	switch {
	case r < ' ' || r >= 0x7f && r < 0xa0:
		return none
	case r < 0x300:
		return 1
	case in(dropped, r):
		return none
	case in(joining, r):
		return 0
	case in(wide, r):
		return 2
	}
	return 1
}

func in(spans []span, r rune) bool {
	_, found := slices.BinarySearchFunc(spans, r, func(s span, r rune) int {
		switch {
		case s.last < r:
			return -1
		case s.first > r:
			return 1
		}
		return 0
	})
	return found
}
