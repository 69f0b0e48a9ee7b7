package record

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/disk"
)

// ErrMoved says that events went from the journal into the log while both were read: to
// see all of them, read the log again.
var ErrMoved = errors.New("the log grew while it was read: read it again")

// ReadJournal calls each for the events of a log that its journal folder has, from the
// event with number first on: those that a session which goes on has not filled a block
// with yet. It may be called while a [Recorder] writes them, and then sees them up to
// some moment, or fails with [ErrMoved] rather than leave some out. It ends after each's
// first error. fsys is nil for the operating system's.
func ReadJournal(fsys disk.FS, folder string, log event.ConnID, first uint64, each func(*binary.Message) error) error {
	if fsys == nil {
		fsys = disk.OS{}
	}
	dirs, err := listInstances(fsys, folder)
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		segments, err := listSegments(fsys, dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue // its process has just ended
		}
		if err != nil {
			return fmt.Errorf("list journal: %w", err)
		}
		if first, err = readFrom(fsys, dir, log, segments[log], first, each); err != nil {
			return err
		}
	}
	return nil
}

// readFrom reads the segments that one folder has of a log, and returns the number of
// the next event.
func readFrom(fsys disk.FS, dir string, log event.ConnID, blocks []uint32, first uint64, each func(*binary.Message) error) (uint64, error) {
	slices.Sort(blocks)
	for _, block := range blocks {
		s, err := readJournalSegment(fsys, filepath.Join(dir, segmentName(log, block)))
		if errors.Is(err, fs.ErrNotExist) || err == nil && s == nil {
			continue // it went into the log meanwhile, or is being made
		}
		if err != nil {
			return first, fmt.Errorf("read journal: %w", err)
		}
		if first, err = s.readFrom(first, each); err != nil {
			return first, err
		}
	}
	return first, nil
}

// readFrom calls each for the segment's events from a number on, and returns the number
// of the next one.
func (s *journalSegment) readFrom(first uint64, each func(*binary.Message) error) (uint64, error) {
	number := s.First
	if number > first {
		return first, ErrMoved
	}
	_, err := eachFrame(s.messages, func(kind byte, content []byte) error {
		if kind != frameMessage {
			return nil
		}
		if number++; number <= first {
			return nil
		}
		return binary.ReadContent(content, func(m *binary.Message) error {
			m.Seq = number - 1
			return each(m)
		})
	})
	return max(first, number), err
}
