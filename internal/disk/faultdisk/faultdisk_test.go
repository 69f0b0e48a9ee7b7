package faultdisk_test

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
)

// each returns one call of each kind on a process, in order, by its name.
func each(p *faultdisk.Process) []func() error {
	var f disk.File
	return []func() error{
		func() error { return p.MkdirAll("/d", 0o700) },
		func() (err error) { f, err = p.OpenFile("/d/a", create, 0o600); return err },
		func() error { return f.TryLock(disk.Exclusive) },
		func() error { _, err := f.Write([]byte("hello")); return err },
		func() error { _, err := f.ReadAt(make([]byte, 5), 0); return err },
		func() error { return f.Truncate(3) },
		func() error { return f.Sync() },
		func() error { _, err := f.Stat(); return err },
		func() error { return f.Unlock() },
		func() error { return f.Close() },
		func() error { return p.Rename("/d/a", "/d/b") },
		func() error { return p.SyncDir("/d") },
		func() error { _, err := p.ReadDir("/d"); return err },
		func() error { _, err := p.Stat("/d/b"); return err },
		func() error { return p.Remove("/d/b") },
	}
}

func TestCallsAreNumbered(t *testing.T) {
	p := faultdisk.NewProcess(faultdisk.NewMemory(), nil)
	for _, call := range each(p) {
		if err := call(); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, c := range p.Calls() {
		got = append(got, c.String())
	}
	want := `call 0: mkdir /d
call 1: open /d/a
call 2: lock /d/a
call 3: write /d/a (5)
call 4: read /d/a (5)
call 5: truncate /d/a (3)
call 6: sync /d/a
call 7: fstat /d/a
call 8: unlock /d/a
call 9: close /d/a
call 10: rename /d/a to /d/b
call 11: syncdir /d
call 12: readdir /d
call 13: stat /d/b
call 14: remove /d/b`
	if strings.Join(got, "\n") != want {
		t.Errorf("Calls() = \n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

func TestEveryCallFails(t *testing.T) {
	for k := range each(nil) {
		p := faultdisk.NewProcess(faultdisk.NewMemory(), faultdisk.At(k, faultdisk.Fault{Err: syscall.EIO}))
		for i, call := range each(p)[:k+1] {
			err := call()
			if (i == k) != errors.Is(err, syscall.EIO) {
				t.Errorf("fault at %v: call %d = %v", p.Calls()[k], i, err)
			}
		}
	}
}

func TestEveryCallIsWhereTheProcessDies(t *testing.T) {
	for k := range each(nil) {
		for _, after := range []bool{false, true} {
			p := faultdisk.NewProcess(faultdisk.NewMemory(), faultdisk.At(k, faultdisk.Fault{Dies: true, After: after}))
			for i, call := range each(p) {
				if i > k && k < 2 { // no file was opened
					break
				}
				if err := call(); (i >= k) != errors.Is(err, faultdisk.ErrDead) {
					t.Errorf("death at call %d: call %d = %v", k, i, err)
				}
			}
			if p.Open() != 0 || len(p.Calls()) != k+1 {
				t.Errorf("death at call %d: %d files open and %d calls, want 0 and %d", k, p.Open(), len(p.Calls()), k+1)
			}
		}
	}
}

func TestFaultsOfAWrite(t *testing.T) {
	for name, tt := range map[string]struct {
		fault   faultdisk.Fault
		n       int
		err     error
		content string
	}{
		"error": {faultdisk.Fault{Err: syscall.ENOSPC}, 0, syscall.ENOSPC, ""},
		"short": {faultdisk.Fault{Err: syscall.ENOSPC, Short: 3}, 3, syscall.ENOSPC, "hel"},
		"after": {faultdisk.Fault{Err: syscall.EIO, After: true}, 5, syscall.EIO, "hello"},
		"dies":  {faultdisk.Fault{Dies: true, Short: 2}, 2, faultdisk.ErrDead, "he"},
	} {
		m := faultdisk.NewMemory()
		f, err := faultdisk.NewProcess(m, faultdisk.From(0, tt.fault, faultdisk.Write)).OpenFile("/a", create, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		n, err := f.Write([]byte("hello"))
		if n != tt.n || !errors.Is(err, tt.err) {
			t.Errorf("%s: Write = %d, %v, want %d, %v", name, n, err, tt.n, tt.err)
		}
		if got := (rig{t, m, "/"}).content("a"); got != tt.content {
			t.Errorf("%s: content = %q, want %q", name, got, tt.content)
		}
	}
}

func TestFrom(t *testing.T) {
	full := faultdisk.Fault{Err: syscall.ENOSPC}
	decide := faultdisk.From(2, full, faultdisk.Write, faultdisk.Open)
	for _, tt := range []struct {
		call faultdisk.Call
		want error
	}{
		{faultdisk.Call{N: 1, Op: faultdisk.Write}, nil},
		{faultdisk.Call{N: 2, Op: faultdisk.Write}, syscall.ENOSPC},
		{faultdisk.Call{N: 3, Op: faultdisk.Open}, syscall.ENOSPC},
		{faultdisk.Call{N: 4, Op: faultdisk.Sync}, nil},
	} {
		if got := decide(tt.call).Err; got != tt.want {
			t.Errorf("From(2, …)(%v) = %v, want %v", tt.call, got, tt.want)
		}
	}
	if got := faultdisk.From(2, full)(faultdisk.Call{N: 9, Op: faultdisk.Sync}).Err; got != full.Err {
		t.Errorf("From without kinds lets a sync work")
	}
}

func TestDeathFreesLocks(t *testing.T) {
	m := faultdisk.NewMemory()
	lock := func(p *faultdisk.Process) error {
		f, err := p.OpenFile("/a", create, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		return f.TryLock(disk.Exclusive)
	}
	first, second := faultdisk.NewProcess(m, nil), faultdisk.NewProcess(m, nil)
	if err := lock(first); err != nil {
		t.Fatal(err)
	}
	if err := lock(second); !errors.Is(err, disk.ErrLocked) {
		t.Errorf("lock of another process = %v, want ErrLocked", err)
	}
	first.Kill()
	if err := lock(second); err != nil {
		t.Errorf("lock after the other process died = %v", err)
	}
	if err := lock(faultdisk.NewProcess(m.PowerCut(0), nil)); err != nil {
		t.Errorf("lock after a power cut = %v", err)
	}
}

func TestHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := faultdisk.NewProcess(faultdisk.NewMemory(), faultdisk.At(0, faultdisk.Fault{Hang: release}))
		done := make(chan error, 1)
		go func() { done <- p.MkdirAll("/d", 0o700) }()
		synctest.Wait()
		if _, err := p.Stat("/d"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the folder is there while its making hangs: %v", err)
		}
		close(release)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if _, err := p.Stat("/d"); err != nil {
			t.Error(err)
		}
	})
}

func TestDeathDuringAHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, m := make(chan struct{}), faultdisk.NewMemory()
		p := faultdisk.NewProcess(m, faultdisk.At(0, faultdisk.Fault{Hang: release}))
		done := make(chan error, 1)
		go func() { done <- p.MkdirAll("/d", 0o700) }()
		synctest.Wait()
		p.Kill()
		close(release)
		if err := <-done; !errors.Is(err, faultdisk.ErrDead) {
			t.Errorf("a call that hung when its process died = %v, want ErrDead", err)
		}
		if _, err := m.Stat("/d"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a dead process made a folder: %v", err)
		}
	})
}

