package file

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/sshtrail/sshtrail/storage"
)

// List yields the logs. The names are read at once, each log's size and time when it is
// its turn, so a caller that needs only the first few does not wait for the others.
func (s *Store) List(ctx context.Context, from storage.Name) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		logs, err := s.logs(from)
		if err != nil {
			yield(storage.Info{}, fmt.Errorf("list logs: %w", err))
			return
		}
		for _, l := range logs {
			info, err := s.info(ctx, l)
			if errors.Is(err, fs.ErrNotExist) {
				continue // removed meanwhile
			}
			if err != nil {
				yield(storage.Info{}, fmt.Errorf("list logs: %w", err))
				return
			}
			if !yield(info, nil) {
				return
			}
		}
	}
}

// found is a log's file.
type found struct {
	name     storage.Name
	finished bool
	entry    fs.DirEntry
}

// logs returns the logs from a name on, in order, each once. Reading a folder is not
// atomic: a log whose file is renamed meanwhile may be met under neither name. It has
// its last name then, and a second reading finds it; so there is one if the folder changed.
func (s *Store) logs(from storage.Name) ([]found, error) {
	before, err := s.fs.Stat(s.dir)
	if err != nil {
		return nil, err
	}
	logs, err := s.scan(nil, from)
	if err != nil {
		return nil, err
	}
	after, err := s.fs.Stat(s.dir)
	if err != nil {
		return nil, err
	}
	if !after.ModTime().Equal(before.ModTime()) {
		if logs, err = s.scan(logs, from); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(logs, func(a, b found) int {
		switch c := cmp.Compare(a.name, b.name); {
		case c != 0 || a.finished == b.finished:
			return c
		case a.finished:
			return -1
		}
		return 1
	})
	return slices.CompactFunc(logs, func(a, b found) bool { return a.name == b.name }), nil
}

// scan reads the folder once and appends what in it is a log.
func (s *Store) scan(logs []found, from storage.Name) ([]found, error) {
	entries, err := s.fs.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	logs = slices.Grow(logs, len(entries))
	for _, e := range entries {
		base, partial := strings.CutSuffix(e.Name(), suffix)
		name := storage.Name(base)
		if name < from || !e.Type().IsRegular() || strings.HasSuffix(base, suffix) || name.Validate() != nil {
			continue
		}
		logs = append(logs, found{name, !partial, e})
	}
	return logs, nil
}

// info asks for a log's size and time. A log that was committed since is finished.
func (s *Store) info(ctx context.Context, l found) (storage.Info, error) {
	if err := ctx.Err(); err != nil {
		return storage.Info{}, err
	}
	info, err := l.entry.Info()
	if errors.Is(err, fs.ErrNotExist) && !l.finished {
		l.finished = true
		info, err = s.fs.Stat(s.finished(l.name))
	}
	if err != nil {
		return storage.Info{}, err
	}
	return storage.Info{Name: l.name, Size: info.Size(), Modified: info.ModTime(), Finished: l.finished}, nil
}
