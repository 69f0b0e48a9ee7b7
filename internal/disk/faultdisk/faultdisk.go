// Package faultdisk is a disk for tests: every call to it can be made to fail.
//
// It has two parts that work alone or together. [Process] stands for one process's
// view of any file system: it numbers the calls and asks the test what each of them
// shall do: work, fail, hang, or be where the process dies. [Memory] is a file system
// in memory that knows what was synced, and so what a power cut leaves of it.
//
// A test that a piece of work survives a fault at each of its calls runs it once to
// count them and then once more for each k:
//
//	m := faultdisk.NewMemory()
//	p := faultdisk.NewProcess(m, faultdisk.At(k, faultdisk.Fault{Dies: true}))
//	work(p)            // ends with ErrDead
//	recover(m)         // after kill -9: the kernel still has everything
//	recover(m.PowerCut(seed))
package faultdisk

import (
	"errors"
	"fmt"
)

// ErrDead is what every call returns once the process has died. Code under test must
// not get any further than that: its process is no more.
var ErrDead = errors.New("the process is dead")

// Op is the kind of a call: a method of disk.FS or of disk.File.
type Op string

// The kinds of calls. FStat is File.Stat, Stat is FS.Stat.
const (
	Open     Op = "open"
	Rename   Op = "rename"
	Remove   Op = "remove"
	Mkdir    Op = "mkdir"
	ReadDir  Op = "readdir"
	Stat     Op = "stat"
	SyncDir  Op = "syncdir"
	SyncAll  Op = "syncall"
	Space    Op = "space"
	Write    Op = "write"
	Read     Op = "read"
	FStat    Op = "fstat"
	Truncate Op = "truncate"
	Sync     Op = "sync"
	Punch    Op = "punch"
	Lock     Op = "lock"
	Unlock   Op = "unlock"
	Close    Op = "close"
)

// Call is one call that a process makes.
type Call struct {
	N    int    // its number, from 0, among all of the process's calls
	Op   Op     // what it does
	Name string // the file or folder
	To   string // Rename: the new name
	Size int64  // Write, Read: how many bytes; Truncate: the new size
}

// String says what the call is, for the message of a test that fails at it.
func (c Call) String() string {
	switch {
	case c.To != "":
		return fmt.Sprintf("call %d: %s %s to %s", c.N, c.Op, c.Name, c.To)
	case c.Op == Write || c.Op == Read || c.Op == Truncate:
		return fmt.Sprintf("call %d: %s %s (%d)", c.N, c.Op, c.Name, c.Size)
	}
	return fmt.Sprintf("call %d: %s %s", c.N, c.Op, c.Name)
}

// Fault says what becomes of a call. The zero Fault lets it work.
type Fault struct {
	// Err is returned by the call, as the cause of an *fs.PathError: syscall.ENOSPC,
	// EIO, EROFS, EDQUOT, EMFILE and so on.
	Err error
	// Dies ends the process here: this call and all later ones return ErrDead, and the
	// files that it holds are closed, so that their locks are free.
	Dies bool
	// After makes the call take effect, whole, before it fails or the process dies:
	// a rename that the disk has made although it reports EIO.
	After bool
	// Short is how many bytes of a Write reach the file all the same, with Err or Dies.
	Short int
	// Hang keeps the call, before anything else, until the channel is closed.
	Hang <-chan struct{}
}

// Decide is asked once for each call, in their order. It must not use the process.
type Decide func(Call) Fault

// At is the fault f at call n, and no other.
func At(n int, f Fault) Decide {
	return func(c Call) Fault {
		if c.N == n {
			return f
		}
		return Fault{}
	}
}

// From is the fault f at call n and at every later one of these kinds, or of any kind
// if there are none: a disk that is full stays full.
func From(n int, f Fault, ops ...Op) Decide {
	return func(c Call) Fault {
		if c.N < n {
			return Fault{}
		}
		for _, op := range ops {
			if c.Op == op {
				return f
			}
		}
		if len(ops) == 0 {
			return f
		}
		return Fault{}
	}
}
