package binary

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/sshtrail/sshtrail/event"
)

// Tail is what the end of a whole log tells about all of it. The end is checked, by
// itself and against the last block; what is before that block is not.
type Tail struct {
	Summary   *event.Summary
	Conn      event.ConnID // of the log's first message
	Recovered bool
	Digest    string
	Messages  uint64
	Blocks    uint32
	Kinds     uint32 // union of all messages' kinds
}

// ErrNoEnd says that a file does not end as a whole log of ours does. What it is
// instead takes reading it all.
var ErrNoEnd = errors.New("no end mark")

// ReadTail reads the end mark and the last block of a log of this size, in two reads.
// The error is [ErrNoEnd], or wraps it, if there is no end mark or if it does not fit the block
// before it.
func ReadTail(r io.ReaderAt, size int64) (*Tail, error) {
	if size < int64(len(fileHeader)+blockHead+trailer+endSize) {
		return nil, ErrNoEnd
	}
	mark := make([]byte, endSize)
	if err := readAt(r, mark, size-int64(endSize)); err != nil {
		return nil, err
	}
	end := parseHead(mark)
	if string(mark[:len(gzipHead)]) != gzipHead || end.flags != flagEnd || end.block == 0 {
		return nil, ErrNoEnd
	}
	at := size - int64(endSize) - int64(end.back)
	if at < int64(len(fileHeader)) || end.back > maxMember || int(end.back) < blockHead+trailer {
		return nil, fmt.Errorf("%w: what stands there points to no block", ErrNoEnd)
	}
	p := make([]byte, end.back)
	if err := readAt(r, p, at); err != nil {
		return nil, err
	}
	b, err := openAlone(p, at)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoEnd, err)
	}
	return b.tail(mark, p, end.kinds)
}

// tail checks the end mark against the block before it.
func (b *Content) tail(mark, p []byte, kinds uint32) (*Tail, error) {
	c := b.before
	c.add(&b.head, sha256.Sum256(p))
	c.kinds |= kinds // of the blocks before, which nobody has read
	if string(c.appendEnd(nil)) != string(mark) {
		return nil, fmt.Errorf("%w: what stands there does not fit the last block", ErrNoEnd)
	}
	last := b.Messages[len(b.Messages)-1]
	if last.Extension != summaryName {
		return nil, fmt.Errorf("%w: there is no summary before it", ErrNoEnd)
	}
	ev, err := last.Event()
	if err != nil {
		return nil, err
	}
	return &Tail{
		Summary:   ev.Body.(*event.Summary),
		Conn:      ev.Conn,
		Recovered: b.Recovered,
		Digest:    digestOf(mark),
		Messages:  c.messages,
		Blocks:    c.blocks,
		Kinds:     c.kinds,
	}, nil
}

// Content is one data block, read without those before it: its own bytes are checked,
// the chain is not.
type Content struct {
	Offset    int64 // in the file
	Next      int64 // offset of the next block, or of the end mark
	Number    uint32
	From, To  int64
	Kinds     uint32
	Recovered bool
	Messages  []Message

	head   header
	before chain
}

// ReadBlock reads the data block at offset, as an index gives it or [Content.Next].
// At the end mark the error is io.EOF, at the end of the file too; for a block that is not good or not
// whole it is a [*Fault].
func ReadBlock(r io.ReaderAt, offset int64) (*Content, error) {
	h, err := headAt(r, offset)
	if err != nil {
		return nil, err
	}
	p := make([]byte, h.size)
	if n, err := r.ReadAt(p, offset); n < len(p) {
		if err == io.EOF {
			return nil, &Fault{Verdict: Truncated, Block: int(h.block), Offset: offset, Message: h.first, Why: "the file ends within this block"}
		}
		return nil, readError(err)
	}
	b, err := openAlone(p, offset)
	if err != nil {
		return nil, &Fault{Verdict: Tampered, Block: int(h.block), Offset: offset, Message: h.first, Why: err.Error()}
	}
	return b, nil
}

// openAlone reads a whole block at an offset, believing what its header says about
// those before.
func openAlone(p []byte, offset int64) (*Content, error) {
	claim := parseHead(p)
	o := newBlocks()
	o.check.alone = true
	o.check.tally.messages = claim.first
	o.chain = chain{blocks: claim.block, messages: claim.first, back: claim.back, previous: claim.previous, size: offset}
	before := o.chain
	h, end, err := o.chain.readHead(p[:blockHead], false)
	if err != nil {
		return nil, err
	}
	if end || int(h.size) != len(p) {
		return nil, fmt.Errorf("its size is %d where %d must be", h.size, len(p))
	}
	if err := o.read(p, &h); err != nil {
		return nil, err
	}
	return &Content{
		Offset: offset, Next: offset + int64(h.size), Number: h.block, From: h.from, To: h.to, Kinds: h.kinds,
		Recovered: h.flags&flagRecovered != 0, Messages: o.messages, head: h, before: before,
	}, nil
}

// parseHead returns what a block's header says, unchecked.
func parseHead(p []byte) header {
	le := binary.LittleEndian
	f := p[len(gzipHead):]
	h := header{
		flags: f[1], size: le.Uint32(f[4:]), messages: le.Uint32(f[8:]), block: le.Uint32(f[12:]), first: le.Uint64(f[16:]),
		from: int64(le.Uint64(f[24:]) & math.MaxInt64), to: int64(le.Uint64(f[32:]) & math.MaxInt64),
		kinds: le.Uint32(f[40:]), back: le.Uint32(f[44:]),
	}
	copy(h.previous[:], f[48:])
	return h
}

func readAt(r io.ReaderAt, p []byte, at int64) error {
	if n, err := r.ReadAt(p, at); n < len(p) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return readError(err)
	}
	return nil
}
