package record

import (
	"errors"
	"fmt"
	"io/fs"

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
		segments, err := namedSegments(fsys, dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue // its process has just ended
		}
		if err != nil {
			return fmt.Errorf("list journal: %w", err)
		}
		if first, err = readFrom(fsys, log, segments[log], first, each); err != nil {
			return err
		}
	}
	return nil
}

// readFrom reads the segments that one folder has of a log, and returns the number of
// the next event.
func readFrom(fsys disk.FS, log event.ConnID, paths []string, first uint64, each func(*binary.Message) error) (uint64, error) {
	segments, err := readSegments(fsys, log, paths)
	if err != nil {
		return first, fmt.Errorf("read journal: %w", err)
	}
	for i := range segments {
		if first, err = segments[i].readFrom(first, each); err != nil {
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
	err := s.each(func(content []byte) error {
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