func TestFailedOpenLeavesNothingOpen(t *testing.T) {
	m := faultdisk.NewMemory()
	p := faultdisk.NewProcess(m, faultdisk.At(0, faultdisk.Fault{Err: syscall.EMFILE, After: true}))
	if f, err := p.OpenFile("/a", create, 0o600); f != nil || !errors.Is(err, syscall.EMFILE) {
		t.Errorf("OpenFile = %v, %v, want EMFILE", f, err)
	}
	if p.Open() != 0 {
		t.Errorf("%d files are open", p.Open())
	}
	if _, err := m.Stat("/a"); err != nil {
		t.Errorf("After: the file was not made: %v", err)
	}
}

func TestFailedCloseCloses(t *testing.T) {
	m := faultdisk.NewMemory()
	p := faultdisk.NewProcess(m, faultdisk.From(0, faultdisk.Fault{Err: syscall.EIO}, faultdisk.Close))
	f, err := p.OpenFile("/a", create, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.TryLock(disk.Exclusive), f.Close()); !errors.Is(err, syscall.EIO) {
		t.Errorf("Close = %v, want EIO", err)
	}
	g, err := m.OpenFile("/a", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.TryLock(disk.Exclusive); err != nil || p.Open() != 0 {
		t.Errorf("after a close that failed: lock = %v, %d files open", err, p.Open())
	}
}
