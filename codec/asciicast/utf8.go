package asciicast

import "unicode/utf8"

const replacement = "\uFFFD"

// joiner makes the text of JSON strings of bytes that come in pieces: the beginning of a
// character at the end of a piece is held back until the next. What is no UTF-8 becomes
// U+FFFD, one for each longest beginning of a sequence that might have become one
// (Unicode 15, section 3.9, table 3-8), as browsers and package screen have it.
type joiner struct {
	held [utf8.UTFMax]byte
	n    int8
	bad  uint64 // bytes that were replaced
}

// append appends what is complete.
func (j *joiner) append(dst, data []byte) []byte {
	if j.n > 0 {
		dst, data = j.complete(dst, data)
	}
	from, i := 0, 0
	for i < len(data) {
		n := plain(data[i:])
		if n > 0 {
			i += n
			continue
		}
		dst = append(dst, data[from:i]...)
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r != utf8.RuneError:
			dst = appendEscaped(dst, byte(r))
		case !utf8.FullRune(data[i:]):
			j.n = int8(copy(j.held[:], data[i:]))
			return dst
		default:
			size = hopeful(data[i:])
			dst = append(dst, replacement...)
			j.bad += uint64(size)
		}
		i += size
		from = i
	}
	return append(dst, data[from:]...)
}

// plain returns how many bytes at the start of p are characters that can stand in a string
// as they are.
func plain(p []byte) int {
	i := 0
	for i < len(p) {
		b := p[i]
		switch {
		case b >= ' ' && b < 0x7f:
			if b == '"' || b == '\\' {
				return i
			}
			i++
		case b < 0xc2:
			return i
		case b < 0xe0:
			if len(p)-i < 2 || !goesOn(p[i+1]) || b == 0xc2 && p[i+1] < 0xa0 { // controls too (ISO 6429)
				return i
			}
			i += 2
		case b > 0xe0 && b < 0xed && len(p)-i > 2 && goesOn(p[i+1]) && goesOn(p[i+2]):
			i += 3
		default: // the rarer ones have rules of their own
			_, size := utf8.DecodeRune(p[i:])
			if size == 1 {
				return i
			}
			i += size
		}
	}
	return i
}

// goesOn reports whether a byte may be any but the first of a character.
func goesOn(b byte) bool { return b&0xc0 == 0x80 }

// complete goes on with what is held, and returns the data that follows it.
func (j *joiner) complete(dst, data []byte) ([]byte, []byte) {
	for len(data) > 0 {
		j.held[j.n] = data[0]
		whole := j.held[:j.n+1]
		if !utf8.FullRune(whole) {
			j.n, data = j.n+1, data[1:]
			continue
		}
		r, size := utf8.DecodeRune(whole)
		if size != len(whole) { // the byte does not belong to what is held
			return j.flush(dst), data
		}
		j.n = 0
		if r < 0xa0 {
			return appendEscaped(dst, byte(r)), data[1:]
		}
		return append(dst, whole...), data[1:]
	}
	return dst, data
}

// flush gives up what is held.
func (j *joiner) flush(dst []byte) []byte {
	if j.n == 0 {
		return dst
	}
	j.bad += uint64(j.n)
	j.n = 0
	return append(dst, replacement...)
}

// hopeful returns how many bytes at the start of p, which are no character, might have
// become one: at least 1.
func hopeful(p []byte) int {
	n := 1
	for !utf8.FullRune(p[:n]) {
		n++
	}
	return max(1, n-1)
}

// appendEscaped appends a character that can't stand in a string (RFC 8259 §7), or that
// acts on the terminal of somebody who looks at the file.
func appendEscaped(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
}

// appendString appends s as a JSON string.
func appendString(dst []byte, s string) []byte {
	var j joiner
	dst = append(dst, '"')
	dst = j.flush(j.append(dst, []byte(s)))
	return append(dst, '"')
}
