package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/internal/s3test/hostile"
	"github.com/sshtrail/sshtrail/internal/torture"
	"github.com/sshtrail/sshtrail/storage"
)

// TestChaos has gateways live one after the other on one disk, write logs to a server that
// misbehaves at random, and end at any moment, by kill -9 or with the power. In the end the server behaves.
func TestChaos(t *testing.T) {
	rig := torture.New(t)
	for round := range rig.Rounds(30) {
		r := rig.Source(uint64(round))
		ok := t.Run(fmt.Sprintf("round %d", round), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newChaos(t, r).run() })
		})
		if !ok {
			t.FailNow() // one is enough to look at
		}
	}
}

// chaos is one round.
type chaos struct {
	*house
	options hostile.Options
	rand    *rand.Rand // of the goroutine that leads
	logs    []*longLog
}

// longLog is a log that may take several lives to be written.
type longLog struct {
	name     storage.Name
	text     []byte // all of it
	rand     *rand.Rand
	created  bool
	synced   int64 // survives a power cut; -1 before the first Sync
	released int64 // nobody reads what is before
	done     bool  // it is finished, as far as its writer knows
	doubtful bool  // Commit was interrupted: it is finished, or not
}

func newChaos(t *testing.T, r *rand.Rand) *chaos {
	c := &chaos{rand: r}
	c.options.Forgetful, c.options.Unconditional = r.IntN(2) == 0, r.IntN(4) == 0
	if r.IntN(2) == 0 {
		c.options.Permitted = hostile.Six()
	}
	c.house = newHouse(t, c.options)
	if r.IntN(2) == 0 {
		c.config.Flush = time.Duration(1+r.IntN(20)) * time.Second
	}
	c.config.ParallelUploads = 1 + r.IntN(8)
	for i := range 1 + r.IntN(8) {
		name := storage.Name(fmt.Sprintf("%04d", i))
		size := r.IntN(10*partSize) >> r.IntN(4)
		c.logs = append(c.logs, &longLog{name: name, text: text(name, size), rand: rand.New(rand.NewPCG(r.Uint64(), 0)), synced: -1})
	}
	return c
}

func (c *chaos) run() {
	defer c.tell()
	c.server.Plan(c.plan())
	for range 1 + c.rand.IntN(6) {
		c.start()
		ends := c.write()
		pass(time.Duration(c.rand.Int64N(int64(5 * time.Minute))))
		c.kill()
		ends()
		if c.rand.IntN(2) == 0 {
			c.cutPower()
		}
	}
	c.start()
	c.finish()
	if c.rand.IntN(2) == 0 {
		pass(time.Duration(c.rand.Int64N(int64(72 * time.Hour))))
	}
	c.server.Plan(nil)
	c.settled()
	if err := c.stop(time.Minute); err != nil {
		c.t.Errorf("stop: %v", err)
	}
	var names []storage.Name
	for _, l := range c.logs {
		if l.done {
			names = append(names, l.name)
		}
	}
	c.check(1<<30, names...)
}

// plan has requests meet any fault, seldom, often or nearly always, and now and then none for a while.
func (c *chaos) plan() func(hostile.Request) *hostile.Fault {
	r := rand.New(rand.NewPCG(c.rand.Uint64(), 0))
	percent := []int{2, 20, 90}[c.rand.IntN(3)]
	return func(q hostile.Request) *hostile.Fault {
		if r.IntN(100) >= percent || q.Time.Minute()%10 == 0 {
			return nil
		}
		faults := hostile.Faults(q.Op)
		f := faults[r.IntN(len(faults))]
		if f.Corrupts() && q.Op != hostile.UploadPart {
			return nil // who dies before the answer can't know such an object for its own: an operator must
		}
		return f
	}
}

// write has all logs be gone on with at once, and returns what waits for their writers' end.
func (c *chaos) write() (wait func()) {
	var all sync.WaitGroup
	for _, l := range c.logs {
		all.Go(func() {
			w, err := c.open(l)
			if err != nil || w == nil {
				return
			}
			c.goOn(l, w)
		})
	}
	return all.Wait
}

