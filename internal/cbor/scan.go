package cbor

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// ErrMore says that the data is good as far as it goes, and that the item goes on: it
// is the proper prefix of something valid.
var ErrMore = errors.New("more bytes are needed")

// SyntaxError says that no data that begins so is valid here.
type SyntaxError struct {
	Offset int // in the data
	Why    string
}

func (e *SyntaxError) Error() string { return e.Why }

// Scanner reads canonical items one after the other and makes no copies. Each method
// reads one item, or the head of one. Where the data ends too early the error is
// [ErrMore], and then what is there has been looked at: a number that can no longer
// become one within its bounds, half a character that can't be completed, a length
// that goes beyond the end, are a [*SyntaxError] at once.
type Scanner struct {
	data []byte
	pos  int
	end  int
	lo   uint64
	hi   uint64
	size int
}

// Reset begins at data[pos:]. No item may reach beyond data[:end]; end may lie beyond
// the data, when that is the beginning of something longer.
func (s *Scanner) Reset(data []byte, pos, end int) {
	*s = Scanner{data: data, pos: pos, end: end}
}

// Pos returns the offset of what comes next.
func (s *Scanner) Pos() int { return s.pos }

// Fault returns a [*SyntaxError] at what comes next.
func (s *Scanner) Fault(format string, args ...any) error {
	return &SyntaxError{s.pos, fmt.Sprintf(format, args...)}
}

// Range returns, after an integer's [ErrMore], the bounds of what it can be.
func (s *Scanner) Range() (lo, hi uint64) { return s.lo, s.hi }

// Size returns, after a string's [ErrMore], how long the string is to be; 0 if that is
// not known yet.
func (s *Scanner) Size() int { return s.size }

// more returns the error for data that ends: it goes on unless it is over.
func (s *Scanner) more() error {
	if len(s.data) >= s.end {
		return s.Fault("the message goes beyond its limit")
	}
	return ErrMore
}

// Peek returns the first byte of the next item.
func (s *Scanner) Peek() (byte, error) {
	if s.pos < len(s.data) {
		return s.data[s.pos], nil
	}
	return 0, s.more()
}

// Next returns the major type of the next item.
func (s *Scanner) Next() (Major, error) {
	b, err := s.Peek()
	return Major(b >> 5), err
}

// Literal reads exactly these bytes. It reports whether it could; if not, [Scanner.Cut]
// has the error.
func (s *Scanner) Literal(want string) bool {
	end := s.pos + len(want)
	if end <= len(s.data) && string(s.data[s.pos:end]) == want {
		s.pos = end
		return true
	}
	return false
}

// Cut returns the error for a Literal that is not there: [ErrMore] if the data ends
// within it.
func (s *Scanner) Cut(want string) error {
	rest := s.data[s.pos:]
	if len(rest) < len(want) && string(rest) == want[:len(rest)] {
		return s.more()
	}
	return s.Fault("found %.24q where %q must be", rest[:min(len(rest), len(want))], want)
}

// Null reads null if it comes next, and reports whether it does.
func (s *Scanner) Null() bool {
	if s.pos < len(s.data) && s.data[s.pos] == Null {
		s.pos++
		return true
	}
	return false
}

// Bool reads false or true.
func (s *Scanner) Bool() (bool, error) {
	b, err := s.Peek()
	if err != nil {
		return false, err
	}
	if b != False && b != True {
		return false, s.wrong("a boolean")
	}
	s.pos++
	return b == True, nil
}

// Uint reads an unsigned integer from lo to hi.
func (s *Scanner) Uint(lo, hi uint64) (uint64, error) {
	return s.head(MajorUint, lo, hi)
}

// Int reads an integer that fits in int64 or uint64: its value is arg, or if negative is true
// -1 - arg.
func (s *Scanner) Int() (arg uint64, negative bool, err error) {
	m, err := s.Next()
	if err != nil {
		return 0, false, err
	}
	if m == MajorNegint {
		arg, err = s.head(MajorNegint, 0, math.MaxInt64)
		return arg, true, err
	}
	arg, err = s.head(MajorUint, 0, math.MaxUint64)
	return arg, false, err
}

// Int64 reads an integer that fits in int64.
func (s *Scanner) Int64() (int64, error) {
	m, err := s.Next()
	if err != nil {
		return 0, err
	}
	if m == MajorNegint {
		arg, err := s.head(MajorNegint, 0, math.MaxInt64)
		return ^int64(arg), err
	}
	arg, err := s.head(MajorUint, 0, math.MaxInt64)
	return int64(arg), err
}

// Array reads the head of an array with lo to hi items.
func (s *Scanner) Array(lo, hi int) (int, error) {
	n, err := s.head(MajorArray, uint64(lo), uint64(hi))
	if err == nil && int(n) > s.end-s.pos {
		return 0, s.Fault("an array of %d items in %d bytes", n, s.end-s.pos)
	}
	return int(n), err
}

// Map reads the head of a map with lo to hi keys.
func (s *Scanner) Map(lo, hi int) (int, error) {
	n, err := s.head(MajorMap, uint64(lo), uint64(hi))
	if err == nil && 2*int(n) > s.end-s.pos {
		return 0, s.Fault("a map of %d keys in %d bytes", n, s.end-s.pos)
	}
	return int(n), err
}

