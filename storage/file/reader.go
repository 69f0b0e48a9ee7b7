package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
)

// ErrNotRegular says that something is no regular file, but a folder, a link that is not
// followed, a pipe, a device.
var ErrNotRegular = errors.New("not a regular file")

// Open opens a log for reading.
func (s *Store) Open(ctx context.Context, name storage.Name) (storage.Reader, error) {
	if err := allowed(ctx, name); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	// The finished one is looked for again, in case the log was committed meanwhile.
	for _, path := range []string{s.finished(name), s.partial(name), s.finished(name)} {
		f, err := s.open(path, os.O_RDONLY)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("open log %q: %w", string(name), err)
		}
		r, err := newReader(f, path == s.partial(name))
		if err != nil {
			return nil, fmt.Errorf("open log %q: %w", string(name), giveUp(f, err))
		}
		return r, nil
	}
	return nil, fmt.Errorf("open log %q in %q: %w", string(name), s.dir, storage.ErrNotExist)
}

// OpenPath opens one file as a log, wherever it is and whatever its name, for reading.
// It follows links. What is no regular file is [ErrNotRegular]: it can only be read from
// its beginning to its end.
func OpenPath(path string) (storage.Reader, error) {
	f, err := disk.OS{}.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if err := regular(path, f); err != nil {
		return nil, giveUp(f, err)
	}
	r, err := newReader(f, true)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", giveUp(f, err))
	}
	return r, nil
}

func regular(path string, f disk.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("open %q: %w", path, ErrNotRegular)
	}
	return nil
}

// reader reads what a file held when it was opened.
type reader struct {
	*io.SectionReader
	f    disk.File
	open bool
}

// ErrShrunk says that a file has become shorter than it was when it was opened: somebody
// cuts it, or writes it anew, and what was read of it is no one log.
var ErrShrunk = errors.New("the file became shorter while it was read: read it again")

// whole reads a file of a size, all of which must be there.
type whole struct {
	disk.File
	size int64
}

func (w whole) ReadAt(p []byte, at int64) (int, error) {
	n, err := w.File.ReadAt(p, at)
	if err == io.EOF && at+int64(n) < w.size {
		err = ErrShrunk
	}
	return n, err
}

// newReader asks first whether a writer is at work, if one can be, and then for the size:
// where it is told that nobody writes any more, the size is the last one.
func newReader(f disk.File, ask bool) (*reader, error) {
	r := &reader{f: f}
	if ask {
		var err error
		if r.open, err = atWork(f); err != nil {
			return nil, err
		}
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	r.SectionReader = io.NewSectionReader(whole{f, info.Size()}, 0, info.Size())
	return r, nil
}

func (r *reader) Open() bool   { return r.open }
func (r *reader) Close() error { return r.f.Close() }
