// Package storage says what a place for logs can do.
//
// A store knows names and bytes, not SSH. A log is written once, from its beginning to
// its end, is unfinished until it is committed, and never changes afterwards.
package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// Store keeps logs. All methods may be called concurrently, also for the same name.
type Store interface {
	// Create begins a log. It fails with [ErrExist] if there is one of that name,
	// finished or not, and with an error that names the folder, bucket or limit if
	// there can't be one. The log is found by Open and List from the start, as unfinished.
	// What about tells is for stores whose listing can show it.
	Create(ctx context.Context, name Name, about About) (Writer, error)

	// Resume goes on with a log that its writer left unfinished. keep is shown its
	// bytes and returns how many of them are good; what is after them is cut off and
	// writing goes on there. If keep returns an error the log is left as it is, and
	// Resume returns that error. Resume fails with [ErrInUse] while a writer, in any
	// process, holds the log, and with [ErrNotExist] if no log of that name is unfinished.
	Resume(ctx context.Context, name Name, keep func(r io.ReaderAt, size int64) (int64, error)) (Writer, error)

	// Open opens a log for reading: the finished one, or else the unfinished one. It
	// fails with [ErrNotExist] if there is none.
	Open(ctx context.Context, name Name) (Reader, error)

	// List yields the logs whose names are not below from, in the order of their
	// names, finished and unfinished. It ends after the first error.
	List(ctx context.Context, from Name) iter.Seq2[Info, error]
}

// Writer appends to one log. Its methods are for one goroutine at a time. After an
// error a Writer stays failed and every method but Close returns that error.
type Writer interface {
	// Write appends. The bytes are then in the kernel's hands, at least: they survive
	// the end of this process, but not a power cut. The caller keeps p.
	io.Writer

	// Sync returns when all that was written survives a power cut.
	Sync() error

	// Commit makes the log finished and durable, its name too, and closes the Writer.
	// After an error the log is unfinished, or finished: Resume finds out.
	Commit(ctx context.Context) error

	// Close gives the log up as it is, unfinished, and returns what it holds. After
	// Commit it does nothing.
	Close() error
}

// Releaser is a Writer whose store holds back, on this machine, what it needs to show in
// Resume. It takes room until it is released.
type Releaser interface {
	Writer
	// Release tells that no Resume will read bytes before offset any more, nor cut there, so
	// that the store may let them go as soon as they are safe elsewhere. Offsets only
	// grow. After that Resume may be given a reader that fails for bytes before offset. It waits for
	// nothing, and the store may remember it or not.
	Release(offset int64)
}

// Tailer is a Writer whose store keeps a copy of what is unfinished where the end of this
// machine does not reach, so that [TailStore] finds it there.
type Tailer interface {
	Writer
	// Tail keeps state, which the caller needs beside the log's bytes to go on with it, together with
	// the bytes written so far: both as they are now, in place of what was kept before. Where it is
	// nil, nothing but the bytes is needed. It returns when that is safe, and may take as
	// long as the network does. Other methods may be called meanwhile.
	Tail(ctx context.Context, state []byte) error
}

// TailStore is a Store with Tailers.
type TailStore interface {
	Store
	// TailInterval is how often Tail should be called while there is something new, 0 if not at all.
	TailInterval() time.Duration
	// State returns the state that Tail has kept last for an unfinished log, nil if there is
	// none. It fails with [ErrNotExist] if no log of that name is unfinished.
	State(ctx context.Context, name Name) ([]byte, error)
}

// About is what may be told of a log to those who list where it is kept, without its bytes.
type About struct {
	// ContentType is the media type of the log.
	ContentType string
	// Metadata has facts by name, as "username". A store shows those that it was told to.
	Metadata map[string]string
}

// Reader reads one log. Its methods may be called concurrently.
type Reader interface {
	io.ReaderAt
	io.Closer
	// Size is the size that the log had when it was opened.
	Size() int64
	// Open reports whether a writer was at work on the log when it was opened, as far
	// as this store can know.
	Open() bool
}

// Info is what a listing tells about a log.
type Info struct {
	Name     Name
	Size     int64
	Modified time.Time
	Finished bool
}

// The errors that a caller can act on.
var (
	ErrExist    = errors.New("log exists")
	ErrNotExist = errors.New("no such log")
	ErrInUse    = errors.New("log is in use by its writer")
	// ErrFull says that what the store was allowed to take is taken, though its disk may
	// have room: syscall.ENOSPC and the like are for that.
	ErrFull = errors.New("store is full")
)

// Name names a log in a store: a connection's id, for some formats with a suffix.
type Name string

// maxName keeps a name with every suffix that a store adds below NAME_MAX (255).
const maxName = 128

// Validate reports whether n can be a name: 1 to 128 of a–z A–Z 0–9 - _ and, between
// others, full stops. So no name leaves a folder, hides in one or means something to a shell.
func (n Name) Validate() error {
	if n == "" || len(n) > maxName {
		return fmt.Errorf("log name of %d bytes: must have 1 to %d", len(n), maxName)
	}
	for i := range len(n) {
		c := n[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case (c == '-' || c == '_') && i > 0:
		case c == '.' && i > 0 && i < len(n)-1 && n[i-1] != '.':
		default:
			return fmt.Errorf("log name %q: may have only letters, digits, and - _ . between them", string(n))
		}
	}
	return nil
}
