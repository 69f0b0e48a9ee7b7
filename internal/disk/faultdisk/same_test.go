package faultdisk_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
)

// TestSame holds disk.OS and Memory, with a Process over it, to one behaviour.
func TestSame(t *testing.T) {
	places := map[string]func(t *testing.T) (disk.FS, string){
		"OS":      func(t *testing.T) (disk.FS, string) { return disk.OS{}, t.TempDir() },
		"Memory":  func(*testing.T) (disk.FS, string) { return faultdisk.NewMemory(), "/" },
		"Process": func(*testing.T) (disk.FS, string) { return faultdisk.NewProcess(faultdisk.NewMemory(), nil), "/" },
	}
	for place, open := range places {
		for name, check := range sameChecks {
			t.Run(place+"/"+name, func(t *testing.T) {
				fsys, dir := open(t)
				check(t, rig{t, fsys, dir})
			})
		}
	}
}

// rig is a file system under test, in dir.
type rig struct {
	t   *testing.T
	fs  disk.FS
	dir string
}

func (r rig) path(name string) string { return filepath.Join(r.dir, name) }

func (r rig) open(name string, flag int) disk.File {
	r.t.Helper()
	f, err := r.fs.OpenFile(r.path(name), flag, 0o600)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { f.Close() })
	return f
}

