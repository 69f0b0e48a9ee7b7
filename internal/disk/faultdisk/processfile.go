package faultdisk

import (
	"io/fs"

	"github.com/sshtrail/sshtrail/internal/disk"
)

// file is a file that a [Process] has open.
type file struct {
	p     *Process
	name  string
	under disk.File
}

var _ disk.File = (*file)(nil)

func (f *file) Write(b []byte) (n int, err error) {
	err = f.p.do(Call{Op: Write, Name: f.name, Size: int64(len(b))}, func() (err error) {
		n, err = f.under.Write(b)
		return err
	}, func(short int) {
		n, _ = f.under.Write(b[:min(short, len(b))]) // n says what became of it
	})
	return n, err
}

// WriteAt is a call of kind [Write].
func (f *file) WriteAt(b []byte, at int64) (n int, err error) {
	err = f.p.do(Call{Op: Write, Name: f.name, Size: int64(len(b))}, func() (err error) {
		n, err = f.under.WriteAt(b, at)
		return err
	}, func(short int) {
		n, _ = f.under.WriteAt(b[:min(short, len(b))], at) // n says what became of it
	})
	return n, err
}

func (f *file) ReadAt(b []byte, at int64) (n int, err error) {
	err = f.p.do(Call{Op: Read, Name: f.name, Size: int64(len(b))}, func() (err error) {
		n, err = f.under.ReadAt(b, at)
		return err
	}, nil)
	return n, err
}

func (f *file) Stat() (info fs.FileInfo, err error) {
	err = f.p.do(Call{Op: FStat, Name: f.name}, func() (err error) {
		info, err = f.under.Stat()
		return err
	}, nil)
	return info, err
}

func (f *file) Truncate(size int64) error {
	return f.p.do(Call{Op: Truncate, Name: f.name, Size: size}, func() error { return f.under.Truncate(size) }, nil)
}

func (f *file) Sync() error {
	return f.p.do(Call{Op: Sync, Name: f.name}, f.under.Sync, nil)
}

func (f *file) PunchHole(offset, size int64) error {
	return f.p.do(Call{Op: Punch, Name: f.name, Size: size}, func() error { return f.under.PunchHole(offset, size) }, nil)
}

func (f *file) TryLock(kind disk.Lock) error {
	return f.p.do(Call{Op: Lock, Name: f.name}, func() error { return f.under.TryLock(kind) }, nil)
}

func (f *file) Unlock() error {
	return f.p.do(Call{Op: Unlock, Name: f.name}, f.under.Unlock, nil)
}

// Close gives the descriptor back even if it fails, as close(2) does on Linux.
func (f *file) Close() error {
	closed := false
	err := f.p.do(Call{Op: Close, Name: f.name}, func() error {
		closed = true
		f.p.drop(f)
		return f.under.Close()
	}, nil)
	if err != nil && !closed && !f.p.isDead() {
		f.p.drop(f)
		_ = f.under.Close() // the fault's error is the one to report
	}
	return err
}
