package binary

import (
	"errors"
	"fmt"
	"io"

	"github.com/sshtrail/sshtrail/event"
)

// Checkpoint is all that whoever goes on with a log must know of the bytes before Offset,
// which can be gone then: it stands between two blocks.
type Checkpoint struct {
	Offset    int64      `json:"offset"` // of the next block
	Blocks    uint32     `json:"blocks"`
	Messages  uint64     `json:"messages"`
	To        int64      `json:"to"` // time of the last one
	Kinds     uint32     `json:"kinds"`
	Back      uint32     `json:"back"` // size of the last block
	Previous  [32]byte   `json:"previous"`
	Recovered bool       `json:"recovered"`
	Index     [][2]int64 `json:"index"`
	Step      uint32     `json:"step"` // of Index
	Seen      Seen       `json:"seen"`
}

// Seen is what a checkpoint needs to know of the messages before it, which a Writer does
// not read.
type Seen struct {
	Conn    event.ConnID           `json:"conn"`    // of the first message
	Peer    event.ConnID           `json:"peer"`    // the first connection that is not the gateway itself
	Several bool                   `json:"several"` // there are others
	Start   int64                  `json:"start"`   // time of the first message
	Bytes   event.StreamBytes      `json:"bytes"`
	Kinds   [event.NumKinds]uint64 `json:"kinds"` // messages of each kind
}

// Checkpoint returns the state after the last block. seen must tell of the messages up to
// there, and no more.
func (w *Writer) Checkpoint(seen Seen) *Checkpoint {
	c := &w.chain
	return &Checkpoint{
		Offset: c.size, Blocks: c.blocks, Messages: c.messages, To: c.to, Kinds: c.kinds,
		Back: c.back, Previous: c.previous, Recovered: c.recovered,
		Index: append([][2]int64(nil), c.index.points...), Step: c.index.step, Seen: seen,
	}
}

// chain is the state of the log at the checkpoint.
func (c *Checkpoint) chain() chain {
	return chain{
		blocks: c.Blocks, messages: c.Messages, to: c.To, kinds: c.Kinds, back: c.Back, previous: c.Previous,
		size: c.Offset, recovered: c.Recovered, index: index{points: c.Index, blocks: c.Blocks, step: c.Step},
	}
}

func (c *Checkpoint) tally() tally {
	return tally{
		messages: c.Messages, start: c.Seen.Start, last: c.To, conn: c.Seen.Conn, peer: c.Seen.Peer, several: c.Seen.Several,
		bytes: [3]uint64{c.Seen.Bytes.Stdin, c.Seen.Bytes.Stdout, c.Seen.Bytes.Stderr}, kinds: c.Seen.Kinds,
	}
}

// check finds out whether it can be the state of a log. Who wrote it is trusted.
func (c *Checkpoint) check() error {
	if c.Offset <= int64(len(fileHeader)) || c.Blocks == 0 || c.Step == 0 || c.Step&(c.Step-1) != 0 ||
		len(c.Index) != int((c.Blocks-1)/c.Step)+1 || len(c.Index) > maxPoints {
		return errors.New("checkpoint of a log: it contradicts itself")
	}
	return nil
}

// SalvageFrom is [Salvage] of a log of which only what follows the checkpoint needs to be
// there: it reads nothing before it, and calls each for what comes after it.
func SalvageFrom(c *Checkpoint, r io.ReaderAt, size int64, each func(*event.Event)) (*Salvaged, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if size < c.Offset {
		return nil, fmt.Errorf("the log has %d bytes, and its checkpoint is at %d", size, c.Offset)
	}
	reader := NewReader(io.NewSectionReader(r, c.Offset, size-c.Offset))
	reader.own = newBlocks()
	reader.own.chain, reader.own.check.tally = c.chain(), c.tally()
	return salvage(reader, each)
}
