package record

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sshtrail/sshtrail/event"
)

// markDirty notes that the log has something to sync.
func (r *Recorder) markDirty(l *Log) {
	if l.meter.unsynced.Load() == 0 {
		l.meter.wait(r.elapsed())
	}
	if l.isDirty.CompareAndSwap(false, true) {
		r.mu.Lock()
		r.dirty[l] = struct{}{}
		r.mu.Unlock()
	}
}

// syncLoop syncs what is dirty, every Config.Sync, until ctx ends. At 0 Emit syncs, and
// the loop only frees segments that are in the log.
func (r *Recorder) syncLoop(ctx context.Context) {
	interval := r.cfg.Sync
	if interval == 0 {
		interval = defaultSync
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, l := range r.syncTogether(r.takeDirty()) {
			l.isDirty.Store(false)
			r.ending.Go(l.syncSoon) // ends when its disk has answered
		}
	}
}

// takeDirty returns the logs with something to sync, and forgets them.
func (r *Recorder) takeDirty() []*Log {
	r.mu.Lock()
	defer r.mu.Unlock()
	dirty := slices.Collect(maps.Keys(r.dirty))
	clear(r.dirty)
	return dirty
}

// syncSoon syncs the log unless somebody is at it already: then it stays dirty.
func (l *Log) syncSoon() {
	if !l.syncMu.TryLock() {
		l.r.markDirty(l)
		return
	}
	err := l.sync()
	l.syncMu.Unlock()
	if err != nil && l.trouble.err() == nil {
		l.failed(err, nil)
	}
}

// awaitSync is syncTo for who must not be stuck on the disk when there is trouble.
func (l *Log) awaitSync(number uint64) error {
	done := make(chan error, 1)
	go func() { done <- l.syncTo(number) }() // ends when the disk has answered
	on, cause := l.trouble.state()
	if cause == nil {
		select {
		case err := <-done:
			return err
		case <-on:
		}
		_, cause = l.trouble.state()
	}
	if cause == nil { // a gap that has ended meanwhile
		return <-done
	}
	return cause
}

// syncTo returns when the events below number survive a power cut.
func (l *Log) syncTo(number uint64) error {
	l.syncMu.Lock()
	defer l.syncMu.Unlock()
	if l.synced >= number {
		return nil // somebody else's sync, while this one waited, covered it
	}
	if l.unsure.Load() {
		return errUnsure
	}
	return l.sync()
}

var errUnsure = errors.New("sync journal: it failed before, and what it was to make durable may be lost")

// sync makes what was written so far durable: journal and log, and the journal's names.
// Segments whose block is durable in the log go. The caller holds syncMu.
func (l *Log) sync() error {
	began := l.r.elapsed()
	l.meter.begin()
	err := l.syncAll()
	l.meter.end(err)
	if err != nil {
		l.unsure.Store(true) // before somebody else tries, and is told that all is well
	} else {
		l.r.count.synced(l.r.elapsed() - began)
	}
	return err
}

func (l *Log) syncAll() error {
	upTo := l.written.Load()
	l.q.mu.Lock()
	full := append([]*segment(nil), l.q.segments...)
	active := l.q.active
	stored, left := append([]*segment(nil), l.q.stored...), l.q.left
	l.q.mu.Unlock()
	if left {
		return errLeft
	}
	// In the order of the events, so that a power cut in between leaves no hole.
	if len(stored) > 0 {
		err := l.syncStore()
		if err == errNoWriter { // it failed and will be resumed: the journal must do
			err = l.syncSegments(stored)
			stored = nil
		}
		if err != nil {
			return err
		}
	}
	if n := len(stored); n > 0 && active == nil && len(full) == 0 {
		// As long as there is a segment, recovery knows that the log is this journal's.
		full, stored = stored[n-1:], stored[:n-1]
	}
	if err := l.syncSegments(full); err != nil {
		return err
	}
	if active != nil {
		if err := l.do(busySync, func() error { return l.syncActive(active) }); err != nil {
			return fmt.Errorf("sync journal: %w", err)
		}
	}
	if err := l.do(busySync, l.r.syncFolder); err != nil {
		return fmt.Errorf("sync journal folder: %w", err)
	}
	l.synced = upTo
	l.dropStored(len(stored))
	return nil
}

// syncSegments makes segments that are full durable.
func (l *Log) syncSegments(segments []*segment) error {
	for _, s := range segments {
		if s.durable || s.file == nil {
			continue
		}
		if err := l.do(busySync, s.file.Sync); err != nil {
			return fmt.Errorf("sync journal: %w", err)
		}
		s.durable = true
	}
	return nil
}

