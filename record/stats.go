package record

import (
	"errors"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sshtrail/sshtrail/storage"
)

// Stats is what a Recorder can tell of itself at a moment. Numbers that count since its
// beginning never fall.
type Stats struct {
	// Logs that are being written: those of connections that are logged in, and the
	// recorder's own.
	Open int
	// What became of logs: with their end, finished after a crash or a failure, and
	// given up for now (see Left), since the beginning.
	Completed, Recovered, GivenUp uint64
	// Left are the logs that wait, now, to be finished.
	Left int

	Events uint64 // recorded
	Bytes  uint64 // of events, before compression
	Stored uint64 // bytes of logs written to the store

	// Journal is the bytes of events that no log in the store has yet.
	Journal int64
	// Unsynced is the age of the oldest event that a power cut would cost; 0 if there
	// is none.
	Unsynced time.Duration
	Syncs    Histogram // how long syncing took, of journals and logs

	// Failures counts what went wrong, by kind (see [FailureKinds]).
	Failures map[string]uint64
	// Gaps counts the gaps under Continue, and Gapped the logs that have one now.
	Gaps   uint64
	Gapped int

	Disks  []DiskStats
	Copies []CopyStats
}

// FailureKinds are the kinds of failures there are: a disk that is full or may not be used
// further, that failed, that may not be written, that does not answer; a process that has
// no more descriptors; and what is none of these.
func FailureKinds() []string {
	return []string{failFull: "full", failIO: "io", failReadOnly: "readonly", failHung: "hung", failDescriptors: "descriptors", failOther: "other"}
}

const (
	failFull = iota
	failIO
	failReadOnly
	failHung
	failDescriptors
	failOther
	numFailures
)

// Histogram counts durations: Counts[i] of them took at most SyncBounds()[i], and All is their
// number.
type Histogram struct {
	Counts []uint64
	All    uint64
	Sum    time.Duration
}

// SyncBounds are the upper bounds of Stats.Syncs.
func SyncBounds() []time.Duration {
	return []time.Duration{
		100 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond,
		500 * time.Millisecond, 2 * time.Second, 5 * time.Second,
	}
}

// DiskStats is the room on a disk that logs depend on, as it was looked at last.
type DiskStats struct {
	Folder           string
	Free, Size       uint64 // bytes, for this user
	FreeFiles, Files uint64 // how many can be made, and be; 0 and 0 where there is no such limit
	Warn, Refuse     uint64 // bytes: with less free it warns, or is not Ready
	Reserve          uint64 // bytes that are kept for the ends of logs
}

// counters are the numbers of Stats that only rise.
type counters struct {
	completed, recovered, givenUp atomic.Uint64
	events, bytes, stored         atomic.Uint64 // of logs that are done with
	gaps                          atomic.Uint64
	failures                      [numFailures]atomic.Uint64 // in the order of FailureKinds
	syncs                         struct {
		counts [numBounds]atomic.Uint64 // not cumulative
		all    atomic.Uint64
		sum    atomic.Int64
	}
}

const numBounds = 8 // SyncBounds

// failed counts a failure.
func (c *counters) failed(err error) { c.failures[failureKind(err)].Add(1) }

// failure counts a failure, notes it if a disk is full, and has the disks looked at.
func (r *Recorder) failure(err error) {
	r.count.failed(err)
	if isFull(err) && !errors.Is(err, storage.ErrFull) {
		r.noteFull()
	}
	for _, v := range r.volumes {
		v.asked.Store(true)
		v.lookSoon()
	}
}

// failureKind is the index in FailureKinds of what an error is.
func failureKind(err error) int {
	switch {
	case isFull(err):
		return failFull
	case errors.Is(err, syscall.EIO):
		return failIO
	case errors.Is(err, syscall.EROFS):
		return failReadOnly
	case errors.Is(err, errHung), errors.Is(err, errStuck):
		return failHung
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return failDescriptors
	}
	return failOther
}

