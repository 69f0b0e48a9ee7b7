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
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
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
	// Journal is the folder for what is not in a log yet. It is created with mode 0700
	// and locked: one Recorder at a time, in all processes.
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
	// Own, if not nil, keeps a log of the process's own beside those of connections.
	Own *Own
	// Logger is told what an operator must know. Nil discards it.
	Logger *slog.Logger

	// FS is the journal's file system, Now the clock (with a monotonic reading, as
	// time.Now) and Random the source of ids; nil means the operating system's.
	FS     disk.FS
	Now    func() time.Time
	Random io.Reader
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
	// diskOps bounds the operations at once on a disk. Each holds an operating system
	// thread while it waits, and the runtime ends a process that has 10,000.
	diskOps = 256
)

// Recorder records connections. Its methods may be called concurrently.
type Recorder struct {
	cfg          Config
	lock         disk.File
	compressor   *binary.Compressor
	journalOps   chan struct{} // slots for operations on the journal's disk
	storeOps     chan struct{} // and on the store
	epoch        time.Time
	cancel       context.CancelFunc
	loops        sync.WaitGroup // sync and watch
	ending       tasks          // what still works on logs
	own          *ownLog        // nil without Config.Own
	folder       folderSync
	segmentsMade atomic.Uint64
	recoveries   []Recovery

	mu     sync.Mutex
	closed bool
	logs   map[*Log]struct{} // those with a journal
	dirty  map[*Log]struct{} // those with something to sync
}

// Open locks the journal folder, finishes what a crash has left there (see
// [Recorder.Recoveries]) and returns a Recorder. The caller must Close it.
func Open(ctx context.Context, cfg Config) (*Recorder, error) {
	cfg.setDefaults()
	r := &Recorder{
		cfg:        cfg,
		compressor: binary.NewCompressor(runtime.GOMAXPROCS(0)),
		journalOps: make(chan struct{}, diskOps),
		storeOps:   make(chan struct{}, diskOps),
		epoch:      time.Now(),
		logs:       map[*Log]struct{}{},
		dirty:      map[*Log]struct{}{},
	}
	if err := r.lockJournal(); err != nil {
		return nil, err
	}
	if err := r.recoverAll(ctx); err != nil {
		r.lock.Close()
		return nil, err
	}
	ctx, r.cancel = context.WithCancel(context.Background())
	r.loops.Go(func() { r.syncLoop(ctx) })  // ends by cancel, in Close
	r.loops.Go(func() { r.watchLoop(ctx) }) // ends by cancel, in Close
	if cfg.Own != nil {
		if err := r.openOwn(); err != nil {
			r.stopLoops()
			return nil, err
		}
	}
	return r, nil
}

func (c *Config) setDefaults() {
	if c.Sync < 0 {
		c.Sync = defaultSync
	}
	if c.Block <= 0 {
		c.Block = defaultBlock
	}
	c.Block = min(c.Block, binary.MaxMessage)
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

const lockName = "lock"

func (r *Recorder) lockJournal() error {
	dir := r.cfg.Journal
	if err := r.cfg.FS.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create journal folder %q: %w", dir, err)
	}
	f, err := r.cfg.FS.OpenFile(filepath.Join(dir, lockName), osCreate, 0o600)
	if err != nil {
		return fmt.Errorf("open journal folder %q: %w", dir, err)
	}
	if err := f.TryLock(disk.Exclusive); err != nil {
		f.Close()
		if errors.Is(err, disk.ErrLocked) {
			return fmt.Errorf("journal folder %q belongs to a gateway that is running: stop it, or give each gateway a folder of its own (audit.journal)", dir)
		}
		return fmt.Errorf("lock journal folder %q: %w", dir, err)
	}
	r.lock = f
	return nil
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
	if r.own != nil {
		r.own.stop(reason)
	}
	var err error
	select {
	case <-r.ending.wait():
	case <-ctx.Done():
		err = fmt.Errorf("%d logs are not finished: they will be at the next start, or by sshtrail recover", r.unfinished())
	}
	r.stopLoops()
	return err
}

func (r *Recorder) stopLoops() {
	r.cancel()
	r.loops.Wait()
	r.lock.Close()
}

func (r *Recorder) unfinished() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.logs)
}

func (r *Recorder) addLog(l *Log) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logs[l] = struct{}{}
}

func (r *Recorder) removeLog(l *Log) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.logs, l)
	delete(r.dirty, l)
}

// elapsed is the recorder's monotonic time.
func (r *Recorder) elapsed() time.Duration { return time.Since(r.epoch) }
