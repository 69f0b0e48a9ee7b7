// Package file keeps logs as files in one folder.
//
// A log being written is NAME.partial, locked with flock by its writer; a finished one is
// NAME. The one becomes the other by a rename, so nobody ever sees half a finished log.
// What else is in the folder is left alone: other names, links, folders.
//
// The folder must be on a file system with locks; several processes of one machine
// may use it at once.
package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
)

// suffix is that of a log that is not finished. No name of a log ends so.
const suffix = ".partial"

// careful opens what is there, and neither follows a link nor waits for a pipe's other end.
const careful = unix.O_NOFOLLOW | unix.O_NONBLOCK

// Store is a storage.Store in a folder.
type Store struct {
	dir string
	fs  disk.FS
}

var _ storage.Store = (*Store)(nil)

// New returns the store in the folder, which must exist. A nil fsys is the operating
// system's; others are for tests.
func New(cfg Config, fsys disk.FS) (*Store, error) {
	if fsys == nil {
		fsys = disk.OS{}
	}
	info, err := fsys.Stat(cfg.Directory)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("open folder for logs: %w; make it (mkdir -p -m 0700), or name another", err)
	case err != nil:
		return nil, fmt.Errorf("open folder for logs: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("open folder for logs: %q is no folder; for one log, name its store's folder", cfg.Directory)
	}
	return &Store{dir: cfg.Directory, fs: fsys}, nil
}

// finished and partial are the two files that a log can be in.
func (s *Store) finished(name storage.Name) string { return filepath.Join(s.dir, string(name)) }
func (s *Store) partial(name storage.Name) string  { return s.finished(name) + suffix }

// allowed reports whether something may be done with a log of the name.
func allowed(ctx context.Context, name storage.Name) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("log %q: %w", string(name), err)
	}
	if strings.HasSuffix(string(name), suffix) {
		return fmt.Errorf("log name %q: the ending %s is for logs that are being written", string(name), suffix)
	}
	return name.Validate()
}

// Create begins a log. Its name survives a power cut from the first Sync on.
func (s *Store) Create(ctx context.Context, name storage.Name, _ storage.About) (storage.Writer, error) {
	if err := allowed(ctx, name); err != nil {
		return nil, fmt.Errorf("create log: %w", err)
	}
	w, err := s.create(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("create log %q in %q: %w", string(name), s.dir, err)
	}
	return w, nil
}

func (s *Store) create(ctx context.Context, name storage.Name) (*writer, error) {
	if err := s.notFinished(name); err != nil {
		return nil, err
	}
	f, err := s.fs.OpenFile(s.partial(name), os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND|careful, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, storage.ErrExist
	}
	if err != nil {
		return nil, err
	}
	if err := s.claim(ctx, name, f); err != nil {
		return nil, giveUp(f, err)
	}
	return &writer{s: s, name: name, f: f}, nil
}

// claim makes the file that create has just made its own, or takes it away again.
func (s *Store) claim(ctx context.Context, name storage.Name, f disk.File) error {
	err := lock(ctx, f)
	if errors.Is(err, storage.ErrInUse) {
		return fmt.Errorf("%w: %w", storage.ErrExist, err) // somebody resumed it before it was locked
	}
	if mine, statErr := s.holds(name, f); statErr != nil {
		return errors.Join(err, statErr)
	} else if !mine {
		return storage.ErrExist // and has committed it already
	}
	if err == nil {
		// Another writer can have committed a log of the name between the first look
		// and the making of the file, but not since.
		err = s.notFinished(name)
	}
	if err != nil {
		return errors.Join(err, s.fs.Remove(s.partial(name)))
	}
	return nil
}

// notFinished returns ErrExist if there is a finished log of the name.
func (s *Store) notFinished(name storage.Name) error {
	_, err := s.fs.Stat(s.finished(name))
	switch {
	case err == nil:
		return storage.ErrExist
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// holds reports whether f is still what the unfinished log's name stands for.
func (s *Store) holds(name storage.Name, f disk.File) (bool, error) {
	there, err := s.fs.Stat(s.partial(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	mine, err := f.Stat()
	if err != nil {
		return false, err
	}
	return disk.SameFile(there, mine), nil
}

// Resume goes on with an unfinished log. When it says ErrNotExist because there is a
// finished one, that one's name survives a power cut.
func (s *Store) Resume(ctx context.Context, name storage.Name, keep func(io.ReaderAt, int64) (int64, error)) (storage.Writer, error) {
	if err := allowed(ctx, name); err != nil {
		return nil, fmt.Errorf("resume log: %w", err)
	}
	f, err := s.take(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("resume log %q in %q: %w", string(name), s.dir, err)
	}
	w := &writer{s: s, name: name, f: f}
	if err := w.cut(keep); err != nil {
		return nil, giveUp(f, err)
	}
	return w, nil
}

// take opens and locks an unfinished log.
func (s *Store) take(ctx context.Context, name storage.Name) (disk.File, error) {
	if err := s.notFinished(name); errors.Is(err, storage.ErrExist) {
		// The writer may have died between the rename and its becoming durable.
		return nil, errors.Join(storage.ErrNotExist, s.fs.SyncDir(s.dir))
	} else if err != nil {
		return nil, err
	}
	f, err := s.open(s.partial(name), os.O_RDWR|os.O_APPEND)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, storage.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	err = lock(ctx, f)
	if err == nil {
		var mine bool
		if mine, err = s.holds(name, f); err == nil && !mine {
			err = storage.ErrNotExist // its writer committed it before it gave the lock back
		}
	}
	if err != nil {
		return nil, giveUp(f, err)
	}
	return f, nil
}

// giveUp closes f because of err, and returns err, as it is if the closing worked.
func giveUp(f disk.File, err error) error {
	if closeErr := f.Close(); closeErr != nil {
		return errors.Join(err, closeErr)
	}
	return err
}

// open opens a regular file of the folder.
func (s *Store) open(path string, flag int) (disk.File, error) {
	f, err := s.fs.OpenFile(path, flag|careful, 0)
	if errors.Is(err, unix.ELOOP) {
		return nil, fmt.Errorf("open %q: %w", path, ErrNotRegular)
	}
	if err != nil {
		return nil, err
	}
	if err := regular(path, f); err != nil {
		return nil, giveUp(f, err)
	}
	return f, nil
}

// Remove removes a finished log. It fails with [storage.ErrNotExist] if there is none.
func (s *Store) Remove(ctx context.Context, name storage.Name) error {
	if err := allowed(ctx, name); err != nil {
		return fmt.Errorf("remove log: %w", err)
	}
	err := s.fs.Remove(s.finished(name))
	if errors.Is(err, fs.ErrNotExist) {
		err = storage.ErrNotExist
	}
	if err != nil {
		return fmt.Errorf("remove log %q in %q: %w", string(name), s.dir, err)
	}
	return nil
}
