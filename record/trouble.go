package record

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sshtrail/sshtrail/event"
)

// trouble is a log's state when recording cannot go on, by policy: Stop, and it stays
// so; or Continue, and what passes is counted until recording goes on. It has its own
// lock, never held while waiting, for it must work when everything else is stuck.
type trouble struct {
	// lastWords is set while the log's end is written in spite of the trouble.
	lastWords atomic.Bool

	mu     sync.Mutex
	on     chan struct{} // closed while there is trouble
	cause  error         // nil without trouble; errGap under Continue
	tell   func(error)   // by OnFailure
	gap    event.Gap
	passed uint64        // events in the gap, also when gap says that nobody knows
	retry  time.Duration // under Continue, when to try again, in Recorder.elapsed
}

// errGap says that something is let go unrecorded, by policy.
var errGap = errors.New("not recorded, as the failure policy says")

// errAgain says that a gap has ended before an event was let go as part of it.
var errAgain = errors.New("not recorded, and no gap: try again")

const retryEvery = time.Second

func (t *trouble) init() { t.on = make(chan struct{}) }

// OnFailure has f called, once, when the log can't be recorded any more and its
// connection must end. Emit says so too, but may itself be stuck on the disk that failed.
func (l *Log) OnFailure(f func(error)) {
	t := &l.trouble
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cause != nil && t.cause != errGap {
		go f(t.cause) // f ends by itself
		return
	}
	t.tell = f
}

// began returns a channel that is closed when there is trouble.
func (t *trouble) began() <-chan struct{} {
	if t.lastWords.Load() {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.on
}

// err returns the cause of the trouble, nil if there is none.
func (t *trouble) err() error {
	if t.lastWords.Load() {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cause
}

// state returns the trouble that there is, also while the last words are written: a
// channel that is closed when there is some, and its cause.
func (t *trouble) state() (<-chan struct{}, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.on, t.cause
}

// stop begins trouble for good. It reports whether there was none before.
func (t *trouble) stop(cause error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cause != nil {
		return false
	}
	t.cause = cause
	close(t.on)
	if t.tell != nil {
		go t.tell(cause) // ends by itself
	}
	return true
}

// begin begins a gap. It reports whether there was none before.
func (t *trouble) begin(cause error, since int64, now time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.retry = now + retryEvery
	if t.cause != nil {
		return false
	}
	t.cause, t.passed, t.gap = errGap, 0, event.Gap{Messages: new(uint64), Bytes: new(uint64), Since: since, Reason: cause.Error()}
	close(t.on)
	return true
}

// stopGap makes a gap the end: what passes from now on is nothing. It returns the gap,
// and whether there was one.
func (t *trouble) stopGap() (event.Gap, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cause != errGap {
		return event.Gap{}, false
	}
	t.cause = ErrEnded
	return snapshot(t.gap), true
}

// snapshot returns a gap that goes on being counted as it is now.
func snapshot(g event.Gap) event.Gap {
	if g.Messages != nil {
		messages, bytes := *g.Messages, *g.Bytes
		g.Messages, g.Bytes = &messages, &bytes
	}
	return g
}

// count counts an event that passes unrecorded; nil is one whose record may be lost. It
// reports whether there is a gap that it belongs to: one may have ended meanwhile.
func (t *trouble) count(body event.Body) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cause == nil {
		return false
	}
	t.passed++
	if body == nil {
		t.gap.Messages, t.gap.Bytes = nil, nil
	}
	if t.gap.Messages == nil {
		return true
	}
	*t.gap.Messages++
	if io, ok := body.(*event.IO); ok {
		*t.gap.Bytes += uint64(len(io.Data))
	}
	return true
}

// tryResume ends a gap of a log that nothing happens to.
func (l *Log) tryResume() {
	if l.acquire() == nil {
		l.release()
	}
}

// inGap reports whether what passes now is not recorded.
func (t *trouble) inGap() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cause == errGap
}

// due reports whether it is time to try again, and moves that time on. It returns the gap,
// and how many events are in it.
func (t *trouble) due(now time.Duration) (gap event.Gap, passed uint64, due bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now < t.retry {
		return event.Gap{}, 0, false
	}
	t.retry = now + retryEvery
	return snapshot(t.gap), t.passed, true
}

// end ends a gap that was recorded when it had passed events. It reports whether that was all:
// what has passed since is another gap, which began at now.
func (t *trouble) end(recorded event.Gap, passed uint64, now int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.passed == passed {
		t.cause, t.gap, t.passed, t.on = nil, event.Gap{}, 0, make(chan struct{})
		return true
	}
	rest := event.Gap{Since: now, Reason: t.gap.Reason}
	if t.gap.Messages != nil && recorded.Messages != nil {
		messages, bytes := *t.gap.Messages-*recorded.Messages, *t.gap.Bytes-*recorded.Bytes
		rest.Messages, rest.Bytes = &messages, &bytes
	}
	t.gap, t.passed = rest, t.passed-passed
	return false
}

