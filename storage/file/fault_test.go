package file_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/file"
)

// progress is how far a story came: what the store has promised until then.
type progress struct {
	created   bool
	written   string // what Write took
	synced    string // what was written before a Sync that returned
	committed bool
	err       error // what ended the story
}

const whole = "first second third"

// story writes one log, in a process that may fail, and closes it as callers do.
func story(t *testing.T, fsys disk.FS) (p progress) {
	s, err := file.New(file.Config{Directory: "/logs"}, fsys)
	if err != nil {
		return progress{err: err}
	}
	w, err := s.Create(t.Context(), "log", storage.About{})
	if err != nil {
		return progress{err: err}
	}
	p.created = true
	defer func() {
		err := w.Close()
		if p.err == nil {
			p.err = err
		}
	}()
	for _, part := range []string{"first ", "second ", "third"} {
		if _, p.err = w.Write([]byte(part)); p.err != nil {
			break
		}
		if p.written += part; p.written == whole {
			break // and leave the last Sync to Commit
		}
		if p.err = w.Sync(); p.err != nil {
			break
		}
		p.synced = p.written
	}
	failed := p.err
	p.err = w.Commit(t.Context())
	p.committed = p.err == nil
	if failed != nil && !errors.Is(p.err, failed) {
		t.Errorf("Commit after %v = %v, want the same", failed, p.err)
	}
	return p
}

func newDisk(t *testing.T) *faultdisk.Memory {
	t.Helper()
	m := faultdisk.NewMemory()
	if err := errors.Join(m.MkdirAll("/logs", 0o700), m.SyncDir("/")); err != nil {
		t.Fatal(err)
	}
	return m
}

// calls is what a story without faults does.
func calls(t *testing.T) []faultdisk.Call {
	t.Helper()
	p := faultdisk.NewProcess(newDisk(t), nil)
	if got := story(t, p); !got.committed || got.err != nil || p.Open() != 0 {
		t.Fatalf("without faults: %+v, %d files open", got, p.Open())
	}
	return p.Calls()
}

// look checks what is left on a disk after the story, and that the log can be finished
// from there. durable is what must be there at least.
func look(t *testing.T, when string, m *faultdisk.Memory, p progress, durable string) {
	t.Helper()
	s := newStore(t, m, "/logs")
	var infos []storage.Info
	for info, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Fatalf("%s: List: %v", when, err)
		}
		infos = append(infos, info)
	}
	if len(infos) > 1 || len(infos) == 0 && durable != "" {
		t.Errorf("%s: List = %+v, want one log with %q", when, infos, durable)
	}
	if len(infos) == 0 {
		return
	}
	content := read(t, s)
	if !strings.HasPrefix(content, durable) || !strings.HasPrefix(whole, strings.TrimRight(content, "\x00")) {
		t.Errorf("%s: log has %q, want a part of %q with %q at least", when, content, whole, durable)
	}
	if p.committed && !infos[0].Finished || infos[0].Finished && content != whole {
		t.Errorf("%s: Finished is %v of %q, and Commit has returned: %v", when, infos[0].Finished, content, p.committed)
	}
	recoverLog(t, when, s, infos[0].Finished)
}

// recoverLog finishes a log as recovery does: it keeps what is good and writes the rest.
func recoverLog(t *testing.T, when string, s *file.Store, finished bool) {
	t.Helper()
	good := 0
	w, err := s.Resume(t.Context(), "log", func(r io.ReaderAt, size int64) (int64, error) {
		b, err := io.ReadAll(io.NewSectionReader(r, 0, size))
		good = len(bytes.TrimRight(b, "\x00"))
		return int64(good), err
	})
	switch {
	case finished && errors.Is(err, storage.ErrNotExist):
		return
	case finished || err != nil:
		t.Errorf("%s: Resume of a log whose Finished is %v = %v", when, finished, err)
		return
	}
	if _, err := io.WriteString(w, whole[good:]); err != nil {
		t.Errorf("%s: Write after Resume: %v", when, err)
	}
	if err := w.Commit(t.Context()); err != nil {
		t.Errorf("%s: Commit after Resume: %v", when, err)
	}
	if got := read(t, s); got != whole {
		t.Errorf("%s: log has %q after recovery, want %q", when, got, whole)
	}
}

