package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
)

// writer appends to one log, whose file it holds locked.
type writer struct {
	s     *Store
	name  storage.Name
	f     disk.File
	named bool  // the file's name is durable
	err   error // what ended the writing: an error, Commit or Close
	gone  bool  // f is closed
}

// fail makes err the writer's end.
func (w *writer) fail(what string, err error) error {
	w.err = fmt.Errorf("%s log %q in %q: %w", what, string(w.name), w.s.dir, err)
	return w.err
}

// cut asks keep how much of the log is good and takes away the rest. An error of keep's
// own is returned as it is.
func (w *writer) cut(keep func(io.ReaderAt, int64) (int64, error)) error {
	info, err := w.f.Stat()
	if err != nil {
		return w.fail("resume", err)
	}
	size := info.Size()
	good, err := keep(io.NewSectionReader(w.f, 0, size), size)
	switch {
	case err != nil:
		return err
	case good < 0 || good > size:
		return w.fail("resume", fmt.Errorf("%d bytes of %d are to be kept", good, size))
	case good == size:
		return nil
	}
	if err := w.f.Truncate(good); err != nil {
		return w.fail("resume", err)
	}
	return nil
}

// Write appends to the file. If it fails, part of p may be in the file, where only
// Resume can cut it off: so the writer has come to its end.
func (w *writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.f.Write(p)
	if err != nil {
		return n, w.fail("append to", err)
	}
	return n, nil
}

// Sync syncs the file, and the first time its name, and sees to it that it has that
// still. After a failure the kernel may take the
// pages for written, and a second attempt would succeed without writing them: so
// there is none.
func (w *writer) Sync() error {
	if w.err != nil {
		return w.err
	}
	if err := w.f.Sync(); err != nil {
		return w.fail("sync", err)
	}
	if err := w.isThere(); err != nil {
		return w.fail("sync", err)
	}
	if w.named {
		return nil
	}
	if err := w.s.fs.SyncDir(w.s.dir); err != nil {
		return w.fail("sync", err)
	}
	w.named = true
	return nil
}

// isThere returns an error unless the file still has its name, without which nobody would
// find it.
func (w *writer) isThere() error {
	mine, err := w.s.holds(w.name, w.f)
	if err == nil && !mine {
		err = fmt.Errorf("%q was removed or replaced while the log was written", w.s.partial(w.name))
	}
	return err
}

// Commit does not heed the context: nothing that it does can be called off.
func (w *writer) Commit(context.Context) error {
	if w.err != nil {
		return w.err
	}
	if err := w.finish(); err != nil {
		return w.fail("commit", err)
	}
	w.gone = true
	if err := w.f.Close(); err != nil {
		return w.fail("commit", err)
	}
	_ = w.fail("use", fmt.Errorf("it is finished: %w", os.ErrClosed))
	return nil
}

// finish gives the log its finished name, and returns when a power cut leaves that to it.
func (w *writer) finish() error {
	if err := w.f.Sync(); err != nil { // before the name says that all is there
		return err
	}
	if err := w.isThere(); err != nil {
		return err
	}
	// Rename would replace a finished log. Nobody makes one but the holder of this
	// lock; whoever did so by hand shall not lose it.
	if err := w.s.notFinished(w.name); err != nil {
		return err
	}
	if err := w.s.fs.Rename(w.s.partial(w.name), w.s.finished(w.name)); err != nil {
		return err
	}
	return w.s.fs.SyncDir(w.s.dir)
}

// Close gives back the file and its lock.
func (w *writer) Close() error {
	if w.gone {
		return nil
	}
	w.gone = true
	err := w.f.Close()
	if err != nil {
		err = fmt.Errorf("close log %q in %q: %w", string(w.name), w.s.dir, err)
	}
	if w.err == nil {
		_ = w.fail("use", errors.Join(os.ErrClosed, err))
	}
	return err
}
