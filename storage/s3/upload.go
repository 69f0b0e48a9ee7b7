package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

// run makes one step. What it returns counts as the store's trouble unless it says that it is the log's own.
func (s *Store) run(ctx context.Context, l *log, k kind, n int) error {
	switch k {
	case toTake:
		return s.take(l)
	case toRestart:
		return s.restart(l)
	case toSettle:
		return s.withLog(l, func(r io.ReaderAt) error { return s.settle(ctx, l, r) })
	case toPut:
		return s.withLog(l, func(r io.ReaderAt) error { return s.put(ctx, l, r) })
	case toBegin:
		return s.beginUpload(ctx, l)
	case toSend:
		return s.withLog(l, func(r io.ReaderAt) error { return s.sendPart(ctx, l, r, n) })
	case toComplete:
		return s.complete(ctx, l)
	case toClear:
		return s.clear(ctx, l)
	}
	return nil
}

// source is a log's file, which remembers that it could not be read: that is no fault of the store.
type source struct {
	disk.File
	broken atomic.Pointer[error]
}

func (r *source) ReadAt(p []byte, at int64) (int, error) {
	n, err := r.File.ReadAt(p, at)
	if err != nil && err != io.EOF {
		r.broken.Store(&err)
	}
	return n, err
}

// withLog does something that reads a log.
func (s *Store) withLog(l *log, do func(io.ReaderAt) error) error {
	f, err := s.spool.openLog(l.name)
	if err != nil {
		return &trouble{here, err}
	}
	r := &source{File: f}
	err = do(r)
	if broken := r.broken.Load(); err != nil && broken != nil {
		err = &trouble{here, fmt.Errorf("read log %q: %w", string(l.name), *broken)}
	}
	return errors.Join(err, f.Close())
}

// take has this process be the one that is at work on a log.
func (s *Store) take(l *log) error {
	s.mu.Lock()
	known, finished := l.p, l.finished
	s.mu.Unlock()
	if finished { // another process may know more by now
		known = s.newProgress(l.name, s.cfg.shown(storage.About{}))
		known.stray = true
	}
	st, p, err := s.spool.openState(l.name, known)
	if errors.Is(err, disk.ErrLocked) {
		return &trouble{busyElsewhere, err}
	}
	if err != nil {
		return &trouble{here, fmt.Errorf("take state of log %q: %w", string(l.name), err)}
	}
	if finished {
		if gone, err := s.check(l, st, p); gone || err != nil {
			return err
		}
		if p == known {
			s.logger.Warn("a power cut has taken what was known of a log: it is uploaded under its name, without metadata", "log", string(l.name))
		}
	} else {
		p = known
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l.p, l.file = p, st
	return nil
}

// check finds out whether a finished log is there still, as much of it as should be. If another process was done
// with it, that is well.
func (s *Store) check(l *log, st *stateFile, p *progress) (gone bool, err error) {
	info, err := s.spool.fs.Stat(s.spool.finished(l.name))
	if err == nil && info.Size() >= p.freed {
		return false, nil
	}
	switch {
	case err == nil:
		err = fmt.Errorf("log %q has %d bytes, and %d were there once", string(l.name), info.Size(), p.freed)
	case errors.Is(err, fs.ErrNotExist):
		if err = s.spool.fs.Remove(s.spool.state(l.name)); err == nil {
			s.forget(l)
		}
	}
	if err = errors.Join(err, st.close()); err != nil {
		err = &trouble{here, err}
	}
	return true, err
}

// forget takes a finished log out of all lists: it is proved, and gone from the spool.
func (s *Store) forget(l *log) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(l)
	s.disengage(l)
	delete(s.logs, l.name)
	s.budget.add(-l.counted)
	l.finished = false
}

// put sends a log as a whole.
func (s *Store) put(ctx context.Context, l *log, r io.ReaderAt) error {
	p, size := s.now(l)
	if !p.sent {
		s.noteOrTell(l, change{Sent: true}, true)
	}
	send := s.remote.Put
	s.mu.Lock()
	if l.replace {
		send = s.remote.Replace
	}
	s.mu.Unlock()
	base := p.schedule.base
	st, err := send(ctx, p.key, io.NewSectionReader(r, base, size-base), size-base, described(p))
	switch {
	case errors.Is(err, bucket.ErrExist):
		s.doubt(l, !p.sent)
		s.tookNothing(l, p, err)
		return nil
	case errors.Is(err, bucket.ErrCorrupt):
		s.noteOrTell(l, change{Corrupt: true}, false)
		return err
	case err != nil:
		s.tookNothing(l, p, err)
		return err
	}
	return s.isStored(l, st, size-base)
}

// tookNothing notes that a request that makes the object has not done so, if the store's answer says that for
// sure and no request before may have: what is under the key then is not of here, and must not be replaced.
func (s *Store) tookNothing(l *log, p progress, err error) {
	e, ok := errors.AsType[*bucket.Error](err)
	if !p.sent && ok && e.Status >= 400 && e.Status < 500 && e.Status != http.StatusRequestTimeout {
		s.noteOrTell(l, change{Unsent: true}, false)
	}
}

// described is what the object tells of itself.
func described(p progress) bucket.About {
	if !p.rest {
		return p.about
	}
	a := bucket.About{ContentType: "application/octet-stream", Metadata: map[string]string{"offset": strconv.FormatInt(p.schedule.base, 10)}}
	for name, value := range p.about.Metadata {
		a.Metadata[name] = value
	}
	return a
}

