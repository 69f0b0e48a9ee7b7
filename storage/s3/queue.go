package s3

import (
	"slices"
	"time"
)

// file adds a finished log that was found in the spool. The caller holds s.mu.
func (s *Store) file(l *log, used int64) {
	s.logs[l.name] = l
	s.budget.add(used)
	l.counted = used
	s.insert(l)
}

// insert has a finished log wait. The caller holds s.mu.
func (s *Store) insert(l *log) {
	i, _ := slices.BinarySearchFunc(s.finished, l, order)
	s.finished = slices.Insert(s.finished, i, l)
}

// remove takes a finished log out of the queue. The caller holds s.mu.
func (s *Store) remove(l *log) {
	if i, ok := slices.BinarySearchFunc(s.finished, l, order); ok {
		s.finished = slices.Delete(s.finished, i, i+1)
	}
}

// liveShare is one in how many requests goes to logs that are being written, if there are
// any with something to send: so that what is old does not have them fill the spool.
const liveShare = 4

// pick returns the next step, or when to look again if there is none now. The caller holds s.mu.
func (s *Store) pick(now time.Time) (l *log, k kind, n int, again time.Time) {
	open, until := s.gate.isOpen(now)
	if !open {
		return nil, nothing, 0, until
	}
	s.picks++
	turns := []func(time.Time, *time.Time) (*log, kind, int){s.oldest, s.live}
	if s.picks%liveShare == 0 {
		slices.Reverse(turns)
	}
	for _, turn := range turns {
		if l, k, n = turn(now, &again); l != nil {
			return l, k, n, time.Time{}
		}
	}
	return nil, nothing, 0, again
}

// oldest is the first finished log with something to do.
func (s *Store) oldest(now time.Time, again *time.Time) (*log, kind, int) {
	for _, l := range s.finished {
		if s.isEarly(l, now, again) {
			continue
		}
		k, n := l.step()
		if k == nothing || k == toTake && s.atWork >= s.cfg.ParallelUploads {
			continue
		}
		return l, k, n
	}
	return nil, nothing, 0
}

// live is the log whose turn it is among those that are being written.
func (s *Store) live(now time.Time, again *time.Time) (*log, kind, int) {
	for i := 0; i < len(s.writing); i++ {
		l := s.writing[i]
		if !l.hasWork() {
			s.writing = slices.Delete(s.writing, i, i+1)
			l.listed = false
			i--
			continue
		}
		if s.isEarly(l, now, again) {
			continue
		}
		if k, n := l.step(); k != nothing {
			s.writing = append(slices.Delete(s.writing, i, i+1), l)
			return l, k, n
		}
	}
	return nil, nothing, 0
}

// isEarly reports whether nothing may be tried with l yet, and has again be early enough. After an
// outage what has failed in it is not held against a log.
func (s *Store) isEarly(l *log, now time.Time, again *time.Time) bool {
	if l.outage != s.gate.outages {
		l.outage, l.next = s.gate.outages, time.Time{}
	}
	if !now.Before(l.next) {
		return false
	}
	if again.IsZero() || l.next.Before(*again) {
		*again = l.next
	}
	return true
}
