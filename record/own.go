package record

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/sshtrail/sshtrail/event"
)

// ownLog is the recorder's own log: the record of who came, how they were let in or
// not, and what happened to the recorder. It is a row of logs, since a log without an
// end could never be verified.
type ownLog struct {
	r *Recorder

	log atomic.Pointer[Log] // changed under mu

	mu      sync.Mutex // held while a log is begun: as long as the disk likes
	stopped bool
	retry   time.Duration // when a new log may be begun after one failed
}

// When a log of the recorder's own is full: the next one begins then.
const (
	ownEvents = 1 << 20
	ownAge    = 24 * time.Hour
)

func (r *Recorder) openOwn() error {
	o := &ownLog{r: r}
	log, err := o.begin("")
	if err != nil {
		return err
	}
	o.log.Store(log)
	r.own = o
	r.tellRecovered(r.recoveries)
	return nil
}

// begin begins a log that goes on from another, or from none.
func (o *ownLog) begin(continues event.ConnID) (*Log, error) {
	now := o.r.cfg.Now()
	l := o.r.newLog(event.NewConnID(now, o.r.cfg.Random), now)
	l.isOwn = true
	start := &event.GatewayStart{Version: o.r.cfg.Own.Version, Config: o.r.cfg.Own.Config, Continues: string(continues)}
	if err := l.emit(event.Gateway, 0, start); err != nil {
		return nil, err
	}
	if err := l.acquire(); err != nil {
		return nil, err
	}
	err := l.firstOpen()
	l.release()
	switch {
	case err == nil:
		return l, nil
	case l.named: // and there may be something of it in the store
		return nil, l.failed(err, nil)
	}
	l.discard()
	return nil, err
}

// discard gives up a log that was not begun.
func (l *Log) discard() {
	if !l.trouble.stop(ErrEnded) {
		return // it has failed, and whoever found that gives it up
	}
	l.ended()
	l.r.mu.Lock()
	delete(l.r.logs, l)
	delete(l.r.dirty, l)
	l.r.mu.Unlock()
	l.closeSegments(true)
	l.r.forgetCopies(l.r.dir, l.id)
}

func (o *ownLog) emit(conn event.ConnID, channel uint64, body event.Body) error {
	l := o.current()
	err := l.emit(conn, channel, body)
	switch {
	case err == nil || o.r.cfg.OnFailure == Continue && err == errGap:
		if l.written.Load() >= ownEvents || o.r.cfg.Now().Sub(l.begin) >= ownAge {
			o.roll(l)
		}
		return nil
	case o.replace(l):
		return o.current().emit(conn, channel, body)
	}
	return err
}

func (o *ownLog) current() *Log { return o.log.Load() }

// roll ends a log that is full and begins the next. If that is not possible now the
// old one goes on.
func (o *ownLog) roll(full *Log) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.current() != full || o.stopped || full.trouble.err() != nil {
		return
	}
	if next, err := o.begin(full.id); err == nil {
		o.log.Store(next)
		full.end(event.Gateway, &event.GatewayStop{Reason: "continued in log " + string(next.id)})
	}
}

// replace begins a new log after one that failed, at most once a second. It reports
// whether there is another one than failed.
func (o *ownLog) replace(failed *Log) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.current() != failed {
		return true
	}
	if now := o.r.elapsed(); o.stopped || now < o.retry || o.r.isHung() || o.r.inDoubt() {
		return false
	} else {
		o.retry = now + retryEvery
	}
	next, err := o.begin(failed.id)
	if err != nil {
		return false
	}
	o.log.Store(next)
	return true
}

// mend begins a new log if the one that there is has failed: else nobody might come to see
// that recording is possible again.
func (o *ownLog) mend() {
	l := o.current()
	if _, cause := l.trouble.state(); cause != nil && cause != errGap {
		o.replace(l)
	}
}

func (o *ownLog) stop(reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stopped = true
	o.current().end(event.Gateway, &event.GatewayStop{Reason: reason})
}
