// Package inflate decompresses deflate data (RFC 1951) that is held in memory, to the bit.
//
// A checker of evidence asks more than what comes out: where exactly the data ended,
// whether anything is hidden in it (bits that a decompressor skips must be zero here),
// and, of a file that was cut, whether what is there is the beginning of good data or
// can't be. The decompressors at hand answer the first with luck and the others not at all.
package inflate

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrMore says that the data is good as far as it goes, and has not ended.
var ErrMore = errors.New("deflate data goes on")

// CorruptError says that no data that begins so is good.
type CorruptError struct {
	Offset int // about where, in the compressed bytes
	Why    string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("deflate data at byte %d: %s", e.Offset, e.Why)
}

// Decoder decompresses. It holds tables of about 40 KiB that are used again; the zero
// value is ready. It is for one goroutine at a time.
type Decoder struct {
	src  []byte
	pos  int    // next byte of src
	bits uint64 // bits read ahead, the next one lowest; zero above n
	n    uint   // how many

	out   []byte // what was decompressed is out[:o]
	o     int
	start int // where this call's output begins: matches reach no further back
	limit int // how far out may grow

	lit, dist table
	lengths   [maxLit + maxDist]uint8
}

// Decode appends to dst what the deflate data at the start of src holds, at most limit
// bytes, and returns how many bytes of src that data is. Where src ends within good data the
// error is [ErrMore], and what could be decompressed is appended. Any other error is a
// [*CorruptError]; then too dst has what came before.
func (d *Decoder) Decode(dst, src []byte, limit int) ([]byte, int, error) {
	d.src, d.pos, d.bits, d.n = src, 0, 0, 0
	d.out, d.o, d.start, d.limit = dst[:cap(dst)], len(dst), len(dst), len(dst)+limit
	err := d.blocks()
	out, used := d.out[:d.o], d.pos-int(d.n/8)
	d.src, d.out = nil, nil
	return out, used, err
}

func (d *Decoder) corrupt(format string, args ...any) error {
	return &CorruptError{d.pos - int(d.n/8), fmt.Sprintf(format, args...)}
}

// blocks decompresses up to the end of the last block (RFC 1951 §3.2.3).
func (d *Decoder) blocks() error {
	for {
		head, ok := d.take(3)
		if !ok {
			// One or two bits are there at most in the last byte; more bytes would bring
			// the rest. Only the type 3, of which both bits are needed, can't be.
			return ErrMore
		}
		var err error
		switch head >> 1 {
		case 0:
			err = d.stored()
		case 1:
			err = d.codes(&fixed.lit, &fixed.dist)
		case 2:
			if err = d.readTables(); err == nil {
				err = d.codes(&d.lit, &d.dist)
			}
		default:
			err = d.corrupt("block of the reserved type")
		}
		if err != nil {
			return err
		}
		if head&1 != 0 {
			return d.align()
		}
	}
}

// fill reads ahead as far as src goes.
func (d *Decoder) fill() {
	for d.n <= 56 && d.pos < len(d.src) {
		d.bits |= uint64(d.src[d.pos]) << d.n
		d.pos++
		d.n += 8
	}
}

// take returns the next n bits, at most 16, and whether there are as many.
func (d *Decoder) take(n uint) (uint32, bool) {
	if d.n < n {
		d.fill()
		if d.n < n {
			return 0, false
		}
	}
	v := uint32(d.bits & (1<<n - 1))
	d.drop(n)
	return v, true
}

func (d *Decoder) drop(n uint) {
	d.bits >>= n
	d.n -= n
}

// align goes to the next byte boundary. A decompressor ignores the bits before it
// (RFC 1951 §3.2.4); compressors leave them zero, and here they must be.
func (d *Decoder) align() error {
	if v, _ := d.take(d.n % 8); v != 0 {
		return d.corrupt("bits that mean nothing are not zero")
	}
	return nil
}

// stored copies a block that is not compressed (RFC 1951 §3.2.4).
func (d *Decoder) stored() error {
	if err := d.align(); err != nil {
		return err
	}
	d.pos -= int(d.n / 8)
	d.bits, d.n = 0, 0
	rest := d.src[d.pos:]
	for i := 2; i < min(4, len(rest)); i++ {
		if rest[i] != ^rest[i-2] {
			return d.corrupt("the length of a stored block does not match its complement")
		}
	}
	if len(rest) >= 2 {
		if size := int(binary.LittleEndian.Uint16(rest)); size > d.limit-d.o {
			return d.tooLong()
		}
	}
	if len(rest) < 4 {
		d.pos = len(d.src)
		return ErrMore
	}
	size := int(binary.LittleEndian.Uint16(rest))
	n := min(size, len(rest)-4)
	d.grow(n)
	copy(d.out[d.o:], rest[4:4+n])
	d.o += n
	d.pos += 4 + n
	if n < size {
		return ErrMore
	}
	return nil
}

func (d *Decoder) tooLong() error {
	return d.corrupt("more than %d bytes come out", d.limit-d.start)
}

// grow makes room for n more bytes, which the limit allows.
func (d *Decoder) grow(n int) {
	if d.o+n <= len(d.out) {
		return
	}
	size := min(max(2*len(d.out), d.o+n, 64<<10), max(d.limit, d.o+n))
	out := make([]byte, size)
	copy(out, d.out[:d.o])
	d.out = out
}