// acquire takes the log's lock, or gives up when there is trouble. Under Continue who
// gets the lock tries, once a second, to go on recording.
func (l *Log) acquire() error {
	if err := l.lock(); err != nil {
		return err
	}
	err := l.trouble.err()
	if err == errGap {
		err = l.resume()
	}
	if err != nil {
		l.release()
	}
	return err
}

// lock takes the log's lock, or gives up when there is trouble, also while somebody else
// writes the end in spite of it.
func (l *Log) lock() error {
	select {
	case l.sem <- struct{}{}:
		return nil
	default:
	}
	for {
		on, cause := l.trouble.state()
		if cause != nil {
			return cause
		}
		select {
		case l.sem <- struct{}{}:
			return nil
		case <-on:
		}
	}
}

func (l *Log) release() { <-l.sem }

// failed decides what an error means for the event that met it: by policy, if it is
// the disk's. body is nil if it was recorded but perhaps not durably.
func (l *Log) failed(err error, body event.Body) error {
	switch {
	case errors.Is(err, ErrEnded), errors.Is(err, errTooMuch), errors.Is(err, errEncode):
		return err
	case l.r.cfg.OnFailure == Continue:
		l.miss(err)
		if _, last := body.(*event.Disconnect); last {
			return errGap
		}
		for !l.trouble.count(body) {
			if body != nil {
				return errAgain
			}
			l.miss(errUnsure)
		}
		return nil
	}
	l.stop(err)
	return err
}

// miss begins a gap.
func (l *Log) miss(err error) {
	if err != errGap && l.trouble.begin(err, l.r.cfg.Now().UnixNano(), l.r.elapsed()) {
		l.r.count.gaps.Add(1)
		l.r.failure(err)
		l.r.cfg.Logger.Error("recording has a gap; the session goes on, as audit.onFailure says", "connection", l.id, "error", err)
	}
}

// stop ends recording for good, and with it the connection.
func (l *Log) stop(err error) {
	if l.trouble.stop(err) {
		l.r.failure(err)
		l.r.cfg.Logger.Error("recording is not possible; the session ends, as audit.onFailure says", "connection", l.id, "error", err)
		l.r.ending.Go(func() { l.abandon(err) }) // ends when the disk has answered
	}
}

// abandon tries to write the end of a log that failed, with the reason.
func (l *Log) abandon(cause error) {
	why := "recording is not possible: " + cause.Error()
	if l.isOwn {
		l.end(event.Gateway, &event.GatewayStop{Reason: why})
		return
	}
	l.end(l.id, &event.Disconnect{By: event.ByGateway, Reason: why})
}

// endInGap ends a log whose connection ends while nothing can be recorded.
func (l *Log) endInGap(last *event.Disconnect) error {
	gap, ok := l.trouble.stopGap()
	if !ok {
		return ErrEnded
	}
	end := *last                                      // the caller may use it again
	l.r.ending.Go(func() { l.end(l.id, &gap, &end) }) // ends when the disk has answered
	return nil
}

// end writes the last events of a log in spite of the trouble that it is in. If that
// fails the log is left to recovery.
func (l *Log) end(conn event.ConnID, last ...event.Body) {
	l.sem <- struct{}{} // its holder may be stuck: then this is, and holds up nobody else
	defer l.release()
	if l.phase == ended {
		return
	}
	l.trouble.lastWords.Store(true)
	l.r.makeRoom()
	if l.q.again() {
		l.r.ending.Go(l.drain) // ends when the queue is empty
	}
	var err error
	if l.login && l.phase == early {
		err = l.open()
	}
	for len(last) > 0 && err == nil {
		if err = l.record(conn, 0, last[0]); err == nil {
			last = last[1:]
		}
	}
	if err != nil {
		l.unsaid = unsaid{first: l.next, early: l.early, last: last}
		l.ended()
		l.leave(err)
	} else if l.isOwn {
		l.finish()
	}
}

// resume tries to go on after a gap, which it records. The caller holds the log.
func (l *Log) resume() error {
	gap, passed, due := l.trouble.due(l.r.elapsed())
	if !due || l.waits(deadline) >= 0 || l.r.onlyEnds.Load() {
		return errGap
	}
	l.trouble.lastWords.Store(true)
	defer l.trouble.lastWords.Store(false)
	if l.login && l.phase == early {
		if err := l.open(); err != nil {
			return errGap
		}
	}
	if err := l.record(l.id, 0, &gap); err != nil {
		return errGap
	}
	l.unsure.Store(false) // what may be lost is part of the gap
	over := l.trouble.end(gap, passed, l.r.cfg.Now().UnixNano())
	if !l.isOwn {
		l.tee(0, &gap) // it is in the log already, and this is the record beside
	}
	if !over {
		return errGap
	}
	l.r.cfg.Logger.Warn("recording goes on after a gap", "connection", l.id)
	return nil
}
