package binary

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
)

// Writer makes the bytes of one log: a header, blocks, an end mark. It holds no more
// than what the next block must say about those before it; storing the bytes is the
// caller's. It is for one goroutine at a time.
type Writer struct {
	chain  chain
	begun  bool
	ended  bool
	digest string
}

// NewWriter returns a Writer at the start of a log.
func NewWriter() *Writer { return &Writer{} }

// AppendHeader appends the header of the file. It comes first, and once.
func (w *Writer) AppendHeader(dst []byte) []byte {
	w.chain, w.begun = newChain(), true
	return append(dst, fileHeader...)
}

// AppendBlock appends b as the next data block, compressed by c at a level of package
// flate (1 is fast, 9 small). If it fails, dst and the Writer are as they were. It
// checks what it can see at once; that b tells the truth about its messages is the
// caller's part, and a reader will find out.
func (w *Writer) AppendBlock(dst []byte, b Block, c *Compressor, level int) ([]byte, error) {
	if err := w.check(&b); err != nil {
		return dst, fmt.Errorf("append block %d: %w", w.chain.blocks, err)
	}
	h := w.chain.next()
	h.messages, h.from, h.to, h.kinds = b.Messages, b.From, b.To, b.Kinds
	if b.Recovered {
		h.flags = flagRecovered
	}
	start := len(dst)
	out, err := c.deflate(h.append(dst), b.Plain, level)
	if err != nil {
		return dst, err
	}
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(b.Plain))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(b.Plain)))
	if len(out)-start > maxMember {
		return dst, fmt.Errorf("append block %d: %d bytes at level %d: at most %d", h.block, len(out)-start, level, maxMember)
	}
	h.size = uint32(len(out) - start)
	h.append(out[:start]) // again, now that the size is known
	w.chain.add(&h, sha256.Sum256(out[start:]))
	return out, nil
}

func (w *Writer) check(b *Block) error {
	switch {
	case !w.begun:
		return errors.New("the log has no header yet")
	case w.ended:
		return errors.New("the log has its end mark")
	case len(b.Plain) == 0 || b.Messages == 0:
		return errors.New("a block without messages")
	case len(b.Plain) > MaxContent:
		return fmt.Errorf("content of %d bytes: at most %d", len(b.Plain), MaxContent)
	case b.From < w.chain.to || b.To < b.From:
		return fmt.Errorf("time goes back: after %d come %d to %d", w.chain.to, b.From, b.To)
	case b.Kinds == 0 || b.Kinds > allKinds:
		return fmt.Errorf("kinds %#x: no message has them", b.Kinds)
	case w.chain.recovered && !b.Recovered:
		return errors.New("recovery wrote the block before, so this one must say the same")
	}
	return nil
}

// AppendEnd appends the end mark. Nothing may follow it. It panics without a block
// before it: a log has at least one message, its summary's.
func (w *Writer) AppendEnd(dst []byte) []byte {
	if w.chain.blocks == 0 || w.ended {
		panic("binary: end mark of a log without blocks, or a second one")
	}
	start := len(dst)
	dst = w.chain.appendEnd(dst)
	sum := sha256.Sum256(dst[start:])
	w.digest, w.ended = hex.EncodeToString(sum[:]), true
	w.chain.size += int64(endSize)
	return dst
}

// Index returns the summary's index if the next block, whose first message has the
// time from, is the last one. The caller may keep it.
func (w *Writer) Index(from int64) [][2]int64 { return w.chain.index.with(w.chain.size, from) }

// Messages returns how many messages the blocks so far have.
func (w *Writer) Messages() uint64 { return w.chain.messages }

// Blocks returns how many data blocks there are so far.
func (w *Writer) Blocks() uint32 { return w.chain.blocks }

// Size returns how many bytes the log has so far.
func (w *Writer) Size() int64 { return w.chain.size }

// Ended reports whether the end mark is written.
func (w *Writer) Ended() bool { return w.ended }

// Digest returns what names the whole log, the SHA-256 of its end mark in lower-case
// hexadecimal digits, and "" before [Writer.AppendEnd].
func (w *Writer) Digest() string { return w.digest }
