package binary

import (
	"encoding/binary"

	"github.com/sshtrail/sshtrail/event"
)

// Block is what a data block is made from.
type Block struct {
	// Plain is the content: Messages canonical messages, back to back.
	Plain    []byte
	Messages uint32
	// From and To are the times of the first and the last message.
	From, To int64
	// Kinds is the union of the messages' kinds: bit n for the event.Kind n.
	Kinds uint32
	// Recovered marks a block that recovery writes.
	Recovered bool
}

// The file's header.
const (
	magic      = "ContainerSSH-Auditlog\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	version2   = "\x02\x00\x00\x00\x00\x00\x00\x00"
	fileHeader = magic + version2
)

// A block's header: the head of a gzip member with one extra subfield (RFC 1952
// §2.3.1.1), and in it what a reader wants to know before it inflates anything.
const (
	gzipHead  = "\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\x54\x00ST\x50\x00"
	blockHead = len(gzipHead) + 80
	trailer   = 8 // CRC and ISIZE

	layout        = 1 // of the 80 bytes
	flagEnd       = 1
	flagRecovered = 2

	// endContent is the deflate data, CRC and ISIZE of nothing.
	endContent = "\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	endSize    = blockHead + len(endContent)

	allKinds = 1<<event.NumKinds - 1
)

// header is the 80 bytes of a block's own header.
type header struct {
	flags    byte
	size     uint32
	messages uint32
	block    uint32
	first    uint64
	from, to int64
	kinds    uint32
	back     uint32
	previous [32]byte
}

// append appends the first 96 bytes of the member.
func (h *header) append(dst []byte) []byte {
	le := binary.LittleEndian
	dst = append(dst, gzipHead...)
	dst = append(dst, layout, h.flags, 0, 0)
	dst = le.AppendUint32(dst, h.size)
	dst = le.AppendUint32(dst, h.messages)
	dst = le.AppendUint32(dst, h.block)
	dst = le.AppendUint64(dst, h.first)
	dst = le.AppendUint64(dst, uint64(h.from))
	dst = le.AppendUint64(dst, uint64(h.to))
	dst = le.AppendUint32(dst, h.kinds)
	dst = le.AppendUint32(dst, h.back)
	return append(dst, h.previous[:]...)
}
