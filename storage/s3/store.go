// Package s3 keeps logs in a bucket of an S3 store.
//
// A writer appends to a spool on this machine, and nobody waits for the network: parts of
// a log go up while it is written, and what is left of it when it is finished. A log leaves the
// spool when the bucket is proved to have it.
package s3

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/file"
	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

// Store is a storage.Store in a bucket, with a spool on this machine.
type Store struct {
	cfg    Config
	spool  *spool
	remote *bucket.Bucket
	logger *slog.Logger
	budget budget

	ctx    context.Context // of all steps: its whole life
	cancel context.CancelCauseFunc
	wake   chan struct{} // has an element when there may be something to do
	done   chan struct{} // closed when the dispatcher has ended
	steps  sync.WaitGroup
	tails  chan struct{} // has an element for each tail that is being put

	mu        sync.Mutex // held for no call to the disk, the network or a log
	logs      map[storage.Name]*log
	finished  []*log // in their order
	writing   []*log // those with something to send, in turn
	gate      gate
	running   int
	picks     int
	atWork    int // finished logs whose state is taken
	freeing   bool
	noHoles   bool
	freeAfter time.Time
	closing   bool
	released  map[storage.Name]int64 // of unfinished logs that nobody writes now
	swept     time.Time              // when the spool was scanned last

	count counts
}

var (
	_ storage.Store     = (*Store)(nil)
	_ storage.TailStore = (*Store)(nil)
)

// counts are for Stats.
type counts struct {
	ok, retry, operator, final atomic.Uint64
	bytes, freed               atomic.Uint64
}

// New returns the store, and goes on with what is in the spool. It makes no request that it waits for:
// the bucket need not be there. A nil fsys is the operating system's; others are for tests.
func New(cfg Config, fsys disk.FS, logger *slog.Logger) (*Store, error) {
	cfg = cfg.withDefaults()
	if fsys == nil {
		fsys = disk.OS{}
	}
	logs, err := file.New(file.Config{Directory: cfg.Local}, fsys)
	if err != nil {
		return nil, fmt.Errorf("open the spool of logs that are not uploaded yet (audit.s3.local): %w", err)
	}
	remote, err := bucket.New(cfg.Service)
	if err != nil {
		return nil, fmt.Errorf("open bucket: %w", err)
	}
	s := &Store{
		cfg: cfg, remote: remote, logger: logger,
		spool: &spool{dir: cfg.Local, fs: fsys, logs: logs},
		wake:  make(chan struct{}, 1), done: make(chan struct{}),
		tails: make(chan struct{}, cfg.ParallelUploads),
		logs:  map[storage.Name]*log{}, released: map[storage.Name]int64{},
	}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	if err := s.sweep(); err != nil {
		remote.Close()
		return nil, fmt.Errorf("look at the spool of logs that are not uploaded yet: %w", err)
	}
	go s.dispatch() // ends with Close, which waits for it
	return s, nil
}

// Close waits until all finished logs are in the bucket, or ctx ends, and ends all uploads then: what is left is
// gone on with at the next start. It returns how many logs that are, if there are any.
func (s *Store) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.gate.until = time.Time{} // the last chance for now
	s.mu.Unlock()
	s.poke()
	for s.waiting() > 0 && s.ctx.Err() == nil {
		if !s.wait(ctx) {
			break
		}
	}
	s.cancel(errStopped)
	<-s.done
	s.steps.Wait()
	err := s.rest()
	s.remote.Close()
	if n := s.waiting(); n > 0 {
		err = errors.Join(err, fmt.Errorf("%d logs are not uploaded yet: they wait in %q for the next start", n, s.spool.dir))
	}
	return err
}

// rest gives back all states that are taken.
func (s *Store) rest() error {
	s.mu.Lock()
	var closing []func() error
	for _, l := range s.logs {
		if l.file != nil {
			closing = append(closing, l.file.close)
		}
		if l.left != nil {
			closing = append(closing, l.left.Close)
		}
		l.file, l.left = nil, nil
	}
	s.mu.Unlock()
	var errs []error
	for _, do := range closing {
		errs = append(errs, do())
	}
	return errors.Join(errs...)
}

