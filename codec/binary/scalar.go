package binary

import (
	"encoding/hex"
	"math"
	"strconv"

	"github.com/sshtrail/sshtrail/internal/cbor"
)

// integer returns an item's number, the nearest to it that int64 can hold, 0 if it is none.
func integer(it cbor.Item) int64 {
	if it == nil {
		return 0
	}
	switch major, arg, _ := it.Head(); major {
	case cbor.MajorUint:
		return int64(min(arg, math.MaxInt64))
	case cbor.MajorNegint:
		return ^int64(min(arg, math.MaxInt64))
	}
	return 0
}

// keyText returns a key as text: what a number looks like, the contents of a string,
// and of anything else its bytes in hexadecimal digits. It may use buf.
func keyText(buf []byte, it cbor.Item) []byte {
	it = it.Untagged()
	switch major, arg, _ := it.Head(); major {
	case cbor.MajorUint:
		return strconv.AppendUint(buf, arg, 10)
	case cbor.MajorNegint:
		if arg < math.MaxUint64 {
			return strconv.AppendUint(append(buf, '-'), arg+1, 10)
		}
		return append(buf, "-18446744073709551616"...)
	case cbor.MajorBytes, cbor.MajorText:
		return it.Contents()
	}
	return hex.AppendEncode(buf, it.Alone())
}

// appendSimple appends a simple value or a float.
func appendSimple(dst []byte, it cbor.Item) []byte {
	switch it[0] {
	case cbor.False, cbor.True:
		return append(dst, it[0])
	case 0xf9, 0xfa, 0xfb:
		f := float(it)
		if i := int64(f); float64(i) == f && math.Abs(f) < 1<<53 {
			return cbor.AppendInt(dst, i)
		}
		return cbor.AppendText(dst, strconv.FormatFloat(f, 'g', -1, 64))
	}
	return cbor.AppendNull(dst)
}

// float returns the value of a float (RFC 8949 §3.3, half precision as in appendix D).
func float(it cbor.Item) float64 {
	_, arg, size := it.Head()
	switch size {
	case 5:
		return float64(math.Float32frombits(uint32(arg)))
	case 9:
		return math.Float64frombits(arg)
	}
	exponent, mantissa := int(arg>>10&31), float64(arg&1023)
	var f float64
	switch exponent {
	case 0:
		f = math.Ldexp(mantissa, -24)
	case 31:
		if f = math.Inf(1); mantissa != 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(mantissa+1024, exponent-25)
	}
	if arg>>15 != 0 {
		f = -f
	}
	return f
}
