package record

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// do runs an operation on a disk: watched, and within the bound of those at once.
func (l *Log) do(what int, op func() error) error {
	if err := l.begins(what); err != nil {
		return err
	}
	defer l.ends(what)
	return op()
}

func (l *Log) begins(what int) error {
	l.busy[what].Store(int64(l.r.elapsed()) | 1)
	for {
		select {
		case l.slots(what) <- struct{}{}:
			return nil
		case <-l.trouble.began():
			if err := l.trouble.err(); err != nil {
				l.busy[what].Store(0)
				return err
			}
		}
	}
}

func (l *Log) ends(what int) {
	<-l.slots(what)
	l.busy[what].Store(0)
}

func (l *Log) slots(what int) chan struct{} {
	if what == busyStore || what == busyStoreSync {
		return l.r.storeOps
	}
	return l.r.journalOps
}

var errHung = fmt.Errorf("has not answered for %v", deadline)

// errStuck says that an operation that was given up is still at work.
var errStuck = errors.New("the disk has not answered yet")

// wait is do for who holds the log. A log that goes on whatever happens (Continue, and
// the recorder's own) can't let its holder be stuck on a disk: there the operation is
// given up after the deadline. It must then touch nothing of the log, and undo is called
// once it has returned, if it did succeed.
func (l *Log) wait(what int, op func() error, undo func()) error {
	if !l.patient() {
		return l.do(what, op)
	}
	if l.stuck != nil {
		select {
		case <-l.stuck:
			l.stuck = nil
		default:
			return errStuck
		}
	}
	var over atomic.Bool // who sets it first, the operation or its waiter, decides
	done, returned := make(chan error, 1), make(chan struct{})
	go func() { // ends when the disk has answered
		defer close(returned)
		err := l.do(what, op)
		if over.CompareAndSwap(false, true) {
			done <- err
			return
		}
		if err == nil {
			undo()
		}
		l.r.stuckOps.Add(-1)
	}()
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
	}
	l.r.stuckOps.Add(1) // before who is stuck can return
	if !over.CompareAndSwap(false, true) {
		l.r.stuckOps.Add(-1)
		return <-done
	}
	l.stuck = returned
	return fmt.Errorf("the disk %w", errHung)
}

// patient reports whether the log outlives a disk that hangs.
func (l *Log) patient() bool { return l.isOwn || l.r.cfg.OnFailure == Continue }

// logsWait reports whether logs wait for a disk for long.
func (r *Recorder) logsWait() bool { return r.stuckOps.Load() > 0 || r.hungLogs.Load() > 0 }

// isHung reports whether a disk is known not to answer. It waits for none.
func (r *Recorder) isHung() bool {
	return r.logsWait() || slices.ContainsFunc(r.volumes, (*volume).isSlow)
}
