package s3

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// makeRoom begins to free bytes that the bucket has and nobody reads here any more, if the spool is short of
// room: of the oldest log first. The caller holds s.mu.
func (s *Store) makeRoom() {
	if s.freeing || s.noHoles || !s.budget.isShort() || time.Now().Before(s.freeAfter) {
		return
	}
	var oldest *log
	for _, l := range s.logs {
		if l.isOpen() && !l.held && !l.alone && l.freeable() > l.p.freed && (oldest == nil || order(l, oldest) < 0) {
			oldest = l
		}
	}
	if oldest == nil {
		return
	}
	s.freeing = true
	oldest.mark(freeing)
	s.steps.Go(func() { // ends by itself
		err := s.free(oldest)
		s.freed(oldest, err)
	})
}

// freeable is up to where l need not be on this machine.
func (l *log) freeable() int64 {
	whole := l.p.schedule.start(l.p.schedule.before(l.released) + 1)
	return min(l.p.schedule.start(l.p.firm+1), whole)
}

func (s *Store) freed(l *log, err error) {
	s.mu.Lock()
	s.freeing = false
	delete(l.busy, freeing)
	if finished := !l.isOpen() && errors.Is(err, fs.ErrNotExist); err != nil && !finished {
		s.noHoles = errors.Is(err, errors.ErrUnsupported)
		s.freeAfter = time.Now().Add(lastPause)
		s.logger.Warn("parts of logs that are uploaded can't be freed on this machine", "folder", s.spool.dir, "error", err)
	}
	file := s.settleDown(l, false)
	l.changed()
	s.mu.Unlock()
	if file != nil {
		s.logClose(l, file.close())
	}
	if err == nil {
		s.poke() // there may be more
	}
}

// free gives back the room of what is freeable of a log. That it does so is durable before.
func (s *Store) free(l *log) error {
	if err := s.spool.makesHoles(); err != nil {
		return err
	}
	f, err := s.spool.fs.OpenFile(s.spool.partial(l.name), os.O_RDWR|careful, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if s.stateOf(l) == nil {
		if err := s.take(l); err != nil {
			return err
		}
	}
	p, _ := s.now(l)
	s.mu.Lock()
	end := l.freeable()
	s.mu.Unlock()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync log: %w", err)
	}
	if err := s.note(l, change{Freed: end}, true); err != nil {
		return err
	}
	l.freed.Store(end) // before readers can see zeros
	if err := f.PunchHole(p.freed, end-p.freed); err != nil {
		return err
	}
	s.count.freed.Add(uint64(end - p.freed))
	s.mu.Lock()
	defer s.mu.Unlock()
	l.counted -= end - p.freed
	s.budget.add(p.freed - end)
	return nil
}

// makesHoles reports whether files here can have holes, with a file of its own: a hole in a log must not be
// made before its state says so.
func (s *spool) makesHoles() error {
	name := filepath.Join(s.dir, holesName)
	f, err := s.fs.OpenFile(name, os.O_RDWR|os.O_CREATE|careful, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.PunchHole(0, 1), f.Close(), s.fs.Remove(name))
}