// syncActive makes the segment that is written to durable, and sees to it that it is
// still there: what is in a file without a name, no recovery finds.
func (l *Log) syncActive(s *segment) error {
	if err := s.file.Sync(); err != nil {
		return err
	}
	_, err := l.r.cfg.FS.Stat(s.file.path)
	return err
}

// syncStore makes the log in the store durable.
func (l *Log) syncStore() error {
	var durable int64
	err := l.do(busyStoreSync, func() error {
		l.q.writerMu.Lock()
		defer l.q.writerMu.Unlock()
		if l.q.writer == nil {
			return errNoWriter
		}
		durable = l.q.size
		return l.q.writer.Sync()
	})
	if err == errNoWriter {
		return err
	}
	if err != nil {
		return fmt.Errorf("sync log: %w", err)
	}
	l.copied.grow(durable)
	return nil
}

// dropStored drops the segments that a log which is durable makes superfluous, the first n
// stored ones, when one that stays is durable too. The caller holds syncMu.
func (l *Log) dropStored(n int) {
	l.q.mu.Lock()
	check := lastCheckpoint(l.q.stored[:n])
	done := append([]*segment(nil), l.q.stored[:n]...)
	l.q.stored = l.q.stored[n:]
	l.q.mu.Unlock()
	if n == 0 {
		return
	}
	l.r.ending.Go(func() { // ends when the disk has answered: the log does not wait for it
		for _, s := range done {
			l.drop(s, true)
		}
		if check != nil {
			l.saveCheckpoint(check)
		}
	})
}

// checkLogs has all logs synced, and so finds those whose files are gone.
func (r *Recorder) checkLogs() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for l := range r.logs {
		r.ending.Go(func() { // ends when its disk has answered
			if !l.syncMu.TryLock() {
				return // somebody is at it
			}
			err := l.syncStore()
			if err == nil || err == errNoWriter {
				err = l.sync()
			}
			l.syncMu.Unlock()
			if err != nil && err != errLeft && l.trouble.err() == nil {
				l.failed(err, nil)
			}
		})
	}
}

var errLeft = errors.New("the log was given up")

var errNoWriter = errors.New("no writer")

// folderSync syncs the journal folder once for all segments made since.
type folderSync struct {
	mu     sync.Mutex
	synced uint64 // segments whose names are durable
}

func (r *Recorder) syncFolder() error {
	made := r.segmentsMade.Load()
	r.folder.mu.Lock()
	defer r.folder.mu.Unlock()
	if r.folder.synced >= made {
		return nil
	}
	made = r.segmentsMade.Load()
	if err := r.cfg.FS.SyncDir(r.dir); err != nil {
		return err
	}
	r.folder.synced = made
	return nil
}

// watchLoop looks for logs that wait too long for a disk, until ctx ends.
func (r *Recorder) watchLoop(ctx context.Context) {
	tick := time.NewTicker(watchTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		r.mu.Lock()
		var hung []*Log
		slow := int64(0)
		for l := range r.logs {
			if l.waits(deadline) >= 0 {
				hung = append(hung, l)
			}
			if l.waits(slowDisk) >= 0 {
				slow++
			}
		}
		r.mu.Unlock()
		r.hungLogs.Store(slow)
		for _, l := range hung {
			l.hung()
		}
	}
}

// waits returns what the log waits for, for longer than limit, -1 if nothing.
func (l *Log) waits(limit time.Duration) int {
	now := l.r.elapsed()
	for what := range l.busy {
		if since := time.Duration(l.busy[what].Load()); since != 0 && now-since > limit {
			return what
		}
	}
	return -1
}

// hung treats a disk that does not answer as one that failed.
func (l *Log) hung() {
	what := l.waits(deadline)
	if what < 0 || l.trouble.err() != nil {
		return
	}
	isStore := what == busyStore || what == busyStoreSync
	err := fmt.Errorf("the journal's disk %w", errHung)
	if isStore {
		err = fmt.Errorf("the store %w", errHung)
	}
	switch {
	case l.r.cfg.OnFailure != Continue:
		l.stop(err)
	case what == busyStore && l.q.hasWriter():
		l.stall(err)
	default:
		l.miss(err)
	}
}

func (r *Recorder) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// skipped counts the bytes that passed unseen because their interception is off.
type skipped struct {
	mu sync.Mutex
	b  event.StreamBytes
}

func (s *skipped) add(stream event.Stream, n uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	addTo(&s.b, stream, n)
}

func (s *skipped) bytes() event.StreamBytes {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b
}

func addTo(b *event.StreamBytes, stream event.Stream, n uint64) {
	switch stream {
	case event.Stdin:
		b.Stdin += n
	case event.Stdout:
		b.Stdout += n
	case event.Stderr:
		b.Stderr += n
	}
}
