// Package record makes logs: it gives the events of each connection their order and
// time, keeps them in a journal before it lets them pass, and turns them into blocks of
// a log in a store.
//
// A [Recorder] serves a whole process; [Recorder.Begin] gives each connection a [Log],
// which is a tap.Sink. When Emit returns nil the event is in a file that the kernel
// holds: it survives the end of the process at any moment, and a power cut after
// Config.Sync at the latest. What a crash leaves unfinished, the next [Open] finishes.
package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
)

// Config says how to record.
type Config struct {
	// Journal is the folder for what is not in a log yet. It is created with mode 0700.
	// Recorders, of several processes too, may share one.
	Journal string
	// Store is where logs go.
	Store storage.Store
	// OnFailure says what happens to a connection that cannot be recorded.
	OnFailure Policy
	// Sync is what a power cut may cost at most. At 0 each event is on disk before Emit
	// returns. Negative means the default, 100 ms.
	Sync time.Duration
	// Block is how many bytes of events make a block, 128 KiB if 0, at most 2 MiB.
	Block int
	// Room says how full disks may become.
	Room Room
	// Copies are made of each log in Store.
	Copies []Copy
	// Discard, if not nil, removes a finished log from Store: it is there to be copied only,
	// and goes when all copies have it.
	Discard func(storage.Name) error
	// Own, if not nil, keeps a log of the process's own beside those of connections.
	Own *Own
	// Logger is told what an operator must know. Nil discards it.
	Logger *slog.Logger

	// FS is the journal's file system, Now the clock (with a monotonic reading, as
	// time.Now) and Random the source of ids; nil means the operating system's.
	FS     disk.FS
	Now    func() time.Time
	Random io.Reader

	checkpointEvery uint64 // see the constants
	together        int
}

// Policy says what happens when recording cannot go on. There is no third way.
type Policy int

const (
	// Stop ends the connection: Emit returns an error.
	Stop Policy = iota
	// Continue lets the connection go on. The gap is recorded as soon as that is possible.
	Continue
)

// Own describes the process in its own log.
type Own struct {
	Version string
	Config  string // SHA-256 of the configuration in lower-case hex
}

const (
	defaultSync  = 100 * time.Millisecond
	defaultBlock = 128 << 10
	// deadline is how long a disk may take to answer before it counts as failed. With
	// the watch's tick and the farewell to the client it keeps the promise of 5 s.
	deadline  = 3500 * time.Millisecond
	watchTick = 250 * time.Millisecond
	// slowDisk is how long a disk may take before nobody new is let in for it.
	slowDisk = 1500 * time.Millisecond
	// diskOps bounds the operations at once on a disk. Each holds an operating system
	// thread while it waits, and the runtime ends a process that has 10,000.
	diskOps = 256
)

// Recorder records connections. Its methods may be called concurrently.
type Recorder struct {
	cfg          Config
	dir          string    // in Config.Journal, this recorder's own
	lock         disk.File // on it
	compressor   *binary.Compressor
	journalOps   chan struct{} // slots for operations on the journal's disk
	storeOps     chan struct{} // and on the store
	epoch        time.Time
	cancel       context.CancelFunc
	loops        sync.WaitGroup // sync and watch
	ending       tasks          // what still works on logs
	beside       tasks          // what looks at disks and mends
	own          *ownLog        // nil without Config.Own
	folder       folderSync
	group        group
	spares       spares
	remembered   atomic.Int64 // segments that are in memory too
	segmentsMade atomic.Uint64
	recoveries   []Recovery
	count        counters
	volumes      []*volume    // the journal's first
	onlyEnds     atomic.Bool  // a disk is full: what room is left is for the ends of logs
	hungLogs     atomic.Int64 // logs that wait too long for a disk
	stuckOps     atomic.Int64 // operations that were given up and did not return yet
	mender       mender
	copiers      []*copier
	copies       tasks // copiers' workers
	tails        tails

	mu     sync.Mutex // guards lock too
	closed bool
	gone   bool                        // the process's folder is given back
	logs   map[*Log]struct{}           // those with a journal
	dirty  map[*Log]struct{}           // those with something to sync
	left   map[event.ConnID]unsaid     // those given up for now
	copied map[event.ConnID]*copiedLog // those that are not in all copies
}

