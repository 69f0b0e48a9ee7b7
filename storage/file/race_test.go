package file_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/file"
)

// keepAll resumes a log as it is.
func keepAll(_ io.ReaderAt, size int64) (int64, error) { return size, nil }

// before returns a store whose process is overtaken: right before its n-th call of kind op, do happens.
func before(t *testing.T, m *faultdisk.Memory, op faultdisk.Op, n int, do func()) *file.Store {
	return newStore(t, faultdisk.NewProcess(m, func(c faultdisk.Call) faultdisk.Fault {
		if c.Op == op {
			if n--; n == 0 {
				do()
			}
		}
		return faultdisk.Fault{}
	}), "/logs")
}

// finish writes a log, whole, in a process of its own.
func finish(t *testing.T, m *faultdisk.Memory) {
	t.Helper()
	if p := story(t, faultdisk.NewProcess(m, nil)); p.err != nil {
		t.Fatal(p.err)
	}
}

// resumed resumes the log in a process of its own.
func resumed(t *testing.T, m *faultdisk.Memory) storage.Writer {
	t.Helper()
	w, err := newStore(t, m, "/logs").Resume(t.Context(), "log", keepAll)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// wantNames compares the folder's contents.
func wantNames(t *testing.T, m *faultdisk.Memory, want ...string) {
	t.Helper()
	entries, err := m.ReadDir("/logs")
	ok := err == nil && len(entries) == len(want)
	for i := 0; ok && i < len(want); i++ {
		ok = entries[i].Name() == want[i]
	}
	if !ok {
		t.Errorf("folder has %v (%v), want %q", entries, err, want)
	}
}

func TestCreateIsOvertakenByACommit(t *testing.T) {
	m := newDisk(t)
	s := before(t, m, faultdisk.Open, 1, func() { finish(t, m) })
	if _, err := s.Create(t.Context(), "log", storage.About{}); !errors.Is(err, storage.ErrExist) {
		t.Errorf("Create = %v, want ErrExist", err)
	}
	wantNames(t, m, "log")
}

func TestCreateIsOvertakenByAResume(t *testing.T) {
	for _, commits := range []bool{false, true} {
		m := newDisk(t)
		var w storage.Writer
		s := before(t, m, faultdisk.Lock, 1, func() {
			w = resumed(t, m)
			if commits {
				if err := w.Commit(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		})
		if _, err := s.Create(t.Context(), "log", storage.About{}); !errors.Is(err, storage.ErrExist) {
			t.Errorf("Create of what somebody resumed (and commits: %v) = %v, want ErrExist", commits, err)
		}
		if commits {
			wantNames(t, m, "log")
			continue
		}
		wantNames(t, m, "log.partial")
		if err := w.Commit(t.Context()); err != nil {
			t.Errorf("Commit of who overtook = %v", err)
		}
	}
}

func TestResumeIsOvertakenByACommit(t *testing.T) {
	m := newDisk(t)
	w, err := newStore(t, m, "/logs").Create(t.Context(), "log", storage.About{})
	if err != nil {
		t.Fatal(err)
	}
	s := before(t, m, faultdisk.Lock, 1, func() {
		if err := w.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	if _, err := s.Resume(t.Context(), "log", keepAll); !errors.Is(err, storage.ErrNotExist) {
		t.Errorf("Resume = %v, want ErrNotExist", err)
	}
}

func TestOpenIsOvertakenByACommit(t *testing.T) {
	m := newDisk(t)
	w, err := newStore(t, m, "/logs").Create(t.Context(), "log", storage.About{})
	if err != nil {
		t.Fatal(err)
	}
	s := before(t, m, faultdisk.Open, 2, func() {
		if err := w.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	r, err := s.Open(t.Context(), "log")
	if err != nil || r.Open() {
		t.Errorf("Open = %v, %v, want the finished log", r, err)
	}
}

// TestReaderAsksBeforeItTakesTheSize: a reader that is told that nobody writes has all.
func TestReaderAsksBeforeItTakesTheSize(t *testing.T) {
	m := newDisk(t)
	w, err := newStore(t, m, "/logs").Create(t.Context(), "log", storage.About{})
	if err != nil {
		t.Fatal(err)
	}
	s := before(t, m, faultdisk.Lock, 1, func() {
		if _, err := w.Write([]byte("last")); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
	})
	r, err := s.Open(t.Context(), "log")
	if err != nil || r.Open() || r.Size() != 4 {
		t.Errorf("Open of a log that is given up = %+v, %v, want 4 bytes that nobody writes", r, err)
	}
}

// touch makes a file by hand.
func touch(t *testing.T, m *faultdisk.Memory, name string) {
	t.Helper()
	f, err := m.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil || f.Close() != nil {
		t.Fatal(err)
	}
}

func TestCreateWhoseFileIsReplaced(t *testing.T) {
	m := newDisk(t)
	s := before(t, m, faultdisk.Lock, 1, func() {
		if err := m.Remove("/logs/log.partial"); err != nil {
			t.Fatal(err)
		}
		touch(t, m, "/logs/log.partial")
	})
	if _, err := s.Create(t.Context(), "log", storage.About{}); !errors.Is(err, storage.ErrExist) {
		t.Errorf("Create = %v, want ErrExist", err)
	}
	wantNames(t, m, "log.partial")
}

func TestCommitReplacesNothing(t *testing.T) {
	create := func(m *faultdisk.Memory) storage.Writer {
		w, err := newStore(t, m, "/logs").Create(t.Context(), "log", storage.About{})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	m := newDisk(t)
	w := create(m)
	touch(t, m, "/logs/log")
	if err := w.Commit(t.Context()); !errors.Is(err, storage.ErrExist) {
		t.Errorf("Commit onto a file made by hand = %v, want ErrExist", err)
	}
	wantNames(t, m, "log", "log.partial")

	m = newDisk(t)
	w = create(m)
	if err := m.Remove("/logs/log.partial"); err != nil {
		t.Fatal(err)
	}
	touch(t, m, "/logs/log.partial")
	if err := w.Commit(t.Context()); err == nil {
		t.Error("Commit finishes a file that is another's")
	}
	wantNames(t, m, "log.partial")
}

// TestFinishedWins has both files of one log, as a file system may after a crash.
func TestFinishedWins(t *testing.T) {
	m := newDisk(t)
	finish(t, m)
	touch(t, m, "/logs/log.partial")
	s := newStore(t, m, "/logs")
	if got := read(t, s); got != whole {
		t.Errorf("Open reads %q, want the finished log", got)
	}
	if _, err := s.Create(t.Context(), "log", storage.About{}); !errors.Is(err, storage.ErrExist) {
		t.Errorf("Create = %v, want ErrExist", err)
	}
	if _, err := s.Resume(t.Context(), "log", keepAll); !errors.Is(err, storage.ErrNotExist) {
		t.Errorf("Resume = %v, want ErrNotExist", err)
	}
	const more = 50 // for a sort that has to move them
	for i := range more {
		name := fmt.Sprintf("/logs/%02d%s", i/2, []string{"", "-a"}[i%2]) // 00-a is between 00 and 00.partial
		touch(t, m, name+".partial")
		touch(t, m, name)
	}
	n := 0
	for info, err := range s.List(t.Context(), "") {
		if n++; err != nil || !info.Finished {
			t.Errorf("List yields %+v, %v", info, err)
		}
	}
	if n != more+1 {
		t.Errorf("List yields %d logs, want %d", n, more+1)
	}
}

// tornDir is a folder that is renamed in while it is read: the first reading misses missing.
type tornDir struct {
	disk.FS
	missing string
	rename  func()
}

func (d *tornDir) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := d.FS.ReadDir(name)
	if d.rename == nil {
		return entries, err
	}
	d.rename()
	d.rename = nil
	var some []fs.DirEntry
	for _, e := range entries {
		if e.Name() != d.missing {
			some = append(some, e)
		}
	}
	return some, err
}

func TestListWhileALogIsCommitted(t *testing.T) {
	for _, missing := range []string{"log.partial", ""} { // met under neither name, or under the old one
		m := newDisk(t)
		w, err := newStore(t, m, "/logs").Create(t.Context(), "log", storage.About{})
		if err != nil {
			t.Fatal(err)
		}
		s := newStore(t, &tornDir{m, missing, func() {
			if err := w.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		}}, "/logs")
		n := 0
		for info, err := range s.List(t.Context(), "") {
			if n++; err != nil || info.Name != "log" || !info.Finished {
				t.Errorf("List yields %+v, %v, want the finished log", info, err)
			}
		}
		if n != 1 {
			t.Errorf("List that misses %q yields %d logs, want 1", missing, n)
		}
	}
}

// TestListWhileItGoesOn commits one log and removes another after List has their names.
func TestListWhileItGoesOn(t *testing.T) {
	m := newDisk(t)
	s := newStore(t, m, "/logs")
	var writers []storage.Writer
	for _, name := range []storage.Name{"a", "b", "c"} {
		w, err := s.Create(t.Context(), name, storage.About{})
		if err != nil {
			t.Fatal(err)
		}
		writers = append(writers, w)
	}
	var got []storage.Info
	for info, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, info); info.Name == "a" {
			if err := errors.Join(writers[1].Commit(t.Context()), m.Remove("/logs/c.partial")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(got) != 2 || got[1].Name != "b" || !got[1].Finished {
		t.Errorf("List = %+v, want a, and b as finished", got)
	}
}

func TestListHeedsItsContext(t *testing.T) {
	m := newDisk(t)
	finish(t, m)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var errs []error
	for _, err := range newStore(t, m, "/logs").List(ctx, "") {
		errs = append(errs, err)
	}
	if len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
		t.Errorf("List with a context that is over = %v, want that alone", errs)
	}
}

// TestWriterWaitsForReaders meets the locks that the format's rule is about.
func TestWriterWaitsForReaders(t *testing.T) {
	for name, tt := range map[string]struct {
		kind  disk.Lock
		held  time.Duration
		took  time.Duration // at least, and at most 10 ms more
		inUse bool
	}{
		"a reader's":             {disk.Shared, 500 * time.Millisecond, 500 * time.Millisecond, false},
		"a stopped reader's":     {disk.Shared, time.Hour, time.Second, true},
		"another writer's":       {disk.Exclusive, time.Hour, 0, true},
		"a dead writer's (none)": {disk.Exclusive, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newDisk(t)
				w, err := newStore(t, m, "/logs").Create(t.Context(), "log", storage.About{})
				if err != nil || w.Close() != nil {
					t.Fatal(err)
				}
				other := hold(t, m, tt.kind)
				if tt.held == 0 {
					other.Kill()
				} else {
					timer := time.AfterFunc(tt.held, other.Kill)
					defer timer.Stop()
				}
				start := time.Now()
				_, err = newStore(t, m, "/logs").Resume(t.Context(), "log", keepAll)
				took := time.Since(start)
				if errors.Is(err, storage.ErrInUse) != tt.inUse || !tt.inUse && err != nil {
					t.Errorf("Resume = %v, want ErrInUse: %v", err, tt.inUse)
				}
				if took < tt.took || took > tt.took+10*time.Millisecond {
					t.Errorf("Resume took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

// hold locks the log in a process of its own.
func hold(t *testing.T, m *faultdisk.Memory, kind disk.Lock) *faultdisk.Process {
	t.Helper()
	p := faultdisk.NewProcess(m, nil)
	f, err := p.OpenFile("/logs/log.partial", os.O_RDWR, 0)
	if err == nil {
		err = f.TryLock(kind)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWaitingHeedsTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDisk(t)
		w, err := newStore(t, m, "/logs").Create(t.Context(), "log", storage.About{})
		if err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		hold(t, m, disk.Shared)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err = newStore(t, m, "/logs").Resume(ctx, "log", keepAll)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 100*time.Millisecond {
			t.Errorf("Resume = %v after %v, want the context's end after 100ms", err, time.Since(start))
		}
	})
}
