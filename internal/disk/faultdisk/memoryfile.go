package faultdisk

import (
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"

	"github.com/sshtrail/sshtrail/internal/disk"
)

// memFile is an open file of a [Memory]; its fields are guarded by the Memory's mutex.
type memFile struct {
	m      *Memory
	node   *node
	name   string
	flag   int
	offset int64
	closed bool
}

var _ disk.File = (*memFile)(nil)

const accessMode = os.O_RDONLY | os.O_WRONLY | os.O_RDWR

// use locks the disk for a call on the file, unless that can't be made; without an error the caller unlocks.
func (f *memFile) use(op string, denied int) error {
	f.m.mu.Lock()
	switch {
	case f.closed:
		f.m.mu.Unlock()
		return &fs.PathError{Op: op, Path: f.name, Err: os.ErrClosed}
	case f.flag&accessMode == denied:
		f.m.mu.Unlock()
		return &fs.PathError{Op: op, Path: f.name, Err: syscall.EBADF}
	}
	return nil
}

// anyAccess is no access mode: nothing is denied.
const anyAccess = -1

func (f *memFile) Write(p []byte) (int, error) {
	if err := f.use("write", os.O_RDONLY); err != nil {
		return 0, err
	}
	defer f.m.mu.Unlock()
	if f.flag&os.O_APPEND != 0 {
		f.offset = int64(len(f.node.data))
	}
	n, err := f.m.fits(len(p))
	f.m.change(f.node, dataChange{at: f.offset, data: append([]byte(nil), p[:n]...)})
	f.offset += int64(n)
	if err != nil {
		return n, &fs.PathError{Op: "write", Path: f.name, Err: err}
	}
	return n, nil
}

// WriteAt writes over what is there, and on behind it.
func (f *memFile) WriteAt(p []byte, at int64) (int, error) {
	if err := f.use("write", os.O_RDONLY); err != nil {
		return 0, err
	}
	defer f.m.mu.Unlock()
	if f.flag&os.O_APPEND != 0 || at < 0 {
		return 0, &fs.PathError{Op: "write", Path: f.name, Err: syscall.EINVAL}
	}
	there := max(min(int64(len(f.node.data))-at, int64(len(p))), 0) // takes no room
	more, err := f.m.fits(len(p) - int(there))
	n := int(there) + more
	f.m.change(f.node, dataChange{at: at, data: append([]byte(nil), p[:n]...)})
	if err != nil {
		return n, &fs.PathError{Op: "write", Path: f.name, Err: err}
	}
	return n, nil
}

func (f *memFile) ReadAt(p []byte, at int64) (int, error) {
	if err := f.use("read", os.O_WRONLY); err != nil {
		return 0, err
	}
	defer f.m.mu.Unlock()
	switch {
	case at < 0:
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: syscall.EINVAL}
	case len(p) == 0:
		return 0, nil
	case at >= int64(len(f.node.data)):
		return 0, io.EOF
	}
	n := copy(p, f.node.data[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Stat() (fs.FileInfo, error) {
	if err := f.use("stat", anyAccess); err != nil {
		return nil, err
	}
	defer f.m.mu.Unlock()
	return f.node.info(path.Base(clean(f.name))), nil
}

func (f *memFile) Truncate(size int64) error {
	if err := f.use("truncate", os.O_RDONLY); err != nil {
		return err
	}
	defer f.m.mu.Unlock()
	if size < 0 {
		return &fs.PathError{Op: "truncate", Path: f.name, Err: syscall.EINVAL}
	}
	f.m.change(f.node, dataChange{truncate: true, at: size})
	return nil
}

func (f *memFile) Sync() error {
	if err := f.use("sync", anyAccess); err != nil {
		return err
	}
	defer f.m.mu.Unlock()
	f.node.durable.syncData()
	return nil
}

// PunchHole fills with zeros. The room that it would give back on a real disk, it does not: see
// [Memory.Limit].
func (f *memFile) PunchHole(offset, size int64) error {
	if err := f.use("punch hole", os.O_RDONLY); err != nil {
		return err
	}
	defer f.m.mu.Unlock()
	if offset < 0 || size <= 0 {
		return &fs.PathError{Op: "punch hole", Path: f.name, Err: syscall.EINVAL}
	}
	if end := int64(len(f.node.data)); offset < end {
		f.m.change(f.node, dataChange{at: offset, data: make([]byte, min(size, end-offset))})
	}
	return nil
}

// TryLock has the meaning of flock(2) with LOCK_NB: it changes the kind of a lock that
// the file holds already, and loses that one where it can't.
func (f *memFile) TryLock(kind disk.Lock) error {
	if err := f.use("flock", anyAccess); err != nil {
		return err
	}
	defer f.m.mu.Unlock()
	delete(f.node.locks, f)
	for _, held := range f.node.locks {
		if kind == disk.Exclusive || held == disk.Exclusive {
			return &fs.PathError{Op: "flock", Path: f.name, Err: disk.ErrLocked}
		}
	}
	f.node.locks[f] = kind
	return nil
}

func (f *memFile) Unlock() error {
	if err := f.use("flock", anyAccess); err != nil {
		return err
	}
	defer f.m.mu.Unlock()
	delete(f.node.locks, f)
	return nil
}

func (f *memFile) Close() error {
	if err := f.use("close", anyAccess); err != nil {
		return err
	}
	defer f.m.mu.Unlock()
	f.closed = true
	delete(f.node.locks, f)
	return nil
}
