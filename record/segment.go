package record

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/sshtrail/sshtrail/event"
)

// A log's journal is a few files, ID.N, one for each block that is not in the log yet. What
// is in a file is a segment, a row of frames,
//
//	length uint32 | CRC-32C uint32, of kind and content | kind byte | content
//
// little endian, length being the content's. The first frame is the segment's head. A frame
// that is not whole ends what can be read of a segment: that can only be the last one,
// torn by a crash, or what an earlier segment has left. For a file is used again when its
// block is in the log, by another log too, which gives it another name: so nothing is
// made, removed or allocated for a block. The CRC of a frame goes on from that of the head, in
// which there is a number drawn by chance, so that no frame of an earlier segment counts,
// whatever bytes somebody had recorded there. The head says whose the segment is; the name
// only helps to find it, and may be wrong after a power cut. A file whose head is not
// whole has no segment.
//
// The format is private: it is read by the version that wrote it and by later ones, and
// head.Version tells.
const (
	frameHead    = 9
	frameStart   = 1 // the segment's head, JSON
	frameMessage = 2 // one message, canonical CBOR
	frameTarget  = 3 // the target's name, text
	// Frames of other files.
	frameCheckpoint = 4 // JSON
	frameSegment    = 5 // a segment's frames

	segmentVersion = 2
	// maxSegment is a block's content at most, and room for heads of frames.
	maxSegment = 16 << 20
)

