// Package cbor reads and writes the part of CBOR (RFC 8949) that logs are made of.
//
// What we write is canonical, so that a message has one reading and one spelling:
// definite lengths, shortest integers, no tags, no floats, text that is UTF-8. The
// Append functions write it, [Scanner] accepts nothing else, and [Reader] takes any
// well-formed CBOR, for the files of others.
package cbor

import "encoding/binary"

// Major is a major type (RFC 8949 §3.1): the top three bits of an item's first byte.
type Major byte

// The major types.
const (
	MajorUint   Major = iota
	MajorNegint       // -1 - argument
	MajorBytes
	MajorText
	MajorArray
	MajorMap
	MajorTag
	MajorSimple // and floats
)

// The simple values that are canonical, as their only byte.
const (
	False byte = 0xf4
	True  byte = 0xf5
	Null  byte = 0xf6
)

// AppendHead appends an item's head: its major type and argument, in the fewest bytes
// (RFC 8949 §4.2.1).
func AppendHead(dst []byte, m Major, arg uint64) []byte {
	b := byte(m) << 5
	switch {
	case arg < 24:
		return append(dst, b|byte(arg))
	case arg <= 0xff:
		return append(dst, b|24, byte(arg))
	case arg <= 0xffff:
		return binary.BigEndian.AppendUint16(append(dst, b|25), uint16(arg))
	case arg <= 0xffff_ffff:
		return binary.BigEndian.AppendUint32(append(dst, b|26), uint32(arg))
	}
	return binary.BigEndian.AppendUint64(append(dst, b|27), arg)
}

// AppendUint appends an unsigned integer.
func AppendUint(dst []byte, v uint64) []byte { return AppendHead(dst, MajorUint, v) }

// AppendInt appends an integer.
func AppendInt(dst []byte, v int64) []byte {
	if v < 0 {
		return AppendHead(dst, MajorNegint, uint64(^v))
	}
	return AppendHead(dst, MajorUint, uint64(v))
}

// AppendBytes appends a byte string.
func AppendBytes[B []byte | string](dst []byte, b B) []byte {
	return append(AppendHead(dst, MajorBytes, uint64(len(b))), b...)
}

// AppendText appends a text string. The caller has made sure that it is UTF-8.
func AppendText[S []byte | string](dst []byte, s S) []byte {
	return append(AppendHead(dst, MajorText, uint64(len(s))), s...)
}

// AppendArray appends the head of an array; its n items follow.
func AppendArray(dst []byte, n int) []byte { return AppendHead(dst, MajorArray, uint64(n)) }

// AppendMap appends the head of a map; its n keys, each with its value, follow.
func AppendMap(dst []byte, n int) []byte { return AppendHead(dst, MajorMap, uint64(n)) }

// AppendBool appends false or true.
func AppendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, True)
	}
	return append(dst, False)
}

// AppendNull appends null.
func AppendNull(dst []byte) []byte { return append(dst, Null) }
