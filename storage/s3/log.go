package s3

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

// log is a log of which this process has the writer, or which is finished and waits for
// its proof. Its fields are guarded by the Store's mutex, but for those that a [stateFile] guards.
type log struct {
	name     storage.Name
	writing  bool // there is a writer
	finished bool
	left     disk.File // its writer has given it up; parts that are full are sent all the same, under this lock
	size     int64
	released int64     // what Resume will not read any more
	since    time.Time // when it was finished, or created

	p    *progress  // nil while a finished log only waits
	file *stateFile // nil while nobody is at work on it

	listed bool         // it is in Store.writing
	alone  bool         // one step has the log for itself
	busy   map[int]bool // parts that are on their way; the keys below are other things
	held   bool         // no step begins
	gone   bool         // the upload is: nothing is sent before it is begun anew

	unsure  bool // something is under the log's key: what, has to be found out
	strange bool // nothing was sent there from here
	mute    bool // the store has taken it, and told nothing that proves that it has it
	replace bool // it is ours, and is to be written again, in one piece

	stop    context.CancelFunc // ends the steps at work; nil if there was none
	ctx     context.Context    // of those steps: their whole life
	waiters []chan struct{}    // closed when something has changed

	attempts int          // that failed since one succeeded
	next     time.Time    // nothing is tried before
	outage   int          // in which that was said: another one's word does not count
	rounds   int          // how often its upload was begun anew, or was in doubt
	refused  int          // how often the store did not have the parts it had acknowledged
	told     problem      // what was said of this log's own trouble
	counted  int64        // of the spool's budget
	freed    atomic.Int64 // as p.freed; readers look at it
	engaged  bool         // it counts in Store.atWork
	resting  bool         // a step has failed: what is at work ends, and nothing is held meanwhile
	lost     bool         // the upload is gone, or completed
	stopTail context.CancelFunc
}

// Keys of busy that are no numbers of parts.
const (
	freeing = -1
	tailing = -2
)

// perLog is how many parts of one log are on their way at once.
const perLog = 4

func (l *log) isIdle() bool { return !l.alone && len(l.busy) == 0 }

// changed wakes those who wait for something about l.
func (l *log) changed() {
	for _, w := range l.waiters {
		close(w)
	}
	l.waiters = nil
}

func (l *log) mark(key int) {
	if l.busy == nil {
		l.busy = map[int]bool{}
	}
	l.busy[key] = true
}

// order is that in which finished logs are uploaded: the oldest first.
func order(a, b *log) int {
	return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.name, b.name))
}

// kind is what a step does.
type kind string

const (
	nothing    kind = ""
	toTake     kind = "take"     // the log's state, to be at work on it
	toRestart  kind = "restart"  // an upload that is gone
	toSettle   kind = "settle"   // whether an object is there and has the log's bytes
	toPut      kind = "put"      // the log as a whole
	toBegin    kind = "begin"    // an upload
	toSend     kind = "part"     // of an upload
	toComplete kind = "complete" // an upload
	toClear    kind = "clear"    // what is here of a log that is proved
)

// isLocal reports whether a step makes no request that says how the store is.
func (k kind) isLocal() bool { return k == toTake || k == toRestart || k == toClear }

// step is what can be done next for l, and the part's number.
func (l *log) step() (kind, int) {
	if l.held || l.alone || !l.isOpen() && !l.finished {
		return nothing, 0
	}
	if l.p == nil {
		return toTake, 0
	}
	k, n := l.due()
	switch {
	case k == nothing:
	case l.file == nil && len(l.busy) == 0:
		return toTake, 0
	case l.file == nil || k != toSend && len(l.busy) > 0 || len(l.busy) >= perLog:
		return nothing, 0
	}
	return k, n
}

// isOpen reports whether parts of l are sent although it is not finished.
func (l *log) isOpen() bool { return l.writing || l.left != nil }

// hasWork reports whether there is something to do for a log that is open.
func (l *log) hasWork() bool {
	if !l.isOpen() {
		return false
	}
	k, _ := l.due()
	return k != nothing
}

// due is what comes next, whoever is at work.
func (l *log) due() (kind, int) {
	p := l.p
	switch {
	case p.proved && l.finished:
		return toClear, 0
	case l.gone || l.finished && l.size == p.schedule.base && p.upload != "": // no upload has no parts
		return toRestart, 0
	case l.unsure:
		return toSettle, 0
	case l.replace, p.upload == "" && l.finished && l.size-p.schedule.base <= p.schedule.first:
		return toPut, 0
	}
	n := p.done + 1
	for ; l.busy[n] || p.parts[n].Number == n; n++ {
	}
	start, size := p.schedule.start(n), p.schedule.sizeOf(n)
	switch {
	case start+size > l.size && !(l.finished && start < l.size):
		if l.finished && len(l.busy) == 0 {
			return toComplete, 0
		}
		return nothing, 0
	case n > bucket.MaxParts: // complete says so
		if l.finished && len(l.busy) == 0 {
			return toComplete, 0
		}
		return nothing, 0
	case p.upload == "":
		return toBegin, 0
	}
	return toSend, n
}

// span is the place of a part in the log.
func (l *log) span(n int) (offset, size int64) {
	offset = l.p.schedule.start(n)
	return offset, min(l.p.schedule.sizeOf(n), l.size-offset)
}

// errStopped ends the steps of a log that its writer has given up, or of a store that is closed.
var errStopped = errors.New("stopped")
