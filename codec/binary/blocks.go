package binary

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/cbor"
	"github.com/sshtrail/sshtrail/internal/inflate"
)

// blocks reads the blocks of a log of ours, one at a time, into memory that it uses again.
type blocks struct {
	chain    chain
	check    checker
	inflate  inflate.Decoder
	buf      []byte    // the member
	content  []byte    // inflated
	messages []Message // of the content
	before   tally     // as it was before the block
	summary  *event.Summary
}

func newBlocks() *blocks { return &blocks{chain: newChain()} }

// member returns the first size bytes of the next member, or as many as there are. It
// reads on from what it returned last, if that was less and not everything, and takes
// memory as the bytes come.
func (o *blocks) member(src *bufio.Reader, size int) ([]byte, error) {
	if size <= blockHead {
		o.buf = o.buf[:0]
	}
	for len(o.buf) < size {
		have := len(o.buf)
		o.buf = slices.Grow(o.buf, min(size-have, max(have, window)))
		n, err := io.ReadFull(src, o.buf[have:min(size, cap(o.buf))])
		o.buf = o.buf[:have+n]
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return nil, readError(err)
		}
	}
	return o.buf, nil
}

// read reads a whole data block, and goes on behind it if it is good.
func (o *blocks) read(p []byte, h *header) error {
	if err := o.open(p, MaxContent); err != nil {
		return err
	}
	if err := o.readContent(h); err != nil {
		return err
	}
	o.chain.add(h, sha256.Sum256(p))
	return nil
}

// open inflates the member p into o.content, which may get so long.
func (o *blocks) open(p []byte, limit int) error {
	data, tail := p[blockHead:len(p)-trailer], p[len(p)-trailer:]
	if size := int(binary.LittleEndian.Uint32(tail[4:])); size <= MaxContent && cap(o.content) < size {
		o.content = make([]byte, 0, size)
	}
	content, used, err := o.inflate.Decode(o.content[:0], data, limit)
	o.content = content
	switch {
	case err == inflate.ErrMore:
		return errors.New("its deflate data is longer than the block")
	case err != nil:
		return err
	case used != len(data):
		return fmt.Errorf("%d bytes follow its deflate data", len(data)-used)
	}
	if want := checksums(content); !bytes.Equal(tail, want[:]) {
		return fmt.Errorf("its CRC and length are %x where %x must be", tail, want)
	}
	return nil
}

// checksums returns the end of a member with this content (RFC 1952 §2.3.1).
func checksums(content []byte) [trailer]byte {
	var b [trailer]byte
	binary.LittleEndian.PutUint32(b[:], crc32.ChecksumIEEE(content))
	binary.LittleEndian.PutUint32(b[4:], uint32(len(content)))
	return b
}

// readContent reads o.content, which has to be all the messages that h has.
func (o *blocks) readContent(h *header) error {
	c := &o.check
	c.begin(h, o.chain.index.with(o.chain.size, h.from), o.content)
	for !c.done() {
		err := o.readMessage()
		if err == cbor.ErrMore {
			return fmt.Errorf("its content ends in message %d of %d", c.n+1, h.messages)
		}
		if err != nil {
			return err
		}
	}
	return o.endContent(h)
}

// endContent looks at what is left when all messages were read.
func (o *blocks) endContent(h *header) error {
	c := &o.check
	if rest := len(o.content) - c.s.Pos(); rest > 0 {
		return fmt.Errorf("%d bytes follow its last message", rest)
	}
	if c.kinds != h.kinds {
		return fmt.Errorf("its kinds are %#x where its messages have %#x", h.kinds, c.kinds)
	}
	return nil
}

// readMessage reads the next message to the end of o.messages.
func (o *blocks) readMessage() error {
	n := len(o.messages)
	if n == cap(o.messages) {
		o.messages = append(o.messages, Message{})
	}
	o.messages = o.messages[:n+1]
	if err := o.check.next(&o.messages[n]); err != nil {
		o.messages = o.messages[:n]
		return err
	}
	if m := &o.messages[n]; m.Extension == summaryName {
		ev, err := m.Event()
		if err != nil {
			return err
		}
		o.summary = ev.Body.(*event.Summary)
	}
	return nil
}

// readCut reads the part of a block with which a file ends, and returns an error if
// it can't be the beginning of one. The whole messages that are in it are then in
// o.messages.
func (o *blocks) readCut(p []byte) error {
	o.messages, o.content, o.check.tally = o.messages[:0], o.content[:0], o.before
	h, _, err := o.chain.readHead(p, o.check.tally.sealed)
	if err != nil || len(p) <= blockHead || o.check.tally.sealed {
		return err
	}
	data := p[blockHead:]
	content, used, err := o.inflate.Decode(o.content, data, MaxContent)
	o.content = content
	if err == inflate.ErrMore {
		if len(p)+1+trailer > int(h.size) {
			return errors.New("its deflate data is longer than the block")
		}
		return o.readCutContent(&h)
	}
	if err != nil {
		return err
	}
	if want := blockHead + used + trailer; int(h.size) != want {
		return fmt.Errorf("its size is %d where %d must be", h.size, want)
	}
	if want := checksums(content); !bytes.HasPrefix(want[:], data[used:]) {
		return fmt.Errorf("its CRC and length are %x where %x must be", data[used:], want)
	}
	return o.readContent(&h)
}

// readCutContent reads o.content, which is a part of the messages that h has.
func (o *blocks) readCutContent(h *header) error {
	c := &o.check
	c.begin(h, o.chain.index.with(o.chain.size, h.from), o.content)
	for !c.done() {
		err := o.readMessage()
		if err == cbor.ErrMore {
			if more := int(h.messages-c.n) - 1; more*minMessage > MaxContent-len(o.content) {
				return fmt.Errorf("%d further messages can't fit", more)
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
	return o.endContent(h)
}

func digestOf(endMark []byte) string {
	sum := sha256.Sum256(endMark)
	return hex.EncodeToString(sum[:])
}
