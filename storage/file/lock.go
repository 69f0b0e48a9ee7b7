package file

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
)

const (
	// patience is how long a writer waits for the lock of a reader, which gives it
	// back at once unless it was stopped.
	patience = time.Second
	// pause is between two attempts: longer than a reader's two system calls.
	pause = time.Millisecond
)

// lock takes a writer's lock. A lock of another writer is ErrInUse at once, that of
// a reader after a second.
func lock(ctx context.Context, f disk.File) error {
	stopped := fmt.Errorf("%w, or by a reader that has not given its lock back", storage.ErrInUse)
	ctx, cancel := context.WithTimeoutCause(ctx, patience, stopped)
	defer cancel()
	for {
		err := f.TryLock(disk.Exclusive)
		if !errors.Is(err, disk.ErrLocked) {
			return err
		}
		// Who has it? A reader's lock leaves room for another such.
		switch err := f.TryLock(disk.Shared); {
		case errors.Is(err, disk.ErrLocked):
			return storage.ErrInUse
		case err != nil:
			return err
		}
		if err := f.Unlock(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// atWork reports whether a writer holds f, and leaves no lock on it. Where it can't be
// told, on a file system without locks, nobody does.
func atWork(f disk.File) (bool, error) {
	switch err := f.TryLock(disk.Shared); {
	case errors.Is(err, disk.ErrLocked):
		return true, nil
	case err != nil:
		return false, nil
	}
	return false, f.Unlock()
}