// synced counts how long a sync took.
func (c *counters) synced(took time.Duration) {
	for i, bound := range SyncBounds() {
		if took <= bound {
			c.syncs.counts[i].Add(1)
			break
		}
	}
	c.syncs.all.Add(1)
	c.syncs.sum.Add(int64(took))
}

func (c *counters) histogram() Histogram {
	h := Histogram{Counts: make([]uint64, numBounds), Sum: time.Duration(c.syncs.sum.Load())}
	sum := uint64(0)
	for i := range h.Counts {
		sum += c.syncs.counts[i].Load()
		h.Counts[i] = sum
	}
	h.All = max(c.syncs.all.Load(), sum) // read later, it may count one more
	return h
}

// recovery counts what recovery made of a log.
func (c *counters) recovery(rec Recovery) {
	switch {
	case rec.Err == nil:
		c.recovered.Add(1)
	case !errors.Is(rec.Err, ErrNothingSaved):
		c.failed(rec.Err)
	}
}

// meter is what a log counts for Stats. Its log's numbers are added to the recorder's
// when it is done with.
type meter struct {
	bytes, moved atomic.Uint64 // of events: in all, and those that are in the log in the store
	stored       atomic.Uint64 // bytes of the log in the store
	unsynced     atomic.Int64  // since when something waits for a sync, in Recorder.elapsed; 0: nothing does
	syncing      atomic.Int64  // and for the sync that is under way
}

// wait notes that something waits for a sync from now on.
func (m *meter) wait(now time.Duration) { m.unsynced.CompareAndSwap(0, int64(now)|1) }

// begin notes that a sync covers what waits, end that it worked or not.
func (m *meter) begin() {
	if since := m.unsynced.Swap(0); since != 0 && m.syncing.Load() == 0 {
		m.syncing.Store(since)
	}
}

func (m *meter) end(err error) {
	if err == nil {
		m.syncing.Store(0)
	}
}

// oldest returns since when something waits for a sync, 0 if nothing does.
func (m *meter) oldest() int64 {
	if since := m.syncing.Load(); since != 0 {
		return since
	}
	return m.unsynced.Load()
}

// Stats returns what the recorder can tell of itself. It waits for no disk.
func (r *Recorder) Stats() Stats {
	c := &r.count
	s := Stats{
		Completed: c.completed.Load(), Recovered: c.recovered.Load(), GivenUp: c.givenUp.Load(),
		Syncs: c.histogram(), Gaps: c.gaps.Load(), Failures: map[string]uint64{},
	}
	for i, kind := range FailureKinds() {
		s.Failures[kind] = c.failures[i].Load()
	}
	r.mu.Lock()
	// Under the lock, so that a log that ends now is counted once.
	s.Events, s.Bytes, s.Stored = c.events.Load(), c.bytes.Load(), c.stored.Load()
	s.Open, s.Left = len(r.logs), len(r.left)
	oldest := int64(0)
	for l := range r.logs {
		bytes, moved := l.meter.bytes.Load(), l.meter.moved.Load()
		s.Events += l.written.Load()
		s.Bytes += bytes
		s.Stored += l.meter.stored.Load()
		s.Journal += int64(bytes) - int64(min(moved, bytes))
		if since := l.meter.oldest(); since != 0 && (oldest == 0 || since < oldest) {
			oldest = since
		}
		if l.trouble.inGap() {
			s.Gapped++
		}
	}
	r.mu.Unlock()
	if oldest != 0 {
		s.Unsynced = max(r.elapsed()-time.Duration(oldest), 0)
	}
	for _, v := range r.volumes {
		s.Disks = append(s.Disks, v.stats())
	}
	for _, c := range r.copiers {
		s.Copies = append(s.Copies, c.stats())
	}
	return s
}

// settle adds a log's numbers to the recorder's, when it is done with. The caller holds r.mu.
func (r *Recorder) settle(l *Log) {
	r.count.events.Add(l.written.Load())
	r.count.bytes.Add(l.meter.bytes.Load())
	r.count.stored.Add(l.meter.stored.Load())
}
