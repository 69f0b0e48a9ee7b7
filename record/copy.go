package record

import (
	"context"
	"errors"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/storage"
)

// Copy is a further place or form of every log. It is made from the log in Config.Store, of
// what is durable there, beside the session: so a copy that fails, or is slow, holds up
// neither the log nor another copy. It is tried again until it is done, by the next Open
// too, and then has all of the log.
type Copy struct {
	// Name tells copies apart in messages and statistics, and from one start to the next.
	Name  string
	Store storage.Store
	// View makes what the copy has of a log; nil: the copy is the log's own bytes.
	View func(target string, create Create) View
	// Own says that a copy with a View has the recorder's own logs too, which are no
	// session's, as they are.
	Own bool
}

// Create begins a file of a copy. Closing it finishes it.
type Create func(name storage.Name, contentType string) (io.WriteCloser, error)

// View makes files of the events of one connection. What it makes must follow from the
// events alone, since it is made anew after a failure. It is for one goroutine at a time.
type View interface {
	Event(*event.Event) error
	// Finish closes what is open, at the end of the log.
	Finish() error
}

// CopyStats tells how a Copy is.
type CopyStats struct {
	Name    string
	Done    uint64 // logs that were copied to their end
	Waiting int    // logs that are not, those of sessions that go on counted
	Failed  uint64 // tries that failed
	Err     string // why the last try failed; empty if it did not
}

const (
	copyWorkers = 4
	minCopy     = time.Second // between two tries, at first
	maxCopy     = time.Minute
)

// copier makes one Copy of all logs.
type copier struct {
	r *Recorder
	Copy
	tails bool // Store keeps the tails of open logs

	mu      sync.Mutex // guards the fields below it
	queue   []*copying
	workers int
	waiting int
	done    uint64
	failed  uint64
	err     error // of the last try
	over    bool  // nothing is begun any more
}

// copying is one log on its way to one copy. Its copier's worker has it to itself.
type copying struct {
	c  *copier
	of *copiedLog

	// Guarded by c.mu:
	isIn  bool          // in the queue or with a worker
	more  bool          // asked for while a worker had it
	pause time.Duration // after the next failure
	after time.Duration // nothing is tried before, in Recorder.elapsed

	pos    int64
	writer storage.Writer
	view   *viewing

	tail    tail
	tailDue atomic.Bool
}

// copiedLog is a log that is not in all copies yet.
type copiedLog struct {
	id  event.ConnID
	log *Log // nil: its end is all that is waited for

	durable atomic.Int64 // how much of it may be copied
	over    atomic.Bool  // it is finished
	target  atomic.Pointer[string]
	jobs    []*copying
	left    atomic.Int32 // jobs that are not done

	mu    sync.Mutex // guards the fields below it
	known bool
	isOwn bool
	meta  map[string]string
}

func (r *Recorder) openCopies() {
	for _, c := range r.cfg.Copies {
		r.copiers = append(r.copiers, &copier{r: r, Copy: c})
	}
}

// newCopied returns a log that is to be copied: log, which the caller holds,
// or nil for one that was left by another process.
func (r *Recorder) newCopied(id event.ConnID, log *Log) *copiedLog {
	of := &copiedLog{id: id, log: log}
	if log != nil {
		of.known, of.isOwn, of.meta = true, log.isOwn, log.sum.metadata()
	}
	for _, c := range r.copiers {
		of.jobs = append(of.jobs, &copying{c: c, of: of})
		c.add(1)
	}
	of.left.Store(int32(len(of.jobs)))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.copied[id] = of
	return of
}

func (c *copier) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting += n
}

// grow tells that more of a log may be copied.
func (of *copiedLog) grow(durable int64) {
	if of == nil || of.durable.Swap(durable) == durable {
		return
	}
	of.ask()
}

// finish tells that all of it may be copied.
func (of *copiedLog) finish() {
	if of != nil {
		of.over.Store(true)
		of.ask()
	}
}

// askTails has the tails of copies kept that do keep them.
func (of *copiedLog) askTails() {
	if of == nil {
		return
	}
	for _, j := range of.jobs {
		if j.c.tails {
			j.tailDue.Store(true)
			j.c.ask(j)
		}
	}
}

