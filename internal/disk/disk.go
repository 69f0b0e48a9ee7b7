// Package disk is the part of a file system that keeping logs needs.
//
// Journal and file store reach the disk through [FS] alone, so that a test can number
// their calls and make any of them fail, or stop the world there.
package disk

import (
	"errors"
	"io"
	"io/fs"
)

// FS is a file system. All methods may be called concurrently. Names are as for
// package os; errors are those of package os, so errors.Is(err, fs.ErrNotExist) works.
type FS interface {
	// OpenFile opens as os.OpenFile does, with O_CLOEXEC.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// Rename replaces what has the new name. It is durable after SyncDir.
	Rename(oldName, newName string) error
	Remove(name string) error
	MkdirAll(name string, perm fs.FileMode) error
	ReadDir(name string) ([]fs.DirEntry, error)
	Stat(name string) (fs.FileInfo, error)
	// SyncDir makes the names in a folder durable.
	SyncDir(name string) error
	// SyncAll makes durable all that was written to the disk of a file or folder: bytes,
	// sizes and names, of others too. It fails with errors.ErrUnsupported where the system
	// can't.
	SyncAll(name string) error
	// Space tells how much room there is on the disk of a file or folder.
	Space(name string) (Space, error)
}

// Space is the room on a disk, for who asks: what is kept for root counts for root.
type Space struct {
	Free, Size       uint64 // bytes
	FreeFiles, Files uint64 // how many can be made, and be; 0 and 0 where there is no such limit
}

// File is an open file. Write appends if it was opened with O_APPEND.
type File interface {
	io.Writer
	io.ReaderAt
	// WriteAt is not for files that were opened with O_APPEND.
	io.WriterAt
	io.Closer
	Stat() (fs.FileInfo, error)
	Truncate(size int64) error
	// Sync makes all that was written durable: its bytes and its size, not its name.
	Sync() error
	// PunchHole gives back the room of size bytes from offset, which read as zeros from then on;
	// the file's size and its other bytes stay. It fails with [errors.ErrUnsupported] where
	// the file system, or the system, can't do that.
	PunchHole(offset, size int64) error
	// TryLock takes the file's advisory lock (flock) or returns [ErrLocked] at once.
	// Closing the file gives it back.
	TryLock(kind Lock) error
	// Unlock gives the lock back.
	Unlock() error
}

// Lock is a kind of advisory lock.
type Lock int

// Shared is for readers that ask whether a writer is there, Exclusive for writers.
const (
	Shared Lock = iota
	Exclusive
)

// ErrLocked says that somebody else holds a lock that excludes the one asked for.
var ErrLocked = errors.New("locked by another process")
