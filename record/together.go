package record

import (
	"errors"
	"sync/atomic"
	"time"
)

// Many logs that are written to slowly, as those of people who type, are synced together: one
// syncfs(2) of the journal's disk. For 100 of them that takes 0.4 to 0.7 ms of CPU and an
// eighth of the time, where an fdatasync(2) for each takes 6 ms. Where that disk has much to
// write for others, or tells of an error, each is synced by itself.
const (
	together     = 16
	togetherMax  = 500 * time.Millisecond // how long it may take
	togetherBack = 30 * time.Second
)

// group is the logs that are synced together. At most one is under way.
type group struct {
	busy  atomic.Bool
	after time.Duration // not before, in Recorder.elapsed; for who has busy
}

// member is a log of a group, with its syncMu.
type member struct {
	log    *Log
	active *segment
	upTo   uint64
}

var errSlow = errors.New("the disk has much to write for others")

// syncTogether begins to sync what can be synced together, if that is enough, and returns
// the other logs.
func (r *Recorder) syncTogether(dirty []*Log) (rest []*Log) {
	if len(dirty) < r.cfg.together || r.cfg.Sync == 0 || !r.group.busy.CompareAndSwap(false, true) {
		return dirty
	}
	var members []member
	if r.elapsed() >= r.group.after {
		for _, l := range dirty {
			if m, ok := l.join(); ok {
				members = append(members, m)
			} else {
				rest = append(rest, l)
			}
		}
	}
	if len(members) < r.cfg.together {
		for _, m := range members {
			m.log.syncMu.Unlock()
		}
		r.group.busy.Store(false)
		return dirty
	}
	r.ending.Go(func() { // ends when the disk has answered, or togetherMax is over
		defer r.group.busy.Store(false)
		r.syncGroup(members)
	})
	return rest
}

// join takes the log's syncMu, if nobody has it and all there is to sync is the segment that
// is written to.
func (l *Log) join() (member, bool) {
	if !l.syncMu.TryLock() {
		return member{}, false
	}
	l.isDirty.Store(false)
	upTo := l.written.Load()
	l.q.mu.Lock()
	active := l.q.active
	alone := active != nil && len(l.q.segments)+len(l.q.stored) == 0 && !l.q.left
	l.q.mu.Unlock()
	if !alone {
		l.syncMu.Unlock()
		return member{}, false
	}
	l.meter.begin()
	return member{l, active, upTo}, true
}

// syncGroup syncs the members, and gives them back.
func (r *Recorder) syncGroup(members []member) {
	began, made := r.elapsed(), r.segmentsMade.Load()
	done := make(chan error, 1)
	go func() { done <- r.cfg.FS.SyncAll(r.dir) }() // ends when the disk has answered
	limit := time.NewTimer(togetherMax)
	defer limit.Stop()
	var err error
	select {
	case err = <-done:
	case <-limit.C:
		err = errSlow
	}
	if err != nil {
		r.group.after = r.elapsed() + togetherBack
	} else {
		r.folder.note(made)
		r.count.synced(r.elapsed() - began)
	}
	for _, m := range members {
		m.end(err)
	}
}

// end notes what became of the group's sync. Who is not durable by it is synced alone.
func (m *member) end(err error) {
	l := m.log
	if err == nil {
		_, err = l.r.cfg.FS.Stat(m.active.file.path) // what has no name, no recovery finds
	}
	if err == nil {
		l.synced = max(l.synced, m.upTo)
	}
	l.meter.end(err)
	l.syncMu.Unlock()
	if err != nil {
		l.r.ending.Go(l.syncSoon) // ends when its disk has answered
	}
}

// note notes that the names of so many segments are durable, unless somebody is at it.
func (f *folderSync) note(made uint64) {
	if f.mu.TryLock() {
		defer f.mu.Unlock()
		f.synced = max(f.synced, made)
	}
}
