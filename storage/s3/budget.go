package s3

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sshtrail/sshtrail/storage"
)

// budget is how much may be in the spool.
type budget struct {
	dir    string
	limit  atomic.Int64
	mine   atomic.Int64 // logs that this process knows
	others atomic.Int64 // and what else was there at the last scan
}

// overdraft is the share of the budget by which it may be exceeded to bring logs to their end, whose
// writer had to give up: they can't leave the spool before.
const overdraft = 16

// measure finds out how large the budget is. A disk can be made larger.
func (b *budget) measure(s *spool, cfg Config) error {
	b.dir = s.dir
	if cfg.MaxSpool > 0 {
		b.limit.Store(cfg.MaxSpool)
		return nil
	}
	space, err := s.fs.Space(s.dir)
	if err != nil {
		return err
	}
	b.limit.Store(int64(space.Size / 100 * uint64(cfg.MaxSpoolPercent)))
	return nil
}

func (b *budget) add(n int64) { b.mine.Add(n) }

func (b *budget) used() int64 { return b.mine.Load() + b.others.Load() }

// isShort reports whether there is reason to make room.
func (b *budget) isShort() bool { return b.used() > b.limit.Load()/2 }

// check returns an error if there is no room for n bytes more. It counts as a disk that is full.
func (b *budget) check(n int64, atEnd bool) error {
	limit := b.limit.Load()
	most := limit
	if atEnd {
		most += limit / overdraft
	}
	if used := b.used(); used+n > most {
		return fmt.Errorf("%w: logs that are not uploaded yet take %d bytes of the %d that audit.s3.maxSpool allows in %q", storage.ErrFull, used, limit, b.dir)
	}
	return nil
}

// How long room is waited for that uploads make, how often it is looked for, and for how many looks nothing
// may be under way. A recorder takes a store for hung that does not answer for 3.5 s.
const (
	roomPatience = 2 * time.Second
	roomLook     = 20 * time.Millisecond
	roomIdle     = 3
)

// awaitRoom returns when there is room for n bytes more, or an error if there is none. It waits only while
// uploads work, so that a session which is faster than them is slowed down, and not ended.
func (s *Store) awaitRoom(n int64, atEnd bool) error {
	idle := 0
	for began := time.Now(); ; {
		err := s.budget.check(n, atEnd)
		if err == nil {
			return nil
		}
		if idle++; s.makesRoom() {
			idle = 0
		}
		if idle == roomIdle || !s.works() || time.Since(began) > roomPatience {
			return err
		}
		s.poke()
		<-time.After(roomLook)
	}
}

// makesRoom reports whether something is under way after which there may be more room.
func (s *Store) makesRoom() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running > 0 || s.freeing
}

func (s *Store) works() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gate.failures == 0 && s.ctx.Err() == nil
}
