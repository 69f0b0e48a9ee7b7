package formattest_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
)

// An obj is a CBOR map: keys and values in turn, in the order of the file.
type obj []any

// A raw is CBOR that is written as it is.
type raw string

// enc returns the shortest CBOR (RFC 8949) of nil, booleans, integers, string (text), []byte, []any, obj and raw.
func enc(v any) []byte {
	switch v := v.(type) {
	case nil:
		return []byte{0xf6}
	case bool:
		if v {
			return []byte{0xf5}
		}
		return []byte{0xf4}
	case int:
		return enc(int64(v))
	case int64:
		if v < 0 {
			return cborHead(1, uint64(-1-v))
		}
		return cborHead(0, uint64(v))
	case uint64:
		return cborHead(0, v)
	case string:
		return append(cborHead(3, uint64(len(v))), v...)
	case []byte:
		return append(cborHead(2, uint64(len(v))), v...)
	case []any:
		return encAll(cborHead(4, uint64(len(v))), v)
	case obj:
		return encAll(cborHead(5, uint64(len(v)/2)), v)
	case raw:
		return []byte(v)
	}
	panic(fmt.Sprintf("formattest: no CBOR for %T", v))
}

func encAll(dst []byte, items []any) []byte {
	for _, item := range items {
		dst = append(dst, enc(item)...)
	}
	return dst
}

// cborHead returns the shortest head of a major type with its argument (RFC 8949 §3).
func cborHead(major byte, n uint64) []byte {
	switch {
	case n < 24:
		return []byte{major<<5 | byte(n)}
	case n <= 0xff:
		return []byte{major<<5 | 24, byte(n)}
	case n <= 0xffff:
		return binary.BigEndian.AppendUint16([]byte{major<<5 | 25}, uint16(n))
	case n <= 0xffffffff:
		return binary.BigEndian.AppendUint32([]byte{major<<5 | 26}, uint32(n))
	}
	return binary.BigEndian.AppendUint64([]byte{major<<5 | 27}, n)
}

// get returns the value of a key, nil if there is none.
func (o obj) get(key string) any {
	for i := 0; i+1 < len(o); i += 2 {
		if o[i] == key {
			return o[i+1]
		}
	}
	return nil
}

// has tells whether a key is there.
func (o obj) has(key string) bool {
	for i := 0; i+1 < len(o); i += 2 {
		if o[i] == key {
			return true
		}
	}
	return false
}

// with returns a copy in which key has the value v; a new key comes last.
func (o obj) with(key string, v any) obj {
	c := append(obj{}, o...)
	for i := 0; i+1 < len(c); i += 2 {
		if c[i] == key {
			c[i+1] = v
			return c
		}
	}
	return append(c, key, v)
}

// without returns a copy that lacks a key.
func (o obj) without(key string) obj {
	var c obj
	for i := 0; i+1 < len(o); i += 2 {
		if o[i] != key {
			c = append(c, o[i], o[i+1])
		}
	}
	return c
}

// swapped returns a copy in which pair i and the one after it have changed places.
func (o obj) swapped(i int) obj {
	c := append(obj{}, o...)
	c[2*i], c[2*i+1], c[2*i+2], c[2*i+3] = c[2*i+2], c[2*i+3], c[2*i], c[2*i+1]
	return c
}

var errCBOR = errors.New("not canonical CBOR")

// dec reads one item of the canonical subset and returns what follows it. Integers come as int64, or as uint64
// where int64 cannot hold them, maps as obj.
func dec(b []byte, depth int) (v any, rest []byte, err error) {
	if len(b) == 0 || depth > 16 {
		return nil, nil, errCBOR
	}
	switch b[0] {
	case 0xf4, 0xf5:
		return b[0] == 0xf5, b[1:], nil
	case 0xf6:
		return nil, b[1:], nil
	}
	major, n, rest, err := decHead(b)
	if err != nil {
		return nil, nil, err
	}
	switch major {
	case 0:
		if n > 1<<63-1 {
			return n, rest, nil
		}
		return int64(n), rest, nil
	case 1:
		if n > 1<<63-1 {
			return nil, nil, errCBOR
		}
		return -1 - int64(n), rest, nil
	case 2, 3:
		return decString(major, n, rest)
	case 4, 5:
		return decItems(major, n, rest, depth)
	}
	return nil, nil, errCBOR
}

func decHead(b []byte) (major byte, n uint64, rest []byte, err error) {
	major, info := b[0]>>5, b[0]&31
	if info < 24 {
		return major, uint64(info), b[1:], nil
	}
	width := 1 << (info - 24)
	if info > 27 || len(b) < 1+width {
		return 0, 0, nil, errCBOR
	}
	for _, c := range b[1 : 1+width] {
		n = n<<8 | uint64(c)
	}
	if len(cborHead(major, n)) != 1+width {
		return 0, 0, nil, errCBOR
	}
	return major, n, b[1+width:], nil
}

func decString(major byte, n uint64, rest []byte) (any, []byte, error) {
	if n > uint64(len(rest)) {
		return nil, nil, errCBOR
	}
	if major == 2 {
		return rest[:n:n], rest[n:], nil
	}
	if !utf8.Valid(rest[:n]) {
		return nil, nil, errCBOR
	}
	return string(rest[:n]), rest[n:], nil
}

func decItems(major byte, n uint64, rest []byte, depth int) (any, []byte, error) {
	if n > 65536 {
		return nil, nil, errCBOR
	}
	if major == 4 {
		items := []any{}
		for range n {
			item, after, err := dec(rest, depth+1)
			if err != nil {
				return nil, nil, err
			}
			items, rest = append(items, item), after
		}
		return items, rest, nil
	}
	pairs := obj{}
	for range n {
		key, after, err := dec(rest, depth+1)
		if err != nil {
			return nil, nil, err
		}
		if text, ok := key.(string); !ok || pairs.has(text) {
			return nil, nil, errCBOR
		}
		value, after, err := dec(after, depth+1)
		if err != nil {
			return nil, nil, err
		}
		pairs, rest = append(pairs, key, value), after
	}
	return pairs, rest, nil
}