// Bytes reads a byte string, of which it returns what is there even if that is not all.
func (s *Scanner) Bytes() ([]byte, error) {
	return s.str(MajorBytes, 0, s.end)
}

// Text reads a text of lo to hi bytes, of which it returns what is there even if that
// is not all.
func (s *Scanner) Text(lo, hi int) ([]byte, error) {
	b, err := s.str(MajorText, lo, hi)
	if err == nil && !utf8.Valid(b) || err == ErrMore && !utf8Prefix(b, s.size) {
		return nil, s.Fault("text that is not UTF-8: %.80q", b)
	}
	return b, err
}

func (s *Scanner) str(m Major, lo, hi int) ([]byte, error) {
	s.size = 0
	n, err := s.head(m, uint64(lo), uint64(hi))
	if err != nil {
		return nil, err
	}
	if n > uint64(max(s.end-s.pos, 0)) {
		return nil, s.Fault("a string of %d bytes where at most %d fit", n, max(s.end-s.pos, 0))
	}
	s.size = int(n)
	b := s.data[s.pos:min(len(s.data), s.pos+int(n))]
	s.pos += len(b)
	if len(b) < int(n) {
		return b, ErrMore
	}
	return b, nil
}

// utf8Prefix reports whether b begins a valid text of size bytes.
func utf8Prefix(b []byte, size int) bool {
	tail := len(b)
	for i := 1; i <= min(utf8.UTFMax-1, len(b)); i++ {
		if utf8.RuneStart(b[len(b)-i]) {
			if !utf8.FullRune(b[len(b)-i:]) {
				tail = len(b) - i
			}
			break
		}
	}
	need := 0
	if tail < len(b) {
		switch first := b[tail]; {
		case first >= 0xf0:
			need = 4
		case first >= 0xe0:
			need = 3
		default:
			need = 2
		}
	}
	return utf8.Valid(b[:tail]) && tail+need <= size
}

// head reads an item's head (RFC 8949 §3) of major type m with an argument from lo to hi.
func (s *Scanner) head(m Major, lo, hi uint64) (uint64, error) {
	s.lo, s.hi = lo, hi
	if s.pos >= len(s.data) {
		return 0, s.more()
	}
	b := s.data[s.pos]
	if Major(b>>5) != m {
		return 0, s.wrong(m.noun())
	}
	arg, n := uint64(b&31), 0
	shortest := uint64(0)
	switch arg {
	default:
		if arg > 27 {
			return 0, s.Fault("%s of indefinite length, or a reserved head", m.noun())
		}
	case 24:
		n, shortest = 1, 24
	case 25:
		n, shortest = 2, 1<<8
	case 26:
		n, shortest = 4, 1<<16
	case 27:
		n, shortest = 8, 1<<32
	}
	rest := s.data[s.pos+1:]
	if n > 0 {
		arg = 0
		for i := range min(n, len(rest)) {
			arg = arg<<8 | uint64(rest[i])
		}
	}
	if len(rest) < n {
		return 0, s.partial(m, arg, 8*(n-len(rest)), max(lo, shortest), hi)
	}
	if arg < shortest {
		return 0, s.Fault("%d is not written in the fewest bytes", arg)
	}
	if arg < lo || arg > hi {
		return 0, s.outside(m, arg, lo, hi)
	}
	s.pos += 1 + n
	return arg, nil
}

// partial returns the error for an argument whose last bits are missing.
func (s *Scanner) partial(m Major, arg uint64, missing int, lo, hi uint64) error {
	least := arg << missing
	most := least | (1<<missing - 1)
	if missing == 64 {
		least, most = 0, math.MaxUint64
	}
	s.lo, s.hi = max(lo, least), min(hi, most)
	if s.lo > s.hi {
		return s.outside(m, least, lo, hi)
	}
	return s.more()
}

func (s *Scanner) outside(m Major, arg, lo, hi uint64) error {
	what := map[Major]string{MajorUint: "number", MajorNegint: "negative number -1 -", MajorArray: "array of size",
		MajorMap: "map of size", MajorText: "text of length", MajorBytes: "byte string of length"}[m]
	if lo == hi {
		return s.Fault("%s %d where %d must be", what, arg, lo)
	}
	return s.Fault("%s %d where %d to %d must be", what, arg, lo, hi)
}

// wrong returns the error for an item that is none of what must be here.
func (s *Scanner) wrong(want string) error {
	b := s.data[s.pos]
	if b == Null {
		return s.Fault("null where %s must be", want)
	}
	return s.Fault("%s where %s must be", Major(b>>5).noun(), want)
}

func (m Major) noun() string {
	return [...]string{"an unsigned integer", "a negative integer", "bytes", "text", "an array", "a map", "a tag", "a simple value"}[m]
}

// Wrong returns the error for a next item that can't be here; want names what can.
func (s *Scanner) Wrong(want string) error {
	if s.pos >= len(s.data) {
		return s.more()
	}
	return s.wrong(want)
}
