package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
)

// Resume goes on with a log where its upload stands. A part that is cut is sent again, in
// its place.
func (s *Store) Resume(ctx context.Context, name storage.Name, keep func(io.ReaderAt, int64) (int64, error)) (storage.Writer, error) {
	if err := allowed(ctx, name); err != nil {
		return nil, fmt.Errorf("resume log: %w", err)
	}
	if err := s.mayResume(ctx, name); err != nil {
		return nil, fmt.Errorf("resume log %q: %w", string(name), err)
	}
	r := &resumption{s: s, name: name, keep: keep}
	w, err := s.spool.logs.Resume(ctx, name, r.look)
	if errors.Is(err, storage.ErrNotExist) && s.cfg.Adopt {
		if adopted := s.adopt(ctx, name); adopted != nil {
			return nil, fmt.Errorf("resume log %q: %w", string(name), adopted)
		}
		w, err = s.spool.logs.Resume(ctx, name, r.look)
	}
	if err != nil {
		return nil, err
	}
	l := &log{name: name, writing: true, size: r.good, released: min(max(r.p.freed, s.releasedOf(name)), r.good), since: time.Now(), p: r.p, counted: max(r.good-r.p.freed, 0)}
	l.freed.Store(r.p.freed)
	s.budget.others.Add(-min(r.used, s.budget.others.Load()))
	resumed := s.writer(l, w)
	resumed.resumed = true
	s.poke()
	return resumed, nil
}

// letGo ends what is done for a log that was given up: whoever resumes it may cut it. The caller holds s.mu, which is not
// held afterwards.
func (s *Store) letGo(l *log) {
	lock := l.left
	l.left = nil
	if l.stop != nil {
		l.stop()
	}
	var idle *stateFile
	if !l.held {
		idle = s.drop(l)
	}
	if s.logs[l.name] != l {
		l.changed()
	}
	s.mu.Unlock()
	if idle != nil {
		s.logClose(l, idle.close())
	}
	if lock != nil {
		s.logClose(l, lock.Close())
	}
}

// releasedOf is up to where the last writer of a log has released it, and forgets that.
func (s *Store) releasedOf(name storage.Name) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	offset := s.released[name]
	delete(s.released, name)
	return offset
}

// mayResume waits until the requests of a log's last writer have ended: what they send would
// be taken for what comes in its place.
func (s *Store) mayResume(ctx context.Context, name storage.Name) error {
	for {
		s.mu.Lock()
		l := s.logs[name]
		switch {
		case s.closing:
			s.mu.Unlock()
			return errors.New("the store is closed")
		case l == nil:
			s.mu.Unlock()
			return s.refill(name)
		case l.writing:
			s.mu.Unlock()
			return storage.ErrInUse
		case l.finished:
			s.mu.Unlock()
			return storage.ErrNotExist
		}
		ended := make(chan struct{})
		l.waiters = append(l.waiters, ended)
		s.letGo(l)
		select {
		case <-ended:
		case <-ctx.Done():
			return fmt.Errorf("%w: requests of its last writer have not ended: %w", storage.ErrInUse, ctx.Err())
		}
	}
}

// refill gives a log whose end a power cut has taken the size back that it had when its parts were
// freed: what is before it is in the bucket.
func (s *Store) refill(name storage.Name) error {
	p, err := s.spool.readState(name)
	if err != nil || p == nil || p.freed == 0 {
		return err
	}
	info, err := s.spool.fs.Stat(s.spool.partial(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || info.Size() >= p.freed {
		return err
	}
	f, err := s.spool.fs.OpenFile(s.spool.partial(name), os.O_RDWR|careful, 0)
	if err != nil {
		return err
	}
	if err = f.TryLock(disk.Exclusive); err == nil {
		err = f.Truncate(p.freed)
	}
	return errors.Join(err, f.Close())
}

// resumption is what Resume has to know from within.
type resumption struct {
	s    *Store
	name storage.Name
	keep func(io.ReaderAt, int64) (int64, error)

	p    *progress
	good int64
	used int64
}

// errFreed says that bytes of a log are not on this machine any more.
var errFreed = errors.New("these bytes are only in parts that are uploaded: they can be read when the log is finished and its upload completed")

// kept is what is on this machine of a log.
type kept struct {
	io.ReaderAt
	freed int64
}

func (k kept) ReadAt(p []byte, at int64) (int, error) {
	if at < k.freed && len(p) > 0 {
		return 0, errFreed
	}
	return k.ReaderAt.ReadAt(p, at)
}

// look asks keep, and forgets the parts that are not wholly in what it keeps: before the log is cut, so
// that nobody takes them for what will be written in their place.
func (r *resumption) look(log io.ReaderAt, size int64) (int64, error) {
	unknown := r.s.newProgress(r.name, r.s.cfg.shown(storage.About{}))
	unknown.stray = true // a power cut has taken the state, and with it perhaps the id of an upload
	st, p, err := r.s.spool.openState(r.name, unknown)
	if errors.Is(err, disk.ErrLocked) {
		return 0, storage.ErrInUse
	}
	if err != nil {
		return 0, fmt.Errorf("resume log %q: %w", string(r.name), err)
	}
	defer st.close() // it is taken again when there is something to send
	good, err := r.keep(kept{log, p.freed}, size)
	if err != nil || good < 0 || good > size {
		return good, err
	}
	if good < p.freed {
		return 0, fmt.Errorf("resume log %q: it is to be cut after %d bytes, and the first %d can't be changed: they are only in parts that are uploaded", string(r.name), good, p.freed)
	}
	whole := p.schedule.before(good)
	if whole < p.done && p.schedule.start(whole+1) < p.freed {
		return 0, fmt.Errorf("resume log %q: it is to be cut after %d bytes, in a part that is uploaded and only wholly can be sent again", string(r.name), good)
	}
	for n := range p.parts {
		if n > whole {
			c := change{Forget: &whole}
			if err := st.append(c, true, func() *progress { p.apply(c); return p }); err != nil {
				return 0, fmt.Errorf("resume log %q: write its state: %w", string(r.name), err)
			}
			p.apply(c)
			break
		}
	}
	r.p, r.good, r.used = p, good, size-p.freed
	return good, nil
}
