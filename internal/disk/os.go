package disk

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// OS is the file system of the machine. Rename, Remove, MkdirAll, ReadDir and Stat are
// those of package os.
type OS struct{}

var _ FS = OS{}

// OpenFile opens as os.OpenFile does; that sets O_CLOEXEC, so that no program which
// is run for a client inherits a log, or the lock on one.
func (OS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// Rename renames as os.Rename does.
func (OS) Rename(oldName, newName string) error { return os.Rename(oldName, newName) }

// Remove removes as os.Remove does.
func (OS) Remove(name string) error { return os.Remove(name) }

// MkdirAll makes folders as os.MkdirAll does.
func (OS) MkdirAll(name string, perm fs.FileMode) error { return os.MkdirAll(name, perm) }

// ReadDir reads a folder as os.ReadDir does.
func (OS) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }

// Stat follows links, as os.Stat does.
func (OS) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }

// SyncDir calls fsync(2) on the folder. fdatasync(2) would do on Linux, but a folder has
// nothing besides its names that could be left out.
func (OS) SyncDir(name string) error {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func statfs(name string, s *unix.Statfs_t) error {
	for {
		switch err := unix.Statfs(name, s); err {
		case nil:
			return nil
		case unix.EINTR:
		default:
			return &fs.PathError{Op: "statfs", Path: name, Err: err}
		}
	}
}

// SameFile reports whether a and b, from Stat of an [FS] or of one of its files, tell of
// one file. os.SameFile knows only what package os returned.
func SameFile(a, b fs.FileInfo) bool {
	s, ok := a.Sys().(*syscall.Stat_t)
	t, ok2 := b.Sys().(*syscall.Stat_t)
	return ok && ok2 && s.Dev == t.Dev && s.Ino == t.Ino
}

// SameDisk reports whether what a and b tell of is on one file system.
func SameDisk(a, b fs.FileInfo) bool {
	s, ok := a.Sys().(*syscall.Stat_t)
	t, ok2 := b.Sys().(*syscall.Stat_t)
	return ok && ok2 && s.Dev == t.Dev
}

// osFile is an *os.File with its own Sync, and with locks.
type osFile struct{ *os.File }

// Sync writes the bytes and the size to the disk, and leaves out the times.
func (f osFile) Sync() error { return f.call("fdatasync", datasync) }

// PunchHole has no effect on what others read of the file but zeros.
func (f osFile) PunchHole(offset, size int64) error {
	return f.call("punch hole", func(fd int) error { return punch(fd, offset, size) })
}

// TryLock locks the open file with flock(2). Such a lock belongs to the open file, not
// to the process as with fcntl(2): two openings in one process exclude each other, and closing
// another opening of the same file does not lose it.
func (f osFile) TryLock(kind Lock) error {
	how := unix.LOCK_SH
	if kind == Exclusive {
		how = unix.LOCK_EX
	}
	err := f.call("flock", func(fd int) error { return unix.Flock(fd, how|unix.LOCK_NB) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		return &fs.PathError{Op: "flock", Path: f.Name(), Err: ErrLocked}
	}
	return err
}

func (f osFile) Unlock() error {
	return f.call("flock", func(fd int) error { return unix.Flock(fd, unix.LOCK_UN) })
}

// call makes a system call on the file's descriptor, again as long as a signal
// interrupts it. The descriptor can't be closed, and be another file's, meanwhile.
func (f osFile) call(op string, do func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return &fs.PathError{Op: op, Path: f.Name(), Err: err}
	}
	var result error
	err = conn.Control(func(fd uintptr) {
		for {
			result = do(int(fd))
			if !errors.Is(result, unix.EINTR) {
				return
			}
		}
	})
	if err != nil { // Control fails on a closed file only, with an error of its own
		return &fs.PathError{Op: op, Path: f.Name(), Err: os.ErrClosed}
	}
	if result != nil {
		return &fs.PathError{Op: op, Path: f.Name(), Err: result}
	}
	return nil
}