// waiting returns how many finished logs are not proved.
func (s *Store) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.finished)
}

// wait waits until a finished log is proved or ctx ends.
func (s *Store) wait(ctx context.Context) bool {
	s.mu.Lock()
	if len(s.finished) == 0 {
		s.mu.Unlock()
		return true
	}
	gone := make(chan struct{})
	last := s.finished[len(s.finished)-1]
	last.waiters = append(last.waiters, gone)
	s.mu.Unlock()
	select {
	case <-gone:
		return true
	case <-ctx.Done():
		return false
	}
}

// poke has the dispatcher look for something to do.
func (s *Store) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Create begins a log. A name that only the bucket has is known here for some days; of
// others nobody knows before the upload: the object stays as it is then, and the log on this machine, with a
// message.
func (s *Store) Create(ctx context.Context, name storage.Name, about storage.About) (storage.Writer, error) {
	if err := allowed(ctx, name); err != nil {
		return nil, fmt.Errorf("create log: %w", err)
	}
	err := s.mayCreate(name)
	if err == nil {
		err = s.spool.isNew(name)
	}
	if err == nil {
		err = s.awaitRoom(0, false)
	}
	if err != nil {
		return nil, fmt.Errorf("create log %q: %w", string(name), err)
	}
	w, err := s.spool.logs.Create(ctx, name, about)
	if err != nil {
		return nil, err
	}
	l := &log{name: name, writing: true, since: time.Now(), p: s.newProgress(name, s.cfg.shown(about))}
	if err := s.spool.createState(name, l.p); err != nil {
		// Without its state it would be uploaded under a name alone: better not begun.
		err = errors.Join(fmt.Errorf("create state of log %q: %w", string(name), err), w.Close())
		return nil, errors.Join(err, s.spool.fs.Remove(s.spool.partial(name)))
	}
	return s.writer(l, w), nil
}

func (s *Store) mayCreate(name storage.Name) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return errors.New("the store is closed")
	case s.logs[name] != nil:
		return storage.ErrExist
	}
	return nil
}

func (s *Store) newProgress(name storage.Name, about bucket.About) *progress {
	p := &progress{}
	p.apply(change{Begin: &beginning{Key: string(name), PartSize: s.cfg.PartSize}})
	p.about = about
	return p
}

// writer makes l one that is written, by w.
func (s *Store) writer(l *log, w storage.Writer) *writer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logs[l.name] = l
	s.budget.add(l.counted)
	s.enlist(l)
	return &writer{s: s, l: l, w: w}
}

// sweep finds what is in the spool and nobody here knows of: at the start, and now and then what
// another process has left. It tidies up.
func (s *Store) sweep() error {
	found, err := s.spool.scan()
	if err != nil {
		return err
	}
	if err := s.budget.measure(s.spool, s.cfg); err != nil {
		return err
	}
	s.mu.Lock()
	var others int64
	var strange []storage.Name
	for _, f := range found.logs {
		switch l := s.logs[f.name]; {
		case l != nil:
		case f.finished && f.stated:
			s.file(&log{name: f.name, finished: true, size: f.size, since: f.modified}, f.used)
		case f.finished:
			strange = append(strange, f.name)
		default:
			others += f.used
		}
	}
	first := s.swept.IsZero()
	s.swept = time.Now()
	s.budget.others.Store(others)
	s.mu.Unlock()
	if first && len(strange) > 0 {
		s.logger.Warn("files in the folder of logs that are not uploaded yet are not the gateway's, and are left as they are",
			"folder", s.spool.dir, "files", len(strange), "first", string(strange[0]))
	}
	s.spool.dropDone(found.done)
	s.spool.removeTemps(found.temps)
	for _, name := range found.orphans {
		if err := s.spool.tidy(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.logger.Warn("what is left of a log that was uploaded can't be removed", "log", string(name), "error", err)
		}
	}
	return nil
}