func read(t *testing.T, s *file.Store) string {
	t.Helper()
	r, err := s.Open(t.Context(), "log")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestDeathAtEveryCall kills the process at each of its calls, and looks at what is left;
// then cuts the power there in many ways.
func TestDeathAtEveryCall(t *testing.T) {
	for _, call := range calls(t) {
		for _, fault := range []faultdisk.Fault{{Dies: true}, {Dies: true, After: true}, {Dies: true, Short: 3}} {
			const seeds = 20
			for seed := range uint64(seeds) {
				m := newDisk(t)
				p := story(t, faultdisk.NewProcess(m, faultdisk.At(call.N, fault)))
				when := fmt.Sprintf("death at %v (after it: %v), power cut %d", call, fault.After, seed)
				if !errors.Is(p.err, faultdisk.ErrDead) {
					t.Errorf("%s: the story ends with %v", when, p.err)
				}
				if seed == 0 {
					look(t, "kill -9 and "+when, m.PowerCut(0), p, p.synced)
				} else {
					look(t, when, m.PowerCut(seed), p, p.synced)
				}
			}
			m := newDisk(t)
			p := story(t, faultdisk.NewProcess(m, faultdisk.At(call.N, fault)))
			look(t, fmt.Sprintf("kill -9 at %v (after it: %v)", call, fault.After), m, p, p.written)
		}
	}
}

// TestErrorAtEveryCall lets each call fail, once or from there on, before or after it took effect.
func TestErrorAtEveryCall(t *testing.T) {
	for _, call := range calls(t) {
		for _, fault := range []faultdisk.Fault{
			{Err: syscall.EIO}, {Err: syscall.EIO, After: true}, {Err: syscall.ENOSPC, Short: 3},
		} {
			if call.Op == faultdisk.Stat && fault.After {
				continue // it finds nothing, which is an error of its own
			}
			for how, decide := range map[string]faultdisk.Decide{
				"once": faultdisk.At(call.N, fault), "from there on": faultdisk.From(call.N, fault),
			} {
				when := fmt.Sprintf("%v at %v %s (after it: %v)", fault.Err, call, how, fault.After)
				m := newDisk(t)
				process := faultdisk.NewProcess(m, decide)
				p := story(t, process)
				if !errors.Is(p.err, fault.Err) {
					t.Errorf("%s: the story ends with %v", when, p.err)
				}
				if n := process.Open(); n != 0 {
					t.Errorf("%s: %d files are left open", when, n)
				}
				look(t, when, m, p, p.written)
			}
		}
	}
}

// TestStaysFailed fails one call once, and wants the writer to repeat that and call no more.
func TestStaysFailed(t *testing.T) {
	for _, op := range []faultdisk.Op{faultdisk.Write, faultdisk.Sync, faultdisk.SyncDir, faultdisk.Rename} {
		failed := false
		p := faultdisk.NewProcess(newDisk(t), func(c faultdisk.Call) faultdisk.Fault {
			if c.Op != op || failed {
				return faultdisk.Fault{}
			}
			failed = true
			return faultdisk.Fault{Err: syscall.EIO}
		})
		w, err := newStore(t, p, "/logs").Create(t.Context(), "log", storage.About{})
		if err != nil {
			t.Fatal(err)
		}
		steps := []func() error{
			func() error { _, err := w.Write([]byte("x")); return err },
			w.Sync,
			func() error { return w.Commit(t.Context()) },
		}
		var first error
		for _, step := range steps {
			if first = step(); first != nil {
				break
			}
		}
		calls := len(p.Calls())
		for i, step := range steps {
			if err := step(); err == nil || err != first {
				t.Errorf("%s failed once: step %d = %v, want %v again", op, i, err, first)
			}
		}
		if n := len(p.Calls()) - calls; !errors.Is(first, syscall.EIO) || n != 0 {
			t.Errorf("%s failed once: first error %v, then %d calls to the disk, want EIO and none", op, first, n)
		}
		if err := w.Close(); err != nil || p.Open() != 0 {
			t.Errorf("%s failed once: Close = %v, %d files open", op, err, p.Open())
		}
	}
}

func TestCloseReportsItsError(t *testing.T) {
	p := faultdisk.NewProcess(newDisk(t), faultdisk.From(0, faultdisk.Fault{Err: syscall.EIO}, faultdisk.Close))
	w, err := newStore(t, p, "/logs").Create(t.Context(), "log", storage.About{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); !errors.Is(err, syscall.EIO) {
		t.Errorf("Close = %v, want EIO", err)
	}
}

// TestNameIsSyncedOnce: the folder is synced by the first Sync and by Commit.
func TestNameIsSyncedOnce(t *testing.T) {
	n := 0
	for _, c := range calls(t) {
		if c.Op == faultdisk.SyncDir {
			n++
		}
	}
	if n != 2 {
		t.Errorf("two syncs and a commit sync the folder %d times, want 2", n)
	}
}

// TestReadingWithoutLocks: on a file system that has none, logs can be read.
func TestReadingWithoutLocks(t *testing.T) {
	m := newDisk(t)
	w, err := newStore(t, m, "/logs").Create(t.Context(), "log", storage.About{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	p := faultdisk.NewProcess(m, faultdisk.From(0, faultdisk.Fault{Err: syscall.ENOLCK}, faultdisk.Lock))
	r, err := newStore(t, p, "/logs").Open(t.Context(), "log")
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	if r.Open() {
		t.Error("Open() = true, where nobody can know")
	}
}

// TestNothingLeftOfACreateThatFails is about disks with files that no writer owns.
func TestNothingLeftOfACreateThatFails(t *testing.T) {
	m := newDisk(t)
	locks := faultdisk.From(0, faultdisk.Fault{Err: syscall.ENOLCK}, faultdisk.Lock)
	if p := story(t, faultdisk.NewProcess(m, locks)); !errors.Is(p.err, syscall.ENOLCK) || p.created {
		t.Errorf("Create without locks = %v, want ENOLCK", p.err)
	}
	if entries, err := m.ReadDir("/logs"); err != nil || len(entries) > 0 {
		t.Errorf("folder has %v, %v, want nothing", entries, err)
	}
}

// TestFinishedSurvivesAPowerCut cuts the power right after the commit.
func TestFinishedSurvivesAPowerCut(t *testing.T) {
	m := newDisk(t)
	if p := story(t, faultdisk.NewProcess(m, nil)); !p.committed {
		t.Fatalf("the story ends with %v", p.err)
	}
	if _, err := m.PowerCut(0).Stat("/logs/log"); err != nil {
		t.Errorf("a log that was committed is, after a power cut: %v", err)
	}
}

// TestFinishedIsDurableWhenResumeSaysSo cuts the power after the question, not after the commit.
func TestFinishedIsDurableWhenResumeSaysSo(t *testing.T) {
	m := newDisk(t)
	isLast := func(c faultdisk.Call) faultdisk.Fault { // the SyncDir that follows the rename
		_, err := m.Stat("/logs/log")
		return faultdisk.Fault{Dies: c.Op == faultdisk.SyncDir && err == nil}
	}
	if p := story(t, faultdisk.NewProcess(m, isLast)); !errors.Is(p.err, faultdisk.ErrDead) {
		t.Fatalf("the story ends with %v", p.err)
	}
	if _, err := m.PowerCut(0).Stat("/logs/log"); err == nil {
		t.Fatal("the finished name is durable too early for this test")
	}
	recoverLog(t, "after death", newStore(t, m, "/logs"), true)
	if _, err := m.PowerCut(0).Stat("/logs/log"); err != nil {
		t.Errorf("the log that Resume found finished is, after a power cut: %v", err)
	}
}
