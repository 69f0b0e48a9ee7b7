package faultdisk

import (
	"io/fs"
	"sync"

	"github.com/sshtrail/sshtrail/internal/disk"
)

// Process is a disk.FS: another one as it is seen by a process whose calls are
// numbered, and can fail. Several processes may share one file system.
type Process struct {
	under  disk.FS
	decide Decide

	mu    sync.Mutex // held while decide is asked, never during a call below
	calls []Call
	open  map[*file]bool
	dead  bool
}

var _ disk.FS = (*Process)(nil)

// NewProcess starts a process over under. A nil decide lets every call work, which is how
// to count them.
func NewProcess(under disk.FS, decide Decide) *Process {
	if decide == nil {
		decide = func(Call) Fault { return Fault{} }
	}
	return &Process{under: under, decide: decide, open: map[*file]bool{}}
}

// Calls returns all calls until now, without those of a dead process.
func (p *Process) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Call(nil), p.calls...)
}

// Open returns how many files the process has open. A test of cleaning up wants 0.
func (p *Process) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

// Kill ends the process, as kill -9 does: its files are closed and their locks free,
// and every later call returns [ErrDead]. What is written stays written.
func (p *Process) Kill() {
	p.mu.Lock()
	p.dead = true
	files := p.open
	p.open = map[*file]bool{}
	p.mu.Unlock()
	for f := range files {
		_ = f.under.Close() // nobody is left to hear of it
	}
}

// do makes one call: work does it, and short the part of it that a fault leaves (nil for none).
func (p *Process) do(c Call, work func() error, short func(n int)) error {
	fault, err := p.begin(&c)
	if err != nil {
		return pathError(c, err)
	}
	if fault.Hang != nil {
		<-fault.Hang
		if p.isDead() { // while the call hung
			return pathError(c, ErrDead)
		}
	}
	switch {
	case fault.Err == nil && !fault.Dies:
		return work()
	case fault.After:
		if err := work(); err != nil && !fault.Dies {
			return err
		}
	case fault.Short > 0 && short != nil:
		short(fault.Short)
	}
	if fault.Dies {
		p.Kill()
		return pathError(c, ErrDead)
	}
	return pathError(c, fault.Err)
}

// begin numbers the call and asks what shall become of it.
func (p *Process) begin(c *Call) (Fault, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return Fault{}, ErrDead
	}
	c.N = len(p.calls)
	p.calls = append(p.calls, *c)
	return p.decide(*c), nil
}

func (p *Process) isDead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

func pathError(c Call, err error) error {
	return &fs.PathError{Op: string(c.Op), Path: c.Name, Err: err}
}

// OpenFile is a call of kind [Open].
func (p *Process) OpenFile(name string, flag int, perm fs.FileMode) (disk.File, error) {
	var opened *file
	err := p.do(Call{Op: Open, Name: name}, func() error {
		under, err := p.under.OpenFile(name, flag, perm)
		if err != nil {
			return err
		}
		opened = &file{p: p, name: name, under: under}
		p.adopt(opened)
		return nil
	}, nil)
	if err == nil {
		return opened, nil
	}
	if opened != nil { // opened, and then failed: the kernel gives no descriptor for it
		p.drop(opened)
		_ = opened.under.Close() // the fault's error is the one to report
	}
	return nil, err
}

// adopt counts f as open; if the process died meanwhile, f goes with it.
func (p *Process) adopt(f *file) {
	p.mu.Lock()
	dead := p.dead
	if !dead {
		p.open[f] = true
	}
	p.mu.Unlock()
	if dead {
		_ = f.under.Close() // as Kill does
	}
}

func (p *Process) drop(f *file) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, f)
}

// Rename is a call of kind [Rename].
func (p *Process) Rename(oldName, newName string) error {
	return p.do(Call{Op: Rename, Name: oldName, To: newName},
		func() error { return p.under.Rename(oldName, newName) }, nil)
}

// Remove is a call of kind [Remove].
func (p *Process) Remove(name string) error {
	return p.do(Call{Op: Remove, Name: name}, func() error { return p.under.Remove(name) }, nil)
}

// MkdirAll is a call of kind [Mkdir].
func (p *Process) MkdirAll(name string, perm fs.FileMode) error {
	return p.do(Call{Op: Mkdir, Name: name}, func() error { return p.under.MkdirAll(name, perm) }, nil)
}

// ReadDir is a call of kind [ReadDir].
func (p *Process) ReadDir(name string) (entries []fs.DirEntry, err error) {
	err = p.do(Call{Op: ReadDir, Name: name}, func() (err error) {
		entries, err = p.under.ReadDir(name)
		return err
	}, nil)
	return entries, err
}

// Stat is a call of kind [Stat].
func (p *Process) Stat(name string) (info fs.FileInfo, err error) {
	err = p.do(Call{Op: Stat, Name: name}, func() (err error) {
		info, err = p.under.Stat(name)
		return err
	}, nil)
	return info, err
}

// SyncDir is a call of kind [SyncDir].
func (p *Process) SyncDir(name string) error {
	return p.do(Call{Op: SyncDir, Name: name}, func() error { return p.under.SyncDir(name) }, nil)
}

// SyncAll is a call of kind [SyncAll].
func (p *Process) SyncAll(name string) error {
	return p.do(Call{Op: SyncAll, Name: name}, func() error { return p.under.SyncAll(name) }, nil)
}

// Space is a call of kind [Space].
func (p *Process) Space(name string) (space disk.Space, err error) {
	err = p.do(Call{Op: Space, Name: name}, func() (err error) {
		space, err = p.under.Space(name)
		return err
	}, nil)
	return space, err
}
