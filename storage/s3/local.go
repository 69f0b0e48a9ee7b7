package s3

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/sshtrail/sshtrail/storage"
)

// openLocal opens what the spool has of a log. It fails with [storage.ErrNotExist] if that is nothing.
func (s *Store) openLocal(ctx context.Context, name storage.Name) (storage.Reader, error) {
	if err := allowed(ctx, name); err != nil {
		return nil, err
	}
	s.mu.Lock()
	l := s.logs[name]
	s.mu.Unlock()
	r, err := s.spool.logs.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	lr := &localReader{Reader: r, s: s, l: l, name: name}
	if err := lr.refresh(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return lr, nil
}

// localReader reads a log in the spool, but not the holes that are made in it meanwhile.
type localReader struct {
	storage.Reader
	s    *Store
	l    *log // nil if another process has it
	name storage.Name

	mu       sync.Mutex
	freed    int64
	stamp    time.Time // of the state file that says so
	vanished bool
}

func (r *localReader) ReadAt(p []byte, at int64) (int, error) {
	n, err := r.Reader.ReadAt(p, at)
	if n == 0 {
		return n, err
	}
	if err := r.refresh(); err != nil { // after the read: what is freed now may have been before
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if at < r.freed || r.vanished && bytes.Contains(p[:n], make([]byte, holeSign)) {
		return 0, errFreed
	}
	return n, err
}

// holeSign is how many zeros in a row are taken for a hole, in a log that another process is done with.
const holeSign = 512

// refresh finds out what is freed.
func (r *localReader) refresh() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.l != nil {
		r.freed = r.l.freed.Load()
		return nil
	}
	info, err := r.s.spool.fs.Stat(r.s.spool.state(r.name))
	if errors.Is(err, fs.ErrNotExist) {
		r.vanished = true
		return nil
	}
	if err != nil || info.ModTime().Equal(r.stamp) {
		return err
	}
	p, err := r.s.spool.readState(r.name)
	if err != nil || p == nil {
		return err
	}
	r.freed, r.stamp = p.freed, info.ModTime()
	return nil
}

// listLocal yields the logs in the spool from a name on, in the order of their names, as they are when it begins. What it does
// not yield then was in the bucket, or is not begun yet.
func (s *Store) listLocal(ctx context.Context, from storage.Name) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		logs, err := s.spool.list()
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			yield(storage.Info{}, fmt.Errorf("list logs that are not uploaded yet: %w", err))
			return
		}
		for _, f := range logs {
			info := storage.Info{Name: f.name, Size: f.size, Modified: f.modified, Finished: f.finished}
			if f.name >= from && !yield(info, nil) {
				return
			}
		}
	}
}

// list returns the logs by their names, each once. Reading a folder is not atomic: a log that is finished meanwhile may
// be met under neither of its names. So a folder that has changed is read twice.
func (s *spool) list() ([]left, error) {
	before, err := s.fs.Stat(s.dir)
	if err != nil {
		return nil, err
	}
	first, err := s.scan()
	if err != nil {
		return nil, err
	}
	after, err := s.fs.Stat(s.dir)
	if err != nil {
		return nil, err
	}
	logs := first.logs
	if !after.ModTime().Equal(before.ModTime()) {
		second, err := s.scan()
		if err != nil {
			return nil, err
		}
		logs = append(logs, second.logs...)
	}
	slices.SortStableFunc(logs, func(a, b left) int {
		switch c := cmp.Compare(a.name, b.name); {
		case c != 0 || a.finished == b.finished:
			return c
		case a.finished:
			return -1
		}
		return 1
	})
	return slices.CompactFunc(logs, func(a, b left) bool { return a.name == b.name }), nil
}

// whole reads n bytes of r.
func whole(r io.Reader, n int64) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}
