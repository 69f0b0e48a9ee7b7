package record

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/disk"
)

// markSuffix is that of the empty file in the process's folder that stands for a log which
// is not in all copies yet.
const markSuffix = "copies"

func markName(id event.ConnID) string { return string(id) + "." + markSuffix }

// mark notes that a log is to be copied, before there is one. Its name is durable with the
// log's first segment.
func (l *Log) mark() error {
	if len(l.r.copiers) == 0 || l.copied != nil {
		return nil
	}
	path := filepath.Join(l.r.dir, markName(l.id))
	err := l.wait(busyJournal, func() error { return touch(l.r.cfg.FS, path) }, func() {})
	if err != nil {
		return fmt.Errorf("note that the log is to be copied: %w", err)
	}
	l.copied = l.r.newCopied(l.id, l)
	l.copied.target.Store(l.target)
	return nil
}

// touch makes an empty file.
func touch(fsys disk.FS, path string) error {
	f, err := fsys.OpenFile(path, osCreate, segmentMode)
	if err != nil {
		return err
	}
	return f.Close()
}

// forgetCopies takes the mark away of a log that there is nothing of.
func (r *Recorder) forgetCopies(dir string, id event.ConnID) {
	if len(r.copiers) == 0 {
		return
	}
	r.mu.Lock()
	of := r.copied[id]
	delete(r.copied, id)
	r.mu.Unlock()
	if of != nil {
		for _, j := range of.jobs {
			j.c.add(-1)
		}
	}
	r.remove(filepath.Join(dir, markName(id)))
}

// adoptCopies takes over what is not in all copies yet of a dead process's logs, but of
// those that are not finished. What was recovered may have no mark yet.
func (r *Recorder) adoptCopies(dir string, recovered []Recovery) error {
	unfinished := map[event.ConnID]bool{}
	for _, rec := range recovered {
		unfinished[rec.Log] = rec.Err != nil && !errors.Is(rec.Err, ErrNothingSaved)
	}
	marks, err := listMarks(r.cfg.FS, dir)
	if err != nil {
		return err
	}
	for _, rec := range recovered {
		if rec.Err == nil {
			marks = append(marks, rec.Log)
		}
	}
	slices.Sort(marks)
	marks = slices.Compact(marks)
	marks = slices.DeleteFunc(marks, func(id event.ConnID) bool { return unfinished[id] })
	if len(r.copiers) > 0 {
		if err := r.adopt(marks); err != nil {
			return err
		}
	}
	for _, id := range marks { // of which a crash may leave two: there is nothing to do for the second
		r.remove(filepath.Join(dir, markName(id)))
	}
	return nil
}

// adopt has logs copied to the end, and returns when no crash makes anybody forget it.
func (r *Recorder) adopt(logs []event.ConnID) error {
	for _, id := range logs {
		if err := touch(r.cfg.FS, filepath.Join(r.dir, markName(id))); err != nil {
			return err
		}
	}
	if err := r.cfg.FS.SyncDir(r.dir); err != nil || len(logs) == 0 {
		return err
	}
	for _, id := range logs {
		r.newCopied(id, nil).finish()
	}
	return nil
}

// listMarks returns the logs that a process's folder has marks of.
func listMarks(fsys disk.FS, dir string) ([]event.ConnID, error) {
	return listNames(fsys, dir, markSuffix)
}
