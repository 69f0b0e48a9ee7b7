package s3

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

// settle finds out what is under a log's key. It may be the log: the answer was lost to a
// request that has made it.
func (s *Store) settle(ctx context.Context, l *log, r io.ReaderAt) error {
	p, size := s.now(l)
	st, err := s.remote.Head(ctx, p.key)
	switch {
	case errors.Is(err, bucket.ErrNotExist):
		s.isNotThere(l)
		return nil
	case errors.Is(err, bucket.ErrDenied):
		return s.decideBlindly(l, p, size)
	case err != nil:
		return err
	}
	match, err := s.compare(p, size, r, st)
	switch {
	case err != nil:
		return err
	case match == bucket.Same, match == bucket.Unknown && s.cfg.Service.Checksum == NoChecksum:
		s.isSure(l, false)
		if p.upload != "" {
			s.noteOrTell(l, change{Stray: true}, false) // another one's completion made the object: ours is open
		}
		s.proved(l, size-p.schedule.base)
		return nil
	case match == bucket.Other && p.corrupt && s.canReplace(l, p, size):
		return nil // the store has said itself that it was this process's bytes that it spoilt
	case match == bucket.Unknown && !s.isStrange(l):
		return &trouble{operator, fmt.Errorf("object %q is there, and the store tells neither a checksum nor an ETag that says whether it has the log's bytes: set audit.s3.checksum to none if that is how it is", p.key)}
	}
	return &trouble{conflict, fmt.Errorf("object %q is there and is not this log: rename or remove it", p.key)}
}

// isStrange reports whether nothing was sent to a log's key from here.
func (s *Store) isStrange(l *log) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return l.strange
}

// compare compares an object with the log.
func (s *Store) compare(p progress, size int64, r io.ReaderAt, st bucket.Stored) (bucket.Match, error) {
	best := bucket.Unknown
	if p.done > 0 {
		whole, err := bucket.Whole(p.list())
		if err != nil {
			return best, &trouble{here, err}
		}
		if best = whole.Compare(st); best == bucket.Same {
			return best, nil
		}
	}
	base := p.schedule.base
	if p.freed > base {
		return best, nil // not all of it is here to be read
	}
	sum, err := bucket.SumOf(io.NewSectionReader(r, base, size-base), size-base)
	if err != nil {
		return best, &trouble{here, fmt.Errorf("read log: %w", err)}
	}
	if m := sum.Compare(st); m != bucket.Unknown {
		best = m
	}
	return best, nil
}

// isSure ends the doubt about what is under a log's key.
func (s *Store) isSure(l *log, replace bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.unsure, l.lost, l.strange, l.mute, l.replace = false, false, false, false, replace
}

// isNotThere notes that the object is not there: what should have made it has not.
func (s *Store) isNotThere(l *log) {
	s.mu.Lock()
	l.gone = l.gone || l.lost
	s.mu.Unlock()
	s.isSure(l, false)
	s.noteOrTell(l, change{Unsent: true}, false)
}

// canReplace has a log written again under its key, in one piece, if that can be.
func (s *Store) canReplace(l *log, p progress, size int64) bool {
	if p.freed > p.schedule.base || size-p.schedule.base > bucket.MaxPut {
		return false
	}
	s.isSure(l, true)
	if p.upload != "" {
		s.noteOrTell(l, change{Gone: true, Stray: true}, false)
	}
	return true
}

// decideBlindly is for accounts that may not ask what is there. What this process has sent there before it
// may send again: the same bytes, and the store's answer then proves that it has them.
func (s *Store) decideBlindly(l *log, p progress, size int64) error {
	s.mu.Lock()
	strange, mute := l.strange, l.mute
	s.mu.Unlock()
	if mute {
		return &trouble{operator, fmt.Errorf("the store has taken log %q and tells nothing that proves that it has it: allow s3:GetObject, or set audit.s3.checksum to md5, or to none to trust it", p.key)}
	}
	if strange {
		s.isSure(l, false) // and ask the next time, in the only way that there is
		return &trouble{conflict, fmt.Errorf("object %q is there already, and nothing was ever sent there from here: rename or remove it; with s3:GetObject the gateway could see for itself whether it is the same", p.key)}
	}
	if s.canReplace(l, p, size) {
		return nil
	}
	return &trouble{operator, fmt.Errorf("the answer was lost whether log %q is complete, and parts of it are not here any more: allow s3:GetObject, so that the gateway can see whether it is in the bucket", p.key)}
}
