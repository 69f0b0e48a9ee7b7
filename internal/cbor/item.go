package cbor

import (
	"encoding/binary"
	"iter"
	"math"
)

// Item is a well-formed item, as [Reader] gives it. Its methods do not check again.
type Item []byte

// Head returns the item's major type and argument, and the size of its head. The argument of
// an item of indefinite length is [Indefinite].
func (it Item) Head() (m Major, arg uint64, size int) {
	m, arg = Major(it[0]>>5), uint64(it[0]&31)
	switch arg {
	case 24:
		return m, uint64(it[1]), 2
	case 25:
		return m, uint64(binary.BigEndian.Uint16(it[1:])), 3
	case 26:
		return m, uint64(binary.BigEndian.Uint32(it[1:])), 5
	case 27:
		return m, binary.BigEndian.Uint64(it[1:]), 9
	case 31:
		return m, Indefinite, 1
	}
	return m, arg, 1
}

// Indefinite stands for a length that is not given. No item is as long.
const Indefinite = math.MaxUint64

// breakByte ends items of indefinite length.
const breakByte = 0xff

// Rest returns what follows the first item.
func (it Item) Rest() Item {
	m, arg, size := it.Head()
	rest := it[size:]
	switch m {
	case MajorTag:
		return rest.Rest()
	case MajorBytes, MajorText:
		if arg != Indefinite {
			return rest[arg:]
		}
	case MajorArray:
	case MajorMap:
		if arg != Indefinite {
			arg *= 2
		}
	default:
		return rest
	}
	if arg == Indefinite {
		for rest[0] != breakByte {
			rest = rest.Rest()
		}
		return rest[1:]
	}
	for range arg {
		rest = rest.Rest()
	}
	return rest
}

// Alone returns the first item without what follows it.
func (it Item) Alone() Item { return it[:len(it)-len(it.Rest())] }

// Untagged returns the item within its tags, if it has any.
func (it Item) Untagged() Item {
	for Major(it[0]>>5) == MajorTag {
		_, _, size := it.Head()
		it = it[size:]
	}
	return it
}

// Contents returns the bytes of a string. They are part of the item, unless its length
// is indefinite.
func (it Item) Contents() []byte {
	_, arg, size := it.Head()
	if arg != Indefinite {
		return it[size : size+int(arg)]
	}
	total := 0
	for rest := it[size:]; rest[0] != breakByte; rest = rest.Rest() {
		_, n, _ := rest.Head()
		total += int(n)
	}
	b := make([]byte, 0, total)
	for rest := it[size:]; rest[0] != breakByte; rest = rest.Rest() {
		b = append(b, rest.Contents()...)
	}
	return b
}

// Items yields the items of an array, each with what follows it.
func (it Item) Items() iter.Seq[Item] {
	return func(yield func(Item) bool) {
		_, n, size := it.Head()
		rest := it[size:]
		for i := uint64(0); i < n && (n != Indefinite || rest[0] != breakByte); i++ {
			if !yield(rest) {
				return
			}
			rest = rest.Rest()
		}
	}
}

// Pairs yields the keys and values of a map, each with what follows it.
func (it Item) Pairs() iter.Seq2[Item, Item] {
	return func(yield func(key, value Item) bool) {
		_, n, size := it.Head()
		rest := it[size:]
		for i := uint64(0); i < n && (n != Indefinite || rest[0] != breakByte); i++ {
			value := rest.Rest()
			if !yield(rest, value) {
				return
			}
			rest = value.Rest()
		}
	}
}