// Open finishes what crashes have left in the journal folder (see [Recorder.Recoveries])
// and returns a Recorder. The caller must Close it.
func Open(ctx context.Context, cfg Config) (*Recorder, error) {
	cfg.setDefaults()
	r := newRecorder(cfg)
	if err := r.openInstance(); err != nil {
		return nil, err
	}
	r.openCopies()
	r.openTails()
	var err error
	if r.recoveries, err = r.recoverDead(ctx); err != nil {
		r.closeInstance()
		return nil, err
	}
	r.openVolumes()
	ctx, r.cancel = context.WithCancel(context.Background())
	r.loops.Go(func() { r.syncLoop(ctx) })  // ends by cancel, in Close
	r.loops.Go(func() { r.watchLoop(ctx) }) // ends by cancel, in Close
	if cfg.Own != nil {
		if err := r.openOwn(); err != nil {
			r.dropReserves()
			select {
			case <-r.ending.wait(): // the own log is given up
			case <-time.After(deadline):
			}
			r.stopLoops()
			return nil, err
		}
	}
	r.loops.Go(func() { r.keepLoop(ctx) }) // ends by cancel, in Close
	r.loops.Go(func() { r.tailLoop(ctx) }) // likewise
	return r, nil
}

func newRecorder(cfg Config) *Recorder {
	return &Recorder{
		cfg:        cfg,
		compressor: binary.NewCompressor(runtime.GOMAXPROCS(0)),
		journalOps: make(chan struct{}, diskOps),
		storeOps:   make(chan struct{}, diskOps),
		epoch:      time.Now(),
		logs:       map[*Log]struct{}{},
		dirty:      map[*Log]struct{}{},
		left:       map[event.ConnID]unsaid{},
		copied:     map[event.ConnID]*copiedLog{},
		mender:     mender{busy: make(chan struct{}, 1)},
	}
}

func (c *Config) setDefaults() {
	if c.Sync < 0 {
		c.Sync = defaultSync
	}
	if c.Block <= 0 {
		c.Block = defaultBlock
	}
	c.Block = min(c.Block, binary.MaxMessage)
	c.checkpointEvery, c.together = cmp.Or(c.checkpointEvery, checkpointEvery), cmp.Or(c.together, together)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.FS == nil {
		c.FS = disk.OS{}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

// Begin returns the Log of a connection that was just accepted. It costs no file until
// the connection's login.
func (r *Recorder) Begin() *Log {
	now := r.cfg.Now()
	return r.newLog(event.NewConnID(now, r.cfg.Random), now)
}

// Close ends the recorder's own log, with reason, and waits for all logs to be finished. If ctx ends first,
// what is unfinished is left to the next Open and an error says how much that is. All
// connections should have ended before; Close does not end them.
func (r *Recorder) Close(ctx context.Context, reason string) error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	r.mu.Unlock()
	r.dropReserves() // what is to be written now are ends of logs
	r.finishLogs(ctx)
	if r.own != nil {
		r.own.stop(reason)
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), lateEnd)
		defer cancel()
		r.finishLogs(late)
	}
	var err error
	if n := r.unfinished(); n > 0 {
		err = fmt.Errorf("%d logs are not finished: they will be at the next start, or by sshtrail recover", n)
	}
	if n := r.finishCopies(ctx); n > 0 {
		err = errors.Join(err, fmt.Errorf("%d logs are not in all places and formats: they will be after the next start, or by sshtrail recover", n))
	}
	r.stopLoops()
	return err
}

// lateEnd is how long the own log, which says what became of the others, may take to end.
const lateEnd = time.Second

// finishLogs returns when all logs are finished, or ctx ends.
func (r *Recorder) finishLogs(ctx context.Context) {
	select {
	case <-r.ending.wait():
		r.lastMend(ctx)
	case <-ctx.Done():
	}
}

func (r *Recorder) stopLoops() {
	r.cancel()
	r.loops.Wait()
	limit := time.NewTimer(slowDisk)
	defer limit.Stop()
	select {
	case <-r.beside.wait():
	case <-limit.C: // a disk does not answer
	}
	r.closeInstance()
}

// closeInstance gives the process's folder back: nothing is left of it, or what is to be
// recovered.
func (r *Recorder) closeInstance() {
	r.dropSpares()
	r.mu.Lock()
	r.gone = true
	r.mu.Unlock()
	if err := removeInstance(r.cfg.FS, r.dir); err != nil {
		r.cfg.Logger.Warn("a folder of the journal that is done with can't be removed; the next start tries again", "error", err)
	}
	r.mu.Lock()
	lock := r.lock
	r.mu.Unlock()
	lock.Close()
}

func (r *Recorder) unfinished() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.logs) + len(r.left)
}

func (r *Recorder) addLog(l *Log) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logs[l] = struct{}{}
}

// removeLog counts a log as done with: it is complete, or left to be mended.
func (r *Recorder) removeLog(l *Log, complete bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.logs[l]; !ok {
		return
	}
	delete(r.logs, l)
	delete(r.dirty, l)
	r.settle(l)
	if complete {
		r.count.completed.Add(1)
		return
	}
	r.count.givenUp.Add(1)
	r.left[l.id] = l.unsaid
}

// elapsed is the recorder's monotonic time.
func (r *Recorder) elapsed() time.Duration { return time.Since(r.epoch) }