// open creates or resumes a log. It returns nil if there is nothing to be written any more.
func (c *chaos) open(l *longLog) (*writer, error) {
	if l.done {
		return nil, nil
	}
	inner, err := c.Resume(context.Background(), l.name, func(r io.ReaderAt, size int64) (int64, error) { return c.keep(l, r, size) })
	switch {
	case err == nil:
		l.created, l.doubtful = true, false // once Resume has it, it is not finished
		return &writer{inner, c.house, l.name}, nil
	case !errors.Is(err, storage.ErrNotExist):
		return nil, err
	case l.doubtful || c.isFinished(l.name):
		l.done = true
		return nil, nil
	case l.created && l.synced >= 0:
		c.t.Errorf("log %s, of which %d bytes were synced, is gone", l.name, l.synced)
		l.done = true
		return nil, nil
	}
	c.forget(l)
	w, err := c.create(l.name)
	if err == nil {
		l.created = true
	}
	return w, err
}

// isFinished reports whether a log is there; it is not unfinished.
func (c *chaos) isFinished(name storage.Name) bool {
	return c.server.Object(string(name)) != nil || slices.Contains(c.left(), string(name))
}

// forget is for a log that a power cut has taken before it was synced.
func (c *chaos) forget(l *longLog) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.wrote, l.name)
	delete(c.anonymous, l.name)
	l.released = 0
}

// keep is what the recorder does with what a dead process left: it finds out how much of it is
// good, and sometimes keeps less.
func (c *chaos) keep(l *longLog, r io.ReaderAt, size int64) (int64, error) {
	from := min(l.released, size)
	b := make([]byte, size-from)
	if _, err := r.ReadAt(b, from); err != nil && err != io.EOF {
		return 0, fmt.Errorf("read from %d on: %w", from, err)
	}
	good := from
	for good < min(size, int64(len(l.text))) && b[good-from] == l.text[good] {
		good++
	}
	if good < l.synced {
		c.t.Errorf("of log %s %d bytes are good, and %d were synced", l.name, good, l.synced)
	}
	if l.rand.IntN(3) == 0 {
		good -= l.rand.Int64N(good - from + 1)
	}
	c.mu.Lock()
	c.wrote[l.name] = bytes.Clone(l.text[:good])
	c.mu.Unlock()
	l.synced = min(l.synced, good)
	return good, nil
}

// goOn writes a log until it ends or the process does.
func (c *chaos) goOn(l *longLog, w *writer) {
	for {
		c.mu.Lock()
		at := len(c.wrote[l.name])
		c.mu.Unlock()
		if at == len(l.text) {
			break
		}
		n := min(len(l.text)-at, 1+l.rand.IntN(partSize))
		if _, err := w.Write(l.text[at : at+n]); err != nil {
			return
		}
		switch l.rand.IntN(8) {
		case 0:
			if w.Sync() != nil {
				return
			}
			l.synced = int64(at + n)
		case 1:
			if w.Sync() != nil { // who releases has made it durable elsewhere
				return
			}
			l.synced = int64(at + n)
			l.released = l.rand.Int64N(l.synced + 1)
			w.Writer.(storage.Releaser).Release(l.released)
		case 2:
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			_ = w.Writer.(storage.Tailer).Tail(ctx, []byte("state")) // the server may misbehave
			cancel()
		}
		pass(time.Duration(l.rand.Int64N(int64(time.Minute))))
	}
	if l.doubtful = true; w.Commit(context.Background()) != nil {
		return
	}
	l.done, l.doubtful, l.synced = true, false, int64(len(l.text))
}

// cutPower leaves of the disk what was synced, and some of the rest.
func (c *chaos) cutPower() {
	c.memory = c.memory.PowerCut(c.rand.Uint64())
	c.wasCut = true
	for _, l := range c.logs {
		c.anonymous[l.name] = c.anonymous[l.name] || l.synced < 0
		l.doubtful = l.doubtful && l.synced >= 0
	}
}

// finish ends all logs that are not.
func (c *chaos) finish() {
	for _, l := range c.logs {
		w, err := c.open(l)
		if err != nil {
			c.t.Errorf("open log %s: %v", l.name, err)
			continue
		}
		if w == nil {
			continue
		}
		if err := w.Commit(context.Background()); err != nil {
			c.t.Errorf("commit log %s: %v", l.name, err)
		}
		l.done = true
	}
}
