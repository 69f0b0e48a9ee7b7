package s3

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
)

// writer appends to one log, in the spool.
type writer struct {
	s       *Store
	l       *log
	w       storage.Writer // the spool's
	resumed bool           // it brings a log to its end
	stated  bool           // the log's state is durable
	over    bool
	err     error // what ended the writing, if it was not the spool's writer
}

var (
	_ storage.Releaser = (*writer)(nil)
	_ storage.Tailer   = (*writer)(nil)
)

func (w *writer) fail(what string, err error) error {
	w.err = fmt.Errorf("%s log %q: %w", what, string(w.l.name), err)
	return w.err
}

// Write appends to the spool, as long as its budget allows it. If uploads are under way that make room, it waits for
// a moment.
func (w *writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	if err := w.s.awaitRoom(int64(len(p)), w.resumed); err != nil {
		return 0, w.fail("append to", err)
	}
	n, err := w.w.Write(p)
	w.s.grew(w.l, int64(n))
	return n, err
}

// Sync syncs the log's state with it, the first time.
func (w *writer) Sync() error {
	if w.err != nil {
		return w.err
	}
	if err := w.syncState(); err != nil {
		return w.fail("sync", err)
	}
	return w.w.Sync()
}

func (w *writer) syncState() error {
	if w.stated {
		return nil
	}
	err := w.s.spool.syncState(w.l.name)
	w.stated = err == nil
	return err
}

// Commit finishes the log on this machine; it does not wait for the bucket.
func (w *writer) Commit(ctx context.Context) error {
	if w.err != nil {
		return w.err
	}
	if err := w.syncState(); err != nil {
		return w.fail("commit", err)
	}
	if err := w.w.Commit(ctx); err != nil {
		return err
	}
	w.over = true
	w.err = fmt.Errorf("use log %q: it is finished: %w", string(w.l.name), os.ErrClosed)
	w.s.finish(w.l)
	return nil
}

// Close gives the log up, unfinished. What it has of full parts is uploaded all the same, so that the spool does not stay full
// of logs that nobody goes on with.
func (w *writer) Close() error {
	if w.over {
		return nil
	}
	w.over = true
	if w.err == nil {
		w.err = fmt.Errorf("use log %q: %w", string(w.l.name), os.ErrClosed)
	}
	w.s.standBack(w.l) // before others can take it
	err := w.w.Close()
	w.s.giveUp(w.l)
	return err
}

// Release lets the bytes before offset go, when the bucket has them and the spool is short of room.
func (w *writer) Release(offset int64) {
	w.s.mu.Lock()
	w.l.released = max(w.l.released, min(offset, w.l.size))
	w.s.mu.Unlock()
	if w.s.budget.isShort() {
		w.s.poke()
	}
}

// grew notes that a log has n bytes more.
func (s *Store) grew(l *log, n int64) {
	if n <= 0 {
		return
	}
	s.budget.add(n)
	s.mu.Lock()
	l.size, l.counted = l.size+n, l.counted+n
	listed := s.enlist(l)
	s.mu.Unlock()
	if listed || s.budget.isShort() {
		s.poke()
	}
}

// enlist has l take its turn if there is something of it to send. The caller holds s.mu.
func (s *Store) enlist(l *log) bool {
	if l.listed || !l.hasWork() {
		return false
	}
	l.listed = true
	s.writing = append(s.writing, l)
	return true
}

// finish has a log wait for its turn to be uploaded.
func (s *Store) finish(l *log) {
	s.mu.Lock()
	l.writing, l.finished, l.since, l.released = false, true, time.Now(), l.size
	l.attempts, l.next = 0, time.Time{}
	if l.stopTail != nil {
		l.stopTail()
	}
	if l.file != nil || !l.isIdle() {
		s.engage(l)
	}
	s.insert(l)
	s.mu.Unlock()
	s.poke()
}

// standBack has no step begin for a log whose writer is about to give it up.
func (s *Store) standBack(l *log) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.writing, l.held = false, true
	if l.stopTail != nil {
		l.stopTail()
	}
}

// giveUp keeps a log of several parts at hand, for them to be sent, and forgets others.
func (s *Store) giveUp(l *log) {
	s.mu.Lock()
	worth := !s.closing && l.p.schedule.before(l.size) > 0
	size := l.size
	s.mu.Unlock()
	var lock disk.File
	if worth {
		lock = s.spool.hold(l.name, size)
	}
	s.mu.Lock()
	l.held, l.left = false, lock
	var idle *stateFile
	if lock != nil {
		s.enlist(l)
	} else {
		if l.stop != nil {
			l.stop()
		}
		idle = s.drop(l)
	}
	l.changed()
	s.mu.Unlock()
	if idle != nil {
		s.logClose(l, idle.close())
	}
	s.poke()
}

// hold locks a log of that size that is not finished; nil if that can't be.
func (s *spool) hold(name storage.Name, size int64) disk.File {
	f, err := s.fs.OpenFile(s.partial(name), os.O_RDONLY|careful, 0)
	if err != nil {
		return nil
	}
	err = f.TryLock(disk.Exclusive)
	if info, statErr := f.Stat(); err == nil && statErr == nil && info.Size() == size {
		return f
	}
	_ = f.Close() // nothing was written
	return nil
}

func (s *Store) logClose(l *log, err error) {
	if err != nil && !errors.Is(err, os.ErrClosed) {
		s.logger.Warn("the state of a log can't be closed", "log", string(l.name), "error", err)
	}
}
