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
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/disk"
)

// A log's journal is a few files, one for each block that is not in the log yet:
// ID.N, N being the block's number. A segment is a row of frames,
//
//	length uint32 | CRC-32C uint32, of kind and content | kind byte | content
//
// little endian, length being the content's. A frame that is not whole ends what can be
// read of a segment; that can only be the last one, torn by a crash. The first frame is
// the segment's head. The format is private: it is read by the version that wrote it
// and by later ones, and head.Version tells.
const (
	frameHead    = 9
	frameStart   = 1 // the segment's head, JSON
	frameMessage = 2 // one message, canonical CBOR
	frameTarget  = 3 // the target's name, text

	segmentVersion = 1
	// maxSegment is a block's content at most, and room for heads of frames.
	maxSegment = 16 << 20
)

const (
	osCreate    = os.O_RDWR | os.O_CREATE
	osSegment   = os.O_RDWR | os.O_CREATE | os.O_TRUNC | os.O_APPEND // what is there is from a try that failed
	osRead      = os.O_RDONLY
	segmentMode = 0o600
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// head is what recovery must know of a segment and can't see in its messages.
type head struct {
	Version int               `json:"version"`
	Block   uint32            `json:"block"`
	First   uint64            `json:"first"` // number of the first message
	Target  *string           `json:"target,omitempty"`
	Skipped event.StreamBytes `json:"skipped"`
}

// segment is one file of a journal, and what its messages are together.
type segment struct {
	head
	path     string
	file     disk.File
	size     int64 // of whole frames
	plain    int   // bytes of messages
	messages uint32
	from, to int64
	kinds    uint32
	torn     bool // a failed write may have left bytes after size

	durable bool // sealed and synced; guarded by Log.syncMu

	sum   *summaryState // when it was sealed, if a checkpoint is due behind its block
	check *checkpoint   // behind its block; set before it leaves the queue
}

// sealFrame fills in the head of a frame, for which its first frameHead bytes are kept.
func sealFrame(frame []byte, kind byte) {
	frame[8] = kind
	binary.LittleEndian.PutUint32(frame, uint32(len(frame)-frameHead))
	binary.LittleEndian.PutUint32(frame[4:], crc32.Checksum(frame[8:], castagnoli))
}

func segmentName(id event.ConnID, block uint32) string {
	return string(id) + "." + strconv.FormatUint(uint64(block), 10)
}

// parseSegmentName is the opposite of segmentName.
func parseSegmentName(name string) (event.ConnID, uint32, bool) {
	id, n, ok := strings.Cut(name, ".")
	block, err := strconv.ParseUint(n, 10, 32)
	return event.ConnID(id), uint32(block), ok && err == nil && id != ""
}

// createSegment makes a new, empty segment with its head.
func createSegment(fsys disk.FS, dir string, id event.ConnID, h head) (*segment, error) {
	h.Version = segmentVersion
	s := &segment{head: h, path: filepath.Join(dir, segmentName(id, h.Block))}
	content, err := json.Marshal(h)
	if err != nil {
		panic("record: a segment's head has no JSON: " + err.Error())
	}
	if s.file, err = fsys.OpenFile(s.path, osSegment, segmentMode); err != nil {
		return nil, err
	}
	frame := append(make([]byte, frameHead), content...)
	sealFrame(frame, frameStart)
	if err := writeFrame(s.file, frame, false, 0); err != nil {
		s.remove(fsys)
		return nil, err
	}
	s.size = int64(len(frame))
	return s, nil
}

// remove gives up a segment that was just made. That is best effort: recovery passes
// over one without messages.
func (s *segment) remove(fsys disk.FS) {
	s.file.Close()
	fsys.Remove(s.path)
}

// writeFrame appends a whole frame to a segment of that size. If torn, a failed write may
// have left something behind it. After an error nothing of the frame counts.
func writeFrame(f disk.File, frame []byte, torn bool, size int64) error {
	if torn {
		if err := f.Truncate(size); err != nil {
			return err
		}
	}
	n, err := f.Write(frame)
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
func eachFrame(b []byte, each func(kind byte, content []byte) error) (used int, err error) {
	for len(b)-used >= frameHead {
		f := b[used:]
		n := int64(binary.LittleEndian.Uint32(f))
		if n > int64(len(f)-frameHead) {
			return used, errFrame
		}
		if f = f[:frameHead+n]; crc32.Checksum(f[8:], castagnoli) != binary.LittleEndian.Uint32(f[4:]) {
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

func parseHead(content []byte) (head, error) {
	var h head
	d := json.NewDecoder(bytes.NewReader(content))
	if err := d.Decode(&h); err != nil {
		return h, fmt.Errorf("journal head: %w", err)
	}
	if h.Version != segmentVersion {
		return h, fmt.Errorf("journal has version %d, and this sshtrail knows %d: use the version that wrote it to recover", h.Version, segmentVersion)
	}
	return h, nil
}