const (
	osCreate    = os.O_RDWR | os.O_CREATE
	osSegment   = os.O_RDWR | os.O_CREATE | os.O_TRUNC // what is there is from a try that failed
	osRead      = os.O_RDONLY
	segmentMode = 0o600
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// head is what recovery must know of a segment and can't see in its messages.
type head struct {
	Version int               `json:"version"`
	Log     event.ConnID      `json:"log"`
	Block   uint32            `json:"block"`
	First   uint64            `json:"first"` // number of the first message
	Target  *string           `json:"target,omitempty"`
	Skipped event.StreamBytes `json:"skipped"`
	Nonce   uint64            `json:"nonce"`
}

// segment is what there is of a block in the journal, and what its messages are together.
type segment struct {
	head
	file     *segmentFile // nil: it has no messages
	seed     uint32       // of its frames' CRCs
	size     int64        // of whole frames
	plain    int          // bytes of messages
	messages uint32
	from, to int64
	kinds    uint32

	mem     *[]byte // its messages, if they are at hand; see Recorder.remember
	durable bool    // sealed and synced; guarded by Log.syncMu

	sum   *summaryState // when it was sealed, if a checkpoint is due behind its block
	check *checkpoint   // behind its block; set before it leaves the queue
}

// sealFrame fills in the head of a frame, for which its first frameHead bytes are kept.
func sealFrame(frame []byte, kind byte, seed uint32) {
	frame[8] = kind
	binary.LittleEndian.PutUint32(frame, uint32(len(frame)-frameHead))
	binary.LittleEndian.PutUint32(frame[4:], crc32.Update(seed, castagnoli, frame[8:]))
}

// newFrame returns a sealed frame.
func newFrame(kind byte, content []byte, seed uint32) []byte {
	frame := append(make([]byte, frameHead), content...)
	sealFrame(frame, kind, seed)
	return frame
}

// seedOf is the seed of the frames behind a head.
func seedOf(head []byte) uint32 { return binary.LittleEndian.Uint32(head[4:]) }

func segmentName(id event.ConnID, number uint32) string {
	return string(id) + "." + strconv.FormatUint(uint64(number), 10)
}

// parseSegmentName is the opposite of segmentName.
func parseSegmentName(name string) (id event.ConnID, ok bool) {
	text, n, ok := strings.Cut(name, ".")
	_, err := strconv.ParseUint(n, 10, 32)
	return event.ConnID(text), ok && err == nil && text != ""
}

// begin writes a segment's head to a file, over what was there.
func beginSegment(file *segmentFile, h head) (*segment, error) {
	h.Version = segmentVersion
	content, err := json.Marshal(h)
	if err != nil {
		panic("record: a segment's head has no JSON: " + err.Error())
	}
	frame := newFrame(frameStart, content, 0)
	if err := writeFrame(file, frame, 0); err != nil {
		return nil, err
	}
	return &segment{head: h, file: file, seed: seedOf(frame), size: int64(len(frame))}, nil
}

// writeFrame writes a whole frame. After an error nothing of it counts, and the next is
// written over it.
func writeFrame(f io.WriterAt, frame []byte, at int64) error {
	n, err := f.WriteAt(frame, at)
	if err == nil && n < len(frame) {
		err = io.ErrShortWrite
	}
	return err
}

// add counts a message that was written.
func (s *segment) add(size int, time int64, kind event.Kind) {
	if s.messages == 0 {
		s.from = time
	}
	s.to = time
	s.messages++
	s.plain += size
	s.kinds |= 1 << kind
}

var errVersion = errors.New("journal of another version")

var errFrame = errors.New("journal frame is not whole")

// readSegment reads a segment's file into buf, grown if need be. The bytes may end in a
// frame that is not whole.
func readSegment(f io.ReaderAt, size int64, buf []byte) ([]byte, error) {
	if size > maxSegment {
		return nil, fmt.Errorf("journal segment of %d bytes: none is larger than %d", size, maxSegment)
	}
	buf = slices.Grow(buf[:0], int(size))[:size]
	n, err := f.ReadAt(buf, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	return buf[:n], nil
}

// eachFrame calls each for the whole frames at the beginning of b and returns their
// size. It returns errFrame if something that is not one follows.
func eachFrame(b []byte, seed uint32, each func(kind byte, content []byte) error) (used int, err error) {
	for len(b)-used >= frameHead {
		f := b[used:]
		n := int64(binary.LittleEndian.Uint32(f))
		if n > int64(len(f)-frameHead) {
			return used, errFrame
		}
		if f = f[:frameHead+n]; crc32.Update(seed, castagnoli, f[8:]) != binary.LittleEndian.Uint32(f[4:]) {
			return used, errFrame
		}
		if err := each(f[8], f[frameHead:]); err != nil {
			return used, err
		}
		used += len(f)
	}
	if used < len(b) {
		return used, errFrame
	}
	return used, nil
}

// journalSegment is a segment as it is read.
type journalSegment struct {
	head
	seed     uint32
	messages []byte // the whole frames behind the head
}

// each calls f for the content of each message.
func (s *journalSegment) each(f func(content []byte) error) error {
	_, err := eachFrame(s.messages, s.seed, func(kind byte, content []byte) error {
		if kind != frameMessage {
			return nil
		}
		return f(content)
	})
	return err
}

// cutHead returns what the head at the beginning of b says, and what is behind it. The
// error is errFrame if there is no head.
func cutHead(b []byte) (s *journalSegment, rest []byte, err error) {
	if len(b) < frameHead || b[8] != frameStart {
		return nil, nil, errFrame
	}
	n := min(uint64(binary.LittleEndian.Uint32(b))+frameHead, uint64(len(b)))
	_, err = eachFrame(b[:n], 0, func(_ byte, content []byte) error {
		h, err := parseHead(content)
		s = &journalSegment{head: h, seed: seedOf(b)}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return s, b[n:], nil
}

// parseSegment reads a segment, nil if there is none: it was being made when a crash came, or
// its block is in the log.
func parseSegment(b []byte) (*journalSegment, error) {
	s, rest, err := cutHead(b)
	if err == errFrame {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	used, err := eachFrame(rest, s.seed, func(kind byte, content []byte) error {
		if kind == frameTarget {
			target := string(content)
			s.Target = &target
		}
		return nil
	})
	if err != nil && err != errFrame {
		return nil, err
	}
	s.messages = rest[:used]
	return s, nil
}

func parseHead(content []byte) (head, error) {
	var h head
	d := json.NewDecoder(bytes.NewReader(content))
	if err := d.Decode(&h); err != nil {
		return h, fmt.Errorf("journal head: %w", err)
	}
	if h.Version != segmentVersion {
		return h, fmt.Errorf("%w: it has version %d, and this sshtrail knows %d: use the version that wrote it to recover", errVersion, h.Version, segmentVersion)
	}
	return h, nil
}
