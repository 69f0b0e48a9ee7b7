package record

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/sshtrail/sshtrail/event"
)

// mender finishes what was left, so that no restart is needed for it. Its methods are
// for one goroutine at a time, which holds busy.
type mender struct {
	busy     chan struct{} // has room for who is at it
	pause    time.Duration // between two tries
	next     time.Duration // when to try again, in Recorder.elapsed
	nextDead time.Duration // likewise, for what dead processes have left
}

// The logs that this process has given up are tried soon, and then less and less often
// while that does not work; what dead processes have left, seldom.
const (
	minMend  = time.Second
	maxMend  = time.Minute
	deadMend = 30 * time.Second
)

// keepLoop looks at the disks and mends, until ctx ends. A disk that does not answer
// holds up neither it nor the end.
func (r *Recorder) keepLoop(ctx context.Context) {
	tick := time.NewTicker(minMend)
	defer tick.Stop()
	r.mender.nextDead = r.elapsed() + deadMend
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		r.watchVolumes()
		r.resumeAll()
		select {
		case r.mender.busy <- struct{}{}:
			r.beside.Go(func() { // ends when the disk has answered
				defer func() { <-r.mender.busy }()
				r.mend(ctx)
			})
		default:
		}
	}
}

// resumeAll ends gaps, as soon as that is possible, of logs that nothing happens to.
func (r *Recorder) resumeAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for l := range r.logs {
		if l.trouble.inGap() {
			r.beside.Go(l.tryResume) // ends when its disk has answered, or the deadline is over
		}
	}
}

// mend does what is due.
func (r *Recorder) mend(ctx context.Context) {
	m := &r.mender
	if r.own != nil {
		r.own.mend()
	}
	if now := r.elapsed(); now >= m.next {
		if r.mendLeft(ctx) {
			m.pause = 0
		}
		m.pause = min(max(2*m.pause, minMend), maxMend)
		m.next = now + m.pause
	}
	if now := r.elapsed(); now >= m.nextDead {
		m.nextDead = now + deadMend
		recovered, err := r.recoverDead(ctx)
		if err != nil && ctx.Err() == nil {
			r.cfg.Logger.Error("what other processes have left in the journal can't be recovered now", "error", err)
		}
		r.tellRecovered(recovered)
	}
}

// mendLeft tries to finish the logs that this process has given up, and reports whether
// none is left.
func (r *Recorder) mendLeft(ctx context.Context) bool {
	r.mu.Lock()
	left := maps.Clone(r.left)
	r.mu.Unlock()
	if len(left) == 0 {
		return true
	}
	segments, err := namedSegments(r.cfg.FS, r.dir)
	if err != nil {
		r.cfg.Logger.Error("logs that were given up can't be finished now", "error", err)
		return false
	}
	done := true
	for _, id := range slices.Sorted(maps.Keys(left)) {
		if ctx.Err() != nil {
			return false
		}
		rec := r.recoverLog(ctx, r.dir, id, segments[id], left[id])
		if rec.Err != nil && !errors.Is(rec.Err, ErrNothingSaved) {
			done = false
			continue
		}
		r.mu.Lock()
		delete(r.left, id)
		r.mu.Unlock()
		r.tellRecovered([]Recovery{rec})
	}
	return done
}

// lastMend tries once more to finish what is left, at the end, as long as ctx lasts.
func (r *Recorder) lastMend(ctx context.Context) {
	done := make(chan struct{})
	go func() { // ends when the disk has answered
		defer close(done)
		r.mender.busy <- struct{}{}
		defer func() { <-r.mender.busy }()
		r.mendLeft(ctx)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// tellRecovered records what was recovered in the recorder's own log.
func (r *Recorder) tellRecovered(recovered []Recovery) {
	if r.own == nil {
		return
	}
	for _, rec := range recovered {
		if rec.Err == nil {
			// What can't be recorded was in the messages.
			r.own.emit(event.Gateway, 0, &event.Recovered{Log: string(rec.Log), Saved: rec.Saved})
		}
	}
}