func (r rig) want(what string, got, want error) {
	r.t.Helper()
	if !errors.Is(got, want) || (want == nil) != (got == nil) {
		r.t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func (r rig) content(name string) string {
	r.t.Helper()
	f := r.open(name, os.O_RDONLY)
	info, err := f.Stat()
	if err != nil {
		r.t.Fatal(err)
	}
	b, err := io.ReadAll(io.NewSectionReader(f, 0, info.Size()))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(b)
}

func (r rig) write(f disk.File, s string) {
	r.t.Helper()
	if n, err := f.Write([]byte(s)); n != len(s) || err != nil {
		r.t.Fatalf("Write(%q) = %d, %v", s, n, err)
	}
}

const create = os.O_RDWR | os.O_CREATE | os.O_APPEND

var sameChecks = map[string]func(*testing.T, rig){
	"space": func(t *testing.T, r rig) {
		space, err := r.fs.Space(r.dir)
		r.want("space", err, nil)
		if space.Free == 0 || space.Free > space.Size || space.FreeFiles > space.Files {
			t.Errorf("the room is %+v", space)
		}
		_, err = r.fs.Space(r.path("none"))
		r.want("space of nothing", err, fs.ErrNotExist)
	},
	"open": func(t *testing.T, r rig) {
		_, err := r.fs.OpenFile(r.path("none"), os.O_RDWR, 0)
		r.want("open of nothing", err, fs.ErrNotExist)
		_, err = r.fs.OpenFile(r.path("none/x"), create, 0o600)
		r.want("open in no folder", err, fs.ErrNotExist)
		r.open("a", create|os.O_EXCL)
		_, err = r.fs.OpenFile(r.path("a"), create|os.O_EXCL, 0o600)
		r.want("exclusive open of what is there", err, fs.ErrExist)
		_, err = r.fs.OpenFile(r.path("a/x"), create, 0o600)
		r.want("open in a file", err, syscall.ENOTDIR)
		r.want("mkdir", r.fs.MkdirAll(r.path("d"), 0o700), nil)
		_, err = r.fs.OpenFile(r.path("d"), os.O_RDWR, 0)
		r.want("open of a folder for writing", err, syscall.EISDIR)
		info, err := r.fs.Stat(r.path("a"))
		r.want("stat", err, nil)
		if info.Mode() != 0o600 || info.Name() != "a" || info.Size() != 0 {
			t.Errorf("Stat = %v %q %d, want an empty file a of mode 0600", info.Mode(), info.Name(), info.Size())
		}
	},
	"write": func(t *testing.T, r rig) {
		f := r.open("a", create)
		r.write(f, "hello ")
		r.write(r.open("a", create), "big ")
		r.write(f, "world")
		r.want("truncate", f.Truncate(12), nil)
		r.write(f, "rds")
		if got := r.content("a"); got != "hello big words" {
			t.Errorf("content = %q", got)
		}
		r.want("longer", f.Truncate(17), nil)
		if got := r.content("a"); got != "hello big words\x00\x00" {
			t.Errorf("content = %q after Truncate beyond the end", got)
		}
		r.want("negative truncate", f.Truncate(-1), syscall.EINVAL)
		g := r.open("b", os.O_RDWR|os.O_CREATE) // no O_APPEND
		r.write(g, "12345")
		r.want("truncate", g.Truncate(2), nil)
		r.write(g, "6")
		if got := r.content("b"); got != "12\x00\x00\x006" {
			t.Errorf("content = %q after a write at an offset beyond the end", got)
		}
		r.open("b", os.O_RDWR|os.O_TRUNC)
		if got := r.content("b"); got != "" {
			t.Errorf("content = %q after O_TRUNC", got)
		}
	},
	"punch": func(t *testing.T, r rig) {
		f := r.open("a", create)
		r.write(f, "0123456789")
		r.want("punch", f.PunchHole(2, 3), nil)
		r.want("punch over the end", f.PunchHole(8, 100), nil)
		r.want("punch behind the end", f.PunchHole(100, 1), nil)
		if got := r.content("a"); got != "01\x00\x00\x00567\x00\x00" {
			t.Errorf("content = %q after PunchHole", got)
		}
		r.write(f, "!")
		if got := r.content("a"); got != "01\x00\x00\x00567\x00\x00!" {
			t.Errorf("content = %q after a write that follows PunchHole", got)
		}
		r.want("punch of nothing", f.PunchHole(0, 0), syscall.EINVAL)
		r.want("punch before the beginning", f.PunchHole(-1, 1), syscall.EINVAL)
		r.want("punch of what is open for reading", r.open("a", os.O_RDONLY).PunchHole(0, 1), syscall.EBADF)
	},
	"read": func(t *testing.T, r rig) {
		f := r.open("a", create)
		r.write(f, "0123456789")
		for _, tt := range []struct {
			at   int64
			size int
			want string
			err  error
		}{{0, 4, "0123", nil}, {4, 6, "456789", nil}, {8, 4, "89", io.EOF}, {10, 1, "", io.EOF}, {99, 1, "", io.EOF}, {99, 0, "", nil}} {
			p := make([]byte, tt.size)
			n, err := f.ReadAt(p, tt.at)
			if string(p[:n]) != tt.want {
				t.Errorf("ReadAt(%d, %d) = %q, want %q", tt.size, tt.at, p[:n], tt.want)
			}
			r.want(fmt.Sprintf("ReadAt(%d, %d)", tt.size, tt.at), err, tt.err)
		}
	},
	"access": func(_ *testing.T, r rig) {
		r.open("a", create)
		reader, writer := r.open("a", os.O_RDONLY), r.open("a", os.O_WRONLY)
		_, err := reader.Write([]byte("x"))
		r.want("write to what is open for reading", err, syscall.EBADF)
		_, err = writer.ReadAt(make([]byte, 1), 0)
		r.want("read of what is open for writing", err, syscall.EBADF)
		r.want("close", reader.Close(), nil)
		_, err = reader.ReadAt(make([]byte, 1), 0)
		r.want("read after close", err, os.ErrClosed)
		_, err = reader.Stat()
		r.want("stat after close", err, os.ErrClosed)
		r.want("sync after close", reader.Sync(), os.ErrClosed)
		r.want("lock after close", reader.TryLock(disk.Shared), os.ErrClosed)
		r.want("unlock after close", reader.Unlock(), os.ErrClosed)
		r.want("second close", reader.Close(), os.ErrClosed)
		r.want("sync", writer.Sync(), nil)
	},
	"rename": func(t *testing.T, r rig) {
		f := r.open("a", create)
		r.write(f, "a")
		r.open("b", create)
		r.want("mkdir", r.fs.MkdirAll(r.path("d"), 0o700), nil)
		r.want("rename", r.fs.Rename(r.path("a"), r.path("b")), nil)
		r.write(f, "!")
		if got := r.content("b"); got != "a!" {
			t.Errorf("content after rename = %q, want what has the new name to be replaced", got)
		}
		r.want("rename of nothing", r.fs.Rename(r.path("a"), r.path("c")), fs.ErrNotExist)
		r.want("rename onto a folder", r.fs.Rename(r.path("b"), r.path("d")), syscall.EEXIST)
		r.want("rename to itself", r.fs.Rename(r.path("b"), r.path("b")), nil)
		r.want("remove", r.fs.Remove(r.path("b")), nil)
		r.write(f, "?") // the file lives on with who has it open
		if info, err := f.Stat(); err != nil || info.Size() != 3 {
			t.Errorf("Stat of a removed file = %v, %v, want 3 bytes", info, err)
		}
		r.want("remove of nothing", r.fs.Remove(r.path("b")), fs.ErrNotExist)
		r.open("d/x", create)
		r.want("remove of a full folder", r.fs.Remove(r.path("d")), syscall.ENOTEMPTY)
	},
	"folders": func(t *testing.T, r rig) {
		r.want("mkdir", r.fs.MkdirAll(r.path("d/e"), 0o700), nil)
		r.want("mkdir again", r.fs.MkdirAll(r.path("d/e"), 0o700), nil)
		r.write(r.open("d/z", create), "zz")
		r.open("d/a", create)
		r.want("mkdir in a file", r.fs.MkdirAll(r.path("d/a/b"), 0o700), syscall.ENOTDIR)
		entries, err := r.fs.ReadDir(r.path("d"))
		r.want("readdir", err, nil)
		var got []string
		for _, e := range entries {
			info, err := e.Info()
			r.want("info", err, nil)
			got = append(got, fmt.Sprintf("%s %v %v", e.Name(), e.IsDir(), e.Type().IsRegular()))
			if e.Name() == "z" && info.Size() != 2 {
				t.Errorf("size of z = %d, want 2", info.Size())
			}
		}
		if want := []string{"a false true", "e true false", "z false true"}; !slices.Equal(got, want) {
			t.Errorf("ReadDir = %q, want %q", got, want)
		}
		r.want("remove", r.fs.Remove(r.path("d/a")), nil)
		_, err = entries[0].Info()
		r.want("info of what is gone", err, fs.ErrNotExist)
		_, err = r.fs.ReadDir(r.path("none"))
		r.want("readdir of nothing", err, fs.ErrNotExist)
		_, err = r.fs.ReadDir(r.path("d/z"))
		r.want("readdir of a file", err, syscall.ENOTDIR)
		r.want("syncdir", r.fs.SyncDir(r.path("d")), nil)
		r.want("syncdir of nothing", r.fs.SyncDir(r.path("none")), fs.ErrNotExist)
		r.want("syncall", r.fs.SyncAll(r.path("d")), nil)
		r.want("syncall of nothing", r.fs.SyncAll(r.path("none")), fs.ErrNotExist)
		r.want("syncdir of a file", r.fs.SyncDir(r.path("d/z")), syscall.ENOTDIR)
	},
	"same file": func(t *testing.T, r rig) {
		f := r.open("a", create)
		r.open("b", create)
		mine, err := f.Stat()
		r.want("fstat", err, nil)
		for name, want := range map[string]bool{"a": true, "b": false} {
			info, err := r.fs.Stat(r.path(name))
			r.want("stat", err, nil)
			if got := disk.SameFile(mine, info); got != want {
				t.Errorf("SameFile(a, %s) = %v, want %v", name, got, want)
			}
		}
	},
	"locks": func(t *testing.T, r rig) {
		r.open("a", create)
		f, g, h := r.open("a", os.O_RDWR), r.open("a", os.O_RDONLY), r.open("a", os.O_RDONLY)
		r.want("first shared", g.TryLock(disk.Shared), nil)
		r.want("second shared", h.TryLock(disk.Shared), nil)
		r.want("exclusive beside shared", f.TryLock(disk.Exclusive), disk.ErrLocked)
		r.want("unlock", g.Unlock(), nil)
		r.want("to exclusive, alone", h.TryLock(disk.Exclusive), nil)
		r.want("shared beside exclusive", f.TryLock(disk.Shared), disk.ErrLocked)
		r.want("unlock of what is not held", g.Unlock(), nil)
		r.want("exclusive beside exclusive", f.TryLock(disk.Exclusive), disk.ErrLocked)
		r.want("close", h.Close(), nil)
		r.want("exclusive after close", f.TryLock(disk.Exclusive), nil)
		r.want("rename", r.fs.Rename(r.path("a"), r.path("b")), nil)
		r.want("shared, by its new name", r.open("b", os.O_RDONLY).TryLock(disk.Shared), disk.ErrLocked)
	},
	"write at": func(t *testing.T, r rig) {
		f := r.open("a", os.O_RDWR|os.O_CREATE)
		write := func(what, p string, at int64, n int, want error) {
			got, err := f.WriteAt([]byte(p), at)
			if r.want(what, err, want); got != n {
				t.Errorf("%s: %d bytes, want %d", what, got, n)
			}
		}
		write("on an empty file", "abcdef", 0, 6, nil)
		write("over what is there", "XY", 1, 2, nil)
		write("over the end", "1234", 4, 4, nil)
		write("behind the end", "z", 10, 1, nil)
		b := make([]byte, 20)
		n, _ := f.ReadAt(b, 0)
		if got, want := string(b[:n]), "aXYd1234\x00\x00z"; got != want {
			t.Errorf("the file has %q, want %q", got, want)
		}
	},
}
