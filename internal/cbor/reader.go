package cbor

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Reader reads well-formed items (RFC 8949 §5.3.1 and appendix C), canonical or not,
// from a stream.
type Reader struct {
	src  *bufio.Reader
	max  int // bytes of an item
	deep int // arrays, maps and tags within each other
}

// NewReader returns a Reader of items that have at most max bytes and nest at most
// deep.
func NewReader(src *bufio.Reader, max, deep int) *Reader {
	return &Reader{src, max, deep}
}

// errBreak is the end of an item of indefinite length.
var errBreak = errors.New("break")

// Append appends the next item to dst as it is. The error is io.EOF if there is
// none, io.ErrUnexpectedEOF if the stream ends within it, a [*SyntaxError] if it is not
// well-formed or goes beyond a limit, and else the stream's.
func (r *Reader) Append(dst []byte) ([]byte, error) {
	if _, err := r.src.Peek(1); err != nil {
		return dst, err
	}
	it := itemReader{r, dst, len(dst)}
	err := it.item(1)
	if err == errBreak {
		err = it.fault("a break outside of anything")
	}
	return it.dst, err
}

// itemReader is at work on one item.
type itemReader struct {
	*Reader
	dst   []byte
	start int
}

func (it *itemReader) fault(format string, args ...any) error {
	return &SyntaxError{len(it.dst) - it.start, fmt.Sprintf(format, args...)}
}

// byte reads one byte.
func (it *itemReader) byte() (byte, error) {
	if len(it.dst)-it.start >= it.max {
		return 0, it.fault("an item of more than %d bytes", it.max)
	}
	b, err := it.src.ReadByte()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		it.room(1)
		it.dst = append(it.dst, b)
	}
	return b, err
}

// largeItem is where an item is given all the room that it may take: growing on would
// need the old room and the new.
const largeItem = 1 << 20

// room makes room for n more bytes.
func (it *itemReader) room(n int) {
	if size := len(it.dst) - it.start; size+n > largeItem && len(it.dst)+n > cap(it.dst) {
		it.dst = slices.Grow(it.dst, it.max-size)
	}
}

// item reads an item that stands at this depth, or returns errBreak for a break.
func (it *itemReader) item(depth int) error {
	m, arg, indefinite, err := it.head()
	if err != nil {
		return err
	}
	if m >= MajorArray && m <= MajorTag && depth > it.deep {
		return it.fault("items nest deeper than %d", it.deep)
	}
	switch m {
	case MajorBytes, MajorText:
		if indefinite {
			return it.chunks(m)
		}
		return it.bytes(arg)
	case MajorArray:
		return it.items(arg, 1, indefinite, depth)
	case MajorMap:
		return it.items(arg, 2, indefinite, depth)
	case MajorTag:
		return it.nested(depth + 1)
	case MajorSimple:
		if indefinite {
			return errBreak
		}
	}
	return nil
}

// head reads an item's head. indefinite is true for additional information 31, which is
// a break in [MajorSimple].
func (it *itemReader) head() (m Major, arg uint64, indefinite bool, err error) {
	b, err := it.byte()
	if err != nil {
		return 0, 0, false, err
	}
	m, arg = Major(b>>5), uint64(b&31)
	switch {
	case arg < 24:
		return m, arg, false, nil
	case arg == 31 && m != MajorUint && m != MajorNegint && m != MajorTag:
		return m, 0, true, nil
	case arg > 27:
		return m, 0, false, it.fault("a head %#02x, which is reserved", b)
	}
	n := 1 << (arg - 24)
	arg = 0
	for range n {
		b, err := it.byte()
		if err != nil {
			return m, 0, false, err
		}
		arg = arg<<8 | uint64(b)
	}
	if m == MajorSimple && n == 1 && arg < 32 {
		return m, 0, false, it.fault("a simple value %d in two bytes", arg)
	}
	return m, arg, false, nil
}

// nested reads an item where a break can't be.
func (it *itemReader) nested(depth int) error {
	err := it.item(depth)
	if err == errBreak {
		err = it.fault("a break in the middle of an item")
	}
	return err
}

// items reads n items, or n pairs.
func (it *itemReader) items(n, each uint64, indefinite bool, depth int) error {
	for i := uint64(0); indefinite || i < n; i++ {
		err := it.item(depth + 1)
		if err == errBreak && indefinite {
			return nil
		}
		if err == nil && each == 2 {
			err = it.nested(depth + 1)
		}
		if err == errBreak {
			err = it.fault("a break in the middle of an item")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// chunks reads a string of indefinite length (RFC 8949 §3.2.3).
func (it *itemReader) chunks(of Major) error {
	for {
		m, arg, indefinite, err := it.head()
		switch {
		case err != nil:
			return err
		case m == MajorSimple && indefinite:
			return nil
		case m != of || indefinite:
			return it.fault("a string with something else in it")
		}
		if err := it.bytes(arg); err != nil {
			return err
		}
	}
}

// bytes reads n bytes. It takes memory as they come, not as they are announced.
func (it *itemReader) bytes(n uint64) error {
	if n > uint64(it.max-(len(it.dst)-it.start)) {
		return it.fault("an item of more than %d bytes", it.max)
	}
	for n > 0 {
		_, err := it.src.Peek(1)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		p, _ := it.src.Peek(int(min(n, uint64(it.src.Buffered()))))
		it.room(len(p))
		it.dst = append(it.dst, p...)
		it.src.Discard(len(p))
		n -= uint64(len(p))
	}
	return nil
}
