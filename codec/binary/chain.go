package binary

import "crypto/sha256"

// chain is the state of a log between two blocks: all that the next block, or the end
// mark, must say about what is before it. Writer and reader keep the same one.
type chain struct {
	blocks    uint32
	messages  uint64
	to        int64
	kinds     uint32
	back      uint32
	previous  [32]byte
	size      int64 // offset of the next block
	recovered bool
	index     index
}

// newChain is the state after the file's header.
func newChain() chain {
	return chain{previous: sha256.Sum256([]byte(fileHeader)), size: int64(len(fileHeader))}
}

// next returns the header of the next data block, without what only the block knows.
func (c *chain) next() header {
	return header{block: c.blocks, first: c.messages, back: c.back, previous: c.previous}
}

// add goes on behind a data block whose header is h and whose bytes hash to sum.
func (c *chain) add(h *header, sum [32]byte) {
	c.index.add(c.size, h.from)
	c.blocks++
	c.messages += uint64(h.messages)
	c.to = h.to
	c.kinds |= h.kinds
	c.back = h.size
	c.previous = sum
	c.size += int64(h.size)
	c.recovered = c.recovered || h.flags&flagRecovered != 0
}

// appendEnd appends the end mark: every byte of it follows from the chain.
func (c *chain) appendEnd(dst []byte) []byte {
	h := c.next()
	h.flags = flagEnd
	h.size = uint32(endSize)
	h.from, h.to = c.to, c.to
	h.kinds = c.kinds
	return append(h.append(dst), endContent...)
}
