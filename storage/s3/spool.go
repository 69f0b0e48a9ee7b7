package s3

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/file"
)

// The files of a log in the spool, beside NAME for one that is finished.
const (
	partialSuffix = ".partial" // being written, or left so
	stateSuffix   = ".upload"  // what is known of its upload
	doneSuffix    = ".done"    // the last state of one that the bucket has: its name is not free
)

// The objects of a log in the bucket, beside NAME for one that is whole.
const (
	tailSuffix = ".tail" // what is in no part yet
	restSuffix = ".rest" // what remained of one whose upload is gone
)

// spool is the folder of this machine that holds what is not proved to be in the bucket.
type spool struct {
	dir  string
	fs   disk.FS
	logs *file.Store
}

func (s *spool) finished(name storage.Name) string { return filepath.Join(s.dir, string(name)) }
func (s *spool) partial(name storage.Name) string  { return s.finished(name) + partialSuffix }
func (s *spool) state(name storage.Name) string    { return s.finished(name) + stateSuffix }
func (s *spool) done(name storage.Name) string     { return s.finished(name) + doneSuffix }

// temp is no log's name: they don't begin with a full stop.
func (s *spool) temp(name storage.Name) string {
	return filepath.Join(s.dir, "."+string(name)+stateSuffix)
}

// allowed reports whether something may be done with a log of the name.
func allowed(ctx context.Context, name storage.Name) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("log %q: %w", string(name), err)
	}
	for _, suffix := range []string{partialSuffix, stateSuffix, doneSuffix, tailSuffix, restSuffix} {
		if strings.HasSuffix(string(name), suffix) {
			return fmt.Errorf("log name %q: the ending %s is the store's own", string(name), suffix)
		}
	}
	return name.Validate()
}

// openLog opens the bytes of a log for reading, finished or not.
func (s *spool) openLog(name storage.Name) (disk.File, error) {
	for _, path := range []string{s.partial(name), s.finished(name)} {
		f, err := s.fs.OpenFile(path, os.O_RDONLY|careful, 0)
		if !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return nil, fmt.Errorf("open %q: %w", s.finished(name), fs.ErrNotExist)
}

// isThere reports whether anything of a log but its state is there.
func (s *spool) isThere(name storage.Name) (bool, error) {
	for _, path := range []string{s.partial(name), s.finished(name)} { // the one becomes the other
		if _, err := s.fs.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return err == nil, err
		}
	}
	return false, nil
}

// remove takes away a log that is proved, and then has its state say that it was there: a log without
// a state is nobody's. Whose lock the caller holds.
func (s *spool) remove(name storage.Name) error {
	if err := s.fs.Remove(s.finished(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return s.fs.Rename(s.state(name), s.done(name))
}

// isNew returns an error if there was a log of that name not long ago.
func (s *spool) isNew(name storage.Name) error {
	_, err := s.fs.Stat(s.done(name))
	switch {
	case err == nil:
		return storage.ErrExist
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// How long and of how many logs it is remembered that they were there.
const (
	doneFor = 7 * 24 * time.Hour
	doneMax = 4096
)

// removeTemps removes what nobody will make an end of.
func (s *spool) removeTemps(temps []string) {
	for _, name := range temps {
		_ = s.fs.Remove(name) // the next sweep tries again
	}
}

// dropDone forgets the names of logs that were done long ago.
func (s *spool) dropDone(done []left) {
	for i, f := range done {
		if i < len(done)-doneMax || time.Since(f.modified) > doneFor {
			_ = s.fs.Remove(s.done(f.name)) // the next sweep tries again
		}
	}
}

// left is a log in the spool.
type left struct {
	name     storage.Name
	size     int64 // that it has
	used     int64 // that it takes on the disk
	modified time.Time
	finished bool
	stated   bool // it has a state
}

// findings is what is in the spool.
type findings struct {
	logs    []left         // the oldest first
	done    []left         // names that are not free, likewise
	orphans []storage.Name // states that belong to no log
	temps   []string       // files that a process has left that died while it made them
}

// A file that is being made is there for milliseconds. What is older than this is left.
const tempFor = time.Hour

// holesName is a file to try out whether files can have holes.
const holesName = ".holes"

func isTemp(name string) bool {
	return name == holesName || strings.HasPrefix(name, ".") && (strings.HasSuffix(name, stateSuffix) || strings.HasSuffix(name, partialSuffix))
}

func (s *spool) scan() (findings, error) {
	var found findings
	entries, err := s.fs.ReadDir(s.dir)
	if err != nil {
		return found, fmt.Errorf("read folder %q: %w", s.dir, err)
	}
	states, logs := map[storage.Name]bool{}, map[storage.Name]bool{}
	for _, e := range entries {
		if base, ok := strings.CutSuffix(e.Name(), stateSuffix); ok && e.Type().IsRegular() && allowed(context.Background(), storage.Name(base)) == nil {
			states[storage.Name(base)] = true
		}
	}
	for _, e := range entries {
		base, partial := strings.CutSuffix(e.Name(), partialSuffix)
		base, done := strings.CutSuffix(base, doneSuffix)
		name := storage.Name(base)
		isLog := allowed(context.Background(), name) == nil
		if !e.Type().IsRegular() || !isLog && !isTemp(e.Name()) {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // it is gone meanwhile, or can't be asked about: the next scan may know
		}
		if !isLog {
			if time.Since(info.ModTime()) > tempFor {
				found.temps = append(found.temps, filepath.Join(s.dir, e.Name()))
			}
			continue
		}
		if done {
			found.done = append(found.done, left{name: name, modified: info.ModTime()})
			continue
		}
		logs[name] = true
		found.logs = append(found.logs, left{name, info.Size(), used(info), info.ModTime(), !partial, states[name]})
	}
	for name := range states {
		if !logs[name] {
			found.orphans = append(found.orphans, name)
		}
	}
	slices.Sort(found.orphans)
	slices.SortFunc(found.logs, oldest)
	slices.SortFunc(found.done, oldest)
	return found, nil
}

func oldest(a, b left) int {
	return cmp.Or(a.modified.Compare(b.modified), cmp.Compare(a.name, b.name))
}

// used is how much room a file takes, holes not counted. Files in memory have no blocks.
func used(info fs.FileInfo) int64 {
	const block = 512 // what st_blocks counts in (stat(3type)), whatever the file system's
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Blocks > 0 {
		return min(st.Blocks*block, info.Size())
	}
	return info.Size()
}

// tidy removes a state that belongs to no log.
func (s *spool) tidy(name storage.Name) error {
	st, p, err := s.openState(name, &progress{})
	if errors.Is(err, disk.ErrLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	there, err := s.isThere(name)
	switch {
	case err != nil || there:
	case p.proved:
		err = s.fs.Rename(s.state(name), s.done(name))
	default:
		err = s.fs.Remove(s.state(name))
	}
	return errors.Join(err, st.close())
}
