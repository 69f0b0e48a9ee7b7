// Package mem keeps logs in memory, for tests and for programs that look at a log at once.
//
// It keeps to all that package storage says, but that nothing outlives the process.
package mem

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/sshtrail/sshtrail/storage"
)

// Store is a storage.Store in memory.
type Store struct {
	mu   sync.Mutex // guards the map, the logs and their writers
	logs map[storage.Name]*log
}

var _ storage.Store = (*Store)(nil)

// log is one log. Its data is only ever appended to, or clipped and so moved at the next
// append, since readers hold on to parts of it.
type log struct {
	data     []byte
	modified time.Time
	finished bool
	writer   *writer // who is at work on it, or nil
}

// New returns an empty store.
func New() *Store { return &Store{logs: map[storage.Name]*log{}} }

// Create begins a log.
func (s *Store) Create(ctx context.Context, name storage.Name, _ storage.About) (storage.Writer, error) {
	if err := allowed(ctx, name); err != nil {
		return nil, fmt.Errorf("create log: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.logs[name] != nil {
		return nil, fmt.Errorf("create log %q: %w", string(name), storage.ErrExist)
	}
	l := &log{modified: time.Now()}
	s.logs[name] = l
	l.writer = &writer{s: s, name: name, log: l}
	return l.writer, nil
}

// Resume goes on with an unfinished log. keep is called while the log is held, as a
// writer holds it, but not the store.
func (s *Store) Resume(ctx context.Context, name storage.Name, keep func(io.ReaderAt, int64) (int64, error)) (storage.Writer, error) {
	if err := allowed(ctx, name); err != nil {
		return nil, fmt.Errorf("resume log: %w", err)
	}
	w, err := s.hold(name)
	if err != nil {
		return nil, fmt.Errorf("resume log %q: %w", string(name), err)
	}
	resumed := false
	defer func() {
		if !resumed {
			_ = w.Close() // there is nothing to lose
		}
	}()
	size := int64(len(w.log.data)) // nobody else changes the log while w holds it
	good, err := keep(bytes.NewReader(w.log.data), size)
	if err != nil {
		return nil, err
	}
	if good < 0 || good > size {
		return nil, fmt.Errorf("resume log %q: %d bytes of %d are to be kept", string(name), good, size)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w.log.data = slices.Clip(w.log.data[:good])
	resumed = true
	return w, nil
}

// hold gives an unfinished log a writer.
func (s *Store) hold(name storage.Name) (*writer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.logs[name]
	switch {
	case l == nil || l.finished:
		return nil, storage.ErrNotExist
	case l.writer != nil:
		return nil, storage.ErrInUse
	}
	l.writer = &writer{s: s, name: name, log: l}
	return l.writer, nil
}

// Open opens a log for reading, as it is now.
func (s *Store) Open(ctx context.Context, name storage.Name) (storage.Reader, error) {
	if err := allowed(ctx, name); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.logs[name]
	if l == nil {
		return nil, fmt.Errorf("open log %q: %w", string(name), storage.ErrNotExist)
	}
	return reader{bytes.NewReader(l.data), l.writer != nil}, nil
}

// List yields the logs that were there when the iteration began.
func (s *Store) List(ctx context.Context, from storage.Name) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		for _, info := range s.infos(from) {
			if err := ctx.Err(); err != nil {
				yield(storage.Info{}, fmt.Errorf("list logs: %w", err))
				return
			}
			if !yield(info, nil) {
				return
			}
		}
	}
}

func (s *Store) infos(from storage.Name) []storage.Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	var infos []storage.Info
	for name, l := range s.logs {
		if name >= from {
			infos = append(infos, storage.Info{
				Name: name, Size: int64(len(l.data)), Modified: l.modified, Finished: l.finished,
			})
		}
	}
	slices.SortFunc(infos, func(a, b storage.Info) int { return cmp.Compare(a.Name, b.Name) })
	return infos
}

func allowed(ctx context.Context, name storage.Name) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%q: %w", string(name), err)
	}
	return name.Validate()
}

// writer is at work on a log until it is closed.
type writer struct {
	s    *Store
	name storage.Name
	log  *log
}

// use runs do on the writer's log, unless the writer is closed.
func (w *writer) use(what string, do func(*log)) error {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	if w.log.writer != w {
		return fmt.Errorf("%s log %q: %w", what, string(w.name), os.ErrClosed)
	}
	do(w.log)
	return nil
}

func (w *writer) Write(p []byte) (int, error) {
	err := w.use("append to", func(l *log) {
		l.data = append(l.data, p...)
		l.modified = time.Now()
	})
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

func (w *writer) Sync() error { return w.use("sync", func(*log) {}) }

// Commit does not heed the context: it takes no time.
func (w *writer) Commit(context.Context) error {
	return w.use("commit", func(l *log) { l.finished, l.writer = true, nil })
}

func (w *writer) Close() error {
	_ = w.use("close", func(l *log) { l.writer = nil }) // a second Close does nothing
	return nil
}

// reader reads what a log held when it was opened.
type reader struct {
	*bytes.Reader
	open bool
}

func (r reader) Open() bool   { return r.open }
func (r reader) Close() error { return nil }