func (of *copiedLog) ask() {
	for _, j := range of.jobs {
		j.c.ask(j)
	}
}

// ask has a worker look at a job.
func (c *copier) ask(j *copying) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.over, c.r.elapsed() < j.after:
		return
	case j.isIn:
		j.more = true
		return
	}
	j.isIn = true
	c.queue = append(c.queue, j)
	if c.workers < copyWorkers {
		c.workers++
		c.r.copies.Go(c.work) // ends when the queue is empty
	}
}

// next returns the job to do next, nil if there is none: then the worker is done.
func (c *copier) next() *copying {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 {
		c.workers--
		return nil
	}
	j := c.queue[0]
	c.queue = c.queue[1:]
	j.more = false
	return j
}

func (c *copier) work() {
	for j := c.next(); j != nil; j = c.next() {
		done, err := j.step(context.Background())
		switch {
		case err != nil:
			j.reset()
			c.later(j, err)
		case done:
			c.well(j, true)
			j.of.jobDone(c.r)
		default:
			c.well(j, false)
		}
	}
}

// well notes that a job went well, and puts it back if there is more to do.
func (c *copier) well(j *copying, done bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		c.r.cfg.Logger.Info("copying works again", "copy", c.Name)
	}
	c.err, j.pause = nil, 0
	switch {
	case done:
		c.done++
		c.waiting--
	case j.more && !c.over:
		j.more = false
		c.queue = append(c.queue, j)
	default:
		j.isIn = false
	}
	if c.over {
		j.reset()
	}
}

// later tries a job again, after a pause that grows while nothing works.
func (c *copier) later(j *copying, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil || c.err.Error() != err.Error() {
		c.r.cfg.Logger.Error("a log can't be copied; it is tried again until that works", "copy", c.Name, "connection", j.of.id, "error", err)
	}
	c.failed++
	c.err = err
	j.isIn, j.pause = false, min(max(2*j.pause, minCopy), maxCopy)
	j.after = c.r.elapsed() + j.pause
	time.AfterFunc(j.pause, func() { c.ask(j) })
}

// jobDone notes that a log is in one more copy. In the last it is done with: its mark goes,
// and where the log itself is only there to be copied, that goes first.
func (of *copiedLog) jobDone(r *Recorder) {
	if of.left.Add(-1) > 0 {
		return
	}
	if r.cfg.Discard != nil {
		if err := r.cfg.Discard(storage.Name(of.id)); err != nil && !errors.Is(err, storage.ErrNotExist) {
			r.cfg.Logger.Error("a log that was copied can't be removed; the next start tries again", "connection", of.id, "error", err)
			return
		}
	}
	r.mu.Lock()
	delete(r.copied, of.id)
	r.mu.Unlock()
	r.remove(filepath.Join(r.dir, markName(of.id)))
}

// end has no job begun any more.
func (c *copier) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	for _, j := range c.queue {
		j.isIn = false
	}
	c.queue = nil
}

// giveUp closes what is open, unless a worker has it: then that does.
func (of *copiedLog) giveUp() {
	for _, j := range of.jobs {
		j.c.mu.Lock()
		if !j.isIn {
			j.reset()
		}
		j.c.mu.Unlock()
	}
}

// stats returns how the copy is.
func (c *copier) stats() CopyStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := CopyStats{Name: c.Name, Done: c.done, Waiting: c.waiting, Failed: c.failed}
	if c.err != nil {
		s.Err = c.err.Error()
	}
	return s
}

// finishCopies returns when all logs are copied, or ctx ends, and then how many are not.
// What waits for another try has it now, and no more after that.
func (r *Recorder) finishCopies(ctx context.Context) int {
	r.mu.Lock()
	logs := slices.Collect(maps.Values(r.copied))
	r.mu.Unlock()
	for _, of := range logs {
		for _, j := range of.jobs {
			j.c.mu.Lock()
			j.after = 0
			j.c.mu.Unlock()
			j.c.ask(j)
		}
	}
	select {
	case <-r.copies.wait():
	case <-ctx.Done():
	}
	for _, c := range r.copiers {
		c.end()
	}
	for _, of := range logs {
		of.giveUp()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.copied)
}