// noteOrTell makes a change that can be done without in the state file: a disk that is full must
// not keep logs from leaving it.
func (s *Store) noteOrTell(l *log, c change, durable bool) {
	if err := s.note(l, c, durable); err != nil {
		s.logger.Warn("the state of an upload can't be written; it goes on, and may have to begin anew after a crash", "log", string(l.name), "error", err)
	}
}

// doubt has it be found out what is under a log's key. With fresh nothing was sent there before.
func (s *Store) doubt(l *log, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.unsure, l.strange = true, fresh
}

// isStored decides whether what the store has answered proves that it has the log.
func (s *Store) isStored(l *log, st bucket.Stored, size int64) error {
	switch {
	case st.Match == bucket.Same, st.Match == bucket.Unknown && s.cfg.Service.Checksum == NoChecksum:
		s.proved(l, size)
		return nil
	}
	s.doubt(l, false)
	s.mu.Lock()
	l.mute = true
	s.mu.Unlock()
	return nil
}

// proved notes that the bucket has a log.
func (s *Store) proved(l *log, size int64) {
	s.noteOrTell(l, change{Proved: true}, false)
	s.count.ok.Add(1)
	s.count.bytes.Add(uint64(size))
}

func (s *Store) beginUpload(ctx context.Context, l *log) error {
	p, _ := s.now(l)
	if !p.begins || !p.stray {
		s.noteOrTell(l, change{Begins: true}, true)
	}
	id, err := s.remote.Begin(ctx, p.key, described(p))
	if err != nil {
		return err
	}
	s.noteOrTell(l, change{Upload: id}, true)
	return nil
}

func (s *Store) sendPart(ctx context.Context, l *log, r io.ReaderAt, n int) error {
	p, _ := s.now(l)
	s.mu.Lock()
	offset, size := l.span(n)
	l.gone = l.gone || offset < p.freed
	gone := l.gone
	s.mu.Unlock()
	if gone {
		return nil // it can't be sent again: its bytes are nowhere but in the upload
	}
	part, err := s.remote.Part(ctx, p.key, p.upload, n, r, offset, size)
	if errors.Is(err, bucket.ErrNoUpload) {
		s.isGone(l)
		return nil
	}
	if err != nil {
		return err
	}
	if isStopped(ctx) {
		return context.Cause(ctx) // its writer has given it up: what was sent may not be what the log will have
	}
	s.noteOrTell(l, change{Part: &part}, false)
	s.count.bytes.Add(uint64(size))
	return nil
}

func (s *Store) isGone(l *log) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.gone = true
}

func (s *Store) complete(ctx context.Context, l *log) error {
	p, size := s.now(l)
	if p.acknowledged() < size {
		return &trouble{final, errTooLarge(size)}
	}
	if !p.sent {
		s.noteOrTell(l, change{Sent: true}, true)
	}
	st, err := s.remote.Complete(ctx, p.key, p.upload, p.list())
	switch {
	case errors.Is(err, bucket.ErrExist):
		s.doubt(l, !p.sent)
		s.tookNothing(l, p, err)
		return nil
	case errors.Is(err, bucket.ErrNoUpload) && p.sent:
		s.doubt(l, false)
		s.mu.Lock()
		l.lost = true // or completed
		s.mu.Unlock()
		return nil
	case errors.Is(err, bucket.ErrNoUpload):
		s.isGone(l)
		return nil
	case errors.Is(err, bucket.ErrParts):
		return s.sendAgain(l, err)
	case errors.Is(err, bucket.ErrCorrupt):
		s.noteOrTell(l, change{Corrupt: true}, false)
		return err
	case err != nil:
		s.tookNothing(l, p, err)
		return err
	}
	return s.isStored(l, st, 0)
}

// sendAgain sends the parts again that are still here, since the store does not have those that it has
// acknowledged, or others. The second time the upload counts as gone.
func (s *Store) sendAgain(l *log, err error) error {
	s.mu.Lock()
	l.refused++
	again := l.refused == 1
	l.gone = !again
	keep := l.p.schedule.before(l.p.freed)
	if l.p.schedule.start(keep+1) < l.p.freed {
		keep++
	}
	s.mu.Unlock()
	s.logger.Warn("the store does not have parts of a log that it has acknowledged; what is here is sent again", "log", string(l.name), "error", err)
	if !again {
		return nil
	}
	if err := s.note(l, change{Forget: &keep}, false); err != nil {
		return &trouble{here, err}
	}
	return nil
}

// clear takes a log that is proved from this machine, and what its upload may have left in the bucket,
// if that is allowed.
func (s *Store) clear(ctx context.Context, l *log) error {
	p, _ := s.now(l)
	if p.tail {
		_ = s.remote.Delete(ctx, string(l.name)+tailSuffix) // it is of no use, and does no harm
	}
	if p.stray || p.begins {
		s.abortStrays(ctx, p.key)
	}
	if err := s.spool.remove(l.name); err != nil {
		return &trouble{here, fmt.Errorf("remove log %q, which is uploaded: %w", string(l.name), err)}
	}
	s.forget(l)
	return nil
}

// abortStrays ends uploads of a key whose ids nobody knows, since the answers to their beginning were lost. Nobody else
// uploads to it.
func (s *Store) abortStrays(ctx context.Context, key string) {
	for u, err := range s.remote.Uploads(ctx, key) {
		if err == nil && u.Key == key {
			err = s.remote.Abort(ctx, key, u.ID)
		}
		if err != nil && !errors.Is(err, bucket.ErrNoUpload) {
			s.logger.Warn("an upload that nobody needs may be left in the bucket, and cost money: have a lifecycle rule abort those that are old", "key", key, "error", err)
			return
		}
	}
}
