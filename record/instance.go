package record

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/disk"
)

// Each process has a folder of its own below the journal folder, named by an id, and
// holds a lock on the file lock in it: so several can share the journal folder, as they
// do while one takes over from another, and whoever finds the lock free knows that its
// process is dead and what is in the folder is to be recovered.
const (
	lockName      = "lock"
	instanceTries = 10
)

// openInstance makes this process's folder.
func (r *Recorder) openInstance() error {
	base := r.cfg.Journal
	if err := r.cfg.FS.MkdirAll(base, 0o700); err != nil {
		return fmt.Errorf("create journal folder %q: %w", base, err)
	}
	for try := 1; ; try++ {
		dir := filepath.Join(base, string(event.NewConnID(r.cfg.Now(), r.cfg.Random)))
		if _, err := r.cfg.FS.Stat(dir); err == nil && try < instanceTries {
			continue // it is another's
		} else if err == nil {
			return fmt.Errorf("create folder in journal folder %q: each of %d names that were drawn by chance is taken", base, instanceTries)
		}
		if err := r.cfg.FS.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("create folder in journal folder: %w", err)
		}
		// Somebody who looks for folders of the dead may have seen this one before its
		// lock was taken, and be at removing it.
		lock, err := lockInstance(r.cfg.FS, dir)
		if errors.Is(err, disk.ErrLocked) && try < instanceTries {
			continue
		}
		if err != nil {
			return fmt.Errorf("lock journal folder: %w", err)
		}
		r.dir, r.lock = dir, lock
		if err := r.syncInstance(); err != nil {
			r.closeInstance()
			return err
		}
		return nil
	}
}

// syncInstance makes the names of the process's folder, and of the one that it is in,
// durable: what is in a folder without a name, no recovery finds.
func (r *Recorder) syncInstance() error {
	if err := r.cfg.FS.SyncDir(r.cfg.Journal); err != nil {
		return fmt.Errorf("sync journal folder: %w", err)
	}
	err := r.cfg.FS.SyncDir(filepath.Dir(r.cfg.Journal))
	if err != nil && !errors.Is(err, fs.ErrPermission) { // then it was there before
		return fmt.Errorf("sync the folder of the journal folder: %w", err)
	}
	return nil
}

// lockInstance takes the lock on a process's folder. It fails with disk.ErrLocked if
// somebody has it, or had it a moment ago and has removed the folder.
func lockInstance(fsys disk.FS, dir string) (disk.File, error) {
	path := filepath.Join(dir, lockName)
	f, err := fsys.OpenFile(path, osCreate, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", disk.ErrLocked, err)
	}
	if err != nil {
		return nil, err
	}
	if err := f.TryLock(disk.Exclusive); err != nil {
		f.Close()
		return nil, err
	}
	there, err := fsys.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		f.Close()
		return nil, fmt.Errorf("%w: %w", disk.ErrLocked, err)
	}
	if err == nil {
		var mine fs.FileInfo
		if mine, err = f.Stat(); err == nil && !disk.SameFile(there, mine) {
			err = disk.ErrLocked
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// removeInstance removes a process's folder if nothing is left in it to recover. The
// caller holds its lock, and gives it back.
func removeInstance(fsys disk.FS, dir string) error {
	left, err := readFolder(fsys, dir)
	if err != nil || len(left.segments) > 0 {
		return err
	}
	if marks, err := listMarks(fsys, dir); err != nil || len(marks) > 0 {
		return err
	}
	points, err := listNames(fsys, dir, checkpointSuffix) // which a crash has left
	if err != nil {
		return err
	}
	for _, id := range points {
		left.stray = append(left.stray, filepath.Join(dir, checkpointName(id)))
	}
	for _, path := range append(left.stray, filepath.Join(dir, lockName)) {
		if err := fsys.Remove(path); err != nil {
			return err
		}
	}
	return fsys.Remove(dir)
}

// namedSegments returns the files that the folder of a process which lives has for each
// log, by their names.
func namedSegments(fsys disk.FS, dir string) (map[event.ConnID][]string, error) {
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	found := map[event.ConnID][]string{}
	for _, e := range entries {
		if id, ok := parseSegmentName(e.Name()); ok {
			found[id] = append(found[id], filepath.Join(dir, e.Name()))
		}
	}
	return found, nil
}

// listNames returns the logs that a folder has files with the suffix for.
func listNames(fsys disk.FS, dir, suffix string) ([]event.ConnID, error) {
	entries, err := fsys.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var ids []event.ConnID
	for _, e := range entries {
		if id, ok := strings.CutSuffix(e.Name(), "."+suffix); ok {
			ids = append(ids, event.ConnID(id))
		}
	}
	return ids, nil
}

// isInstance reports whether a folder's name is an id, as event.NewConnID makes them.
func isInstance(name string) bool {
	b, err := hex.DecodeString(name)
	return err == nil && len(b) == 16
}

// listInstances returns the processes' folders in a journal folder.
func listInstances(fsys disk.FS, journal string) ([]string, error) {
	entries, err := fsys.ReadDir(journal)
	if err != nil {
		return nil, fmt.Errorf("list journal folder %q: %w", journal, err)
	}
	var dirs []string
	for _, e := range entries {
		if e.IsDir() && isInstance(e.Name()) {
			dirs = append(dirs, filepath.Join(journal, e.Name()))
		}
	}
	return dirs, nil
}

// keepInstance makes this process's folder again if somebody has removed it, so that
// recording can go on when the disk is there again.
func (r *Recorder) keepInstance() error {
	_, err := r.cfg.FS.Stat(filepath.Join(r.dir, lockName))
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := r.cfg.FS.MkdirAll(r.dir, 0o700); err != nil {
		return err
	}
	lock, err := lockInstance(r.cfg.FS, r.dir)
	if err != nil {
		return err
	}
	r.mu.Lock()
	gone, old := r.gone, r.lock
	if !gone {
		r.lock = lock
	}
	r.mu.Unlock()
	if gone { // a look at the disk that outlives Close: the folder was not lost but given back
		return errors.Join(removeInstance(r.cfg.FS, r.dir), lock.Close())
	}
	old.Close() // its file is gone
	return r.syncInstance()
}
