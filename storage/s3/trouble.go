package s3

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

// Uploads are tried for ever, these times apart.
const (
	firstPause = time.Second
	lastPause  = time.Minute
	// hopeless is for what can't succeed. It is tried all the same: a store may have been mended, or
	// somebody in front of it was the one who said so.
	hopeless = time.Hour
)

// pause is how long to wait after so many attempts that failed, never the same for two.
func pause(attempts int) time.Duration {
	d := firstPause << min(attempts-1, 10)
	d = min(d, lastPause)
	return d/2 + rand.N(d/2)
}

// problem is a kind of trouble. A message is told when it becomes another one.
type problem string

const (
	fine     problem = ""
	retry    problem = problem(bucket.Retry)
	operator problem = problem(bucket.Operator)
	final    problem = problem(bucket.Final)
	here     problem = "here"     // the log can't be read on this machine, or its state written
	conflict problem = "conflict" // something else has the log's key

	busyElsewhere problem = "busy" // another process is at work on it: no trouble at all
)

// trouble is an error that belongs to one log alone.
type trouble struct {
	kind problem
	err  error
}

func (t *trouble) Error() string { return t.err.Error() }
func (t *trouble) Unwrap() error { return t.err }

// atFault returns what kind of trouble err is, and whether it is one log's alone.
func atFault(err error) (kind problem, own bool) {
	if t, ok := errors.AsType[*trouble](err); ok {
		return t.kind, true
	}
	kind = problem(bucket.ClassOf(err))
	return kind, kind == final
}

// gate holds all requests back while the store does not work, but for one at a time that
// finds out whether it does again.
type gate struct {
	failures int
	until    time.Time // when the next may be tried
	trying   bool
	turn     int // changes with each failure that counts: those that were begun before it count no more
	outages  int // that are over
	told     problem
	since    time.Time
	err      error
}

// patient is after how many failures in a row somebody is told that the store does not work: single ones
// are daily bread.
const patient = 2

// failed notes a request that has failed and was begun in a turn.
func (g *gate) failed(turn int, kind problem, err error, logger *slog.Logger) {
	if turn != g.turn {
		return
	}
	g.turn++
	if g.failures++; g.failures == 1 {
		g.since = time.Now()
	}
	g.until, g.err = time.Now().Add(pause(g.failures)), err
	if kind == g.told || kind == retry && g.failures < patient && g.told == fine {
		return
	}
	g.told = kind
	if kind == operator {
		logger.Error("uploads do not work until somebody mends what keeps them; logs wait on this machine", "error", err)
		return
	}
	logger.Warn("uploads do not work for now, and are tried until they do; logs wait on this machine", "error", err)
}

// worked notes a request that the store has answered as it should.
func (g *gate) worked(logger *slog.Logger) {
	if g.failures == 0 {
		return
	}
	if g.told != fine {
		logger.Info("uploads work again", "after", time.Since(g.since).Round(time.Second))
	}
	*g = gate{turn: g.turn + 1, outages: g.outages + 1}
}

// isOpen reports whether a request may be made at once, and if not, when to ask again.
func (g *gate) isOpen(now time.Time) (bool, time.Time) {
	switch {
	case g.failures == 0:
		return true, time.Time{}
	case g.trying:
		return false, time.Time{} // its end says so
	}
	return !now.Before(g.until), g.until
}

// tellOwn tells of a log's own trouble, when it has become another one.
func (s *Store) tellOwn(l *log, kind problem, err error) {
	if l.told == kind {
		return
	}
	l.told = kind
	what := ""
	switch kind {
	case here:
		what = "a log can't be read, or its state not written, on this machine; it is tried until it works"
	case conflict:
		what = "a log can't be stored: see to what is in its place; it stays on this machine until then"
	case final:
		what = "a log is refused by the store for good; it stays on this machine, and is tried once an hour"
	default:
		what = "a log can't be stored until somebody mends what keeps it; it stays on this machine"
	}
	s.logger.Error(what, "log", string(l.name), "folder", s.spool.dir, "error", err)
}

// isStopped reports whether err came of a step's being ended from here.
func isStopped(ctx context.Context) bool { return ctx.Err() != nil }
