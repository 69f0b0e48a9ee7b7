package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
	"time"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/storage"
)

// The state of a log that its store keeps elsewhere (storage.Tailer) is what its journal has,
// in one piece: the frame of its checkpoint, if there is one, and a frame for each segment.

// tailsAtOnce bounds the tails that are on their way at once.
const tailsAtOnce = 16

// tails says how often tails are kept; the zero tails keeps none.
type tails struct {
	interval time.Duration
	ofStore  bool // in the store of the logs, too, and not in copies' only
	slots    chan struct{}
	fail     atomic.Bool
}

func (r *Recorder) openTails() {
	r.tails.slots = make(chan struct{}, tailsAtOnce)
	r.tails.interval = tailInterval(r.cfg.Store)
	r.tails.ofStore = r.tails.interval > 0
	for _, c := range r.copiers {
		if every := tailInterval(c.Store); every > 0 && c.View == nil {
			c.tails = true
			r.tails.interval = min(every, cmp.Or(r.tails.interval, every))
		}
	}
}

func tailInterval(store storage.Store) time.Duration {
	if s, ok := store.(storage.TailStore); ok {
		return s.TailInterval()
	}
	return 0
}

// tailLoop has the tails of all logs kept that have grown, until ctx ends.
func (r *Recorder) tailLoop(ctx context.Context) {
	if r.tails.interval == 0 {
		return
	}
	tick := time.NewTicker(r.tails.interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, l := range r.openLogs() {
			l.keepTails(ctx)
		}
	}
}

// keepTails has the log's tail kept wherever that is asked for, if there is something new.
func (l *Log) keepTails(ctx context.Context) {
	if l.over.Load() || !l.q.hasWriter() {
		return
	}
	if l.r.tails.ofStore {
		l.tail.send(ctx, l, func() (storage.Writer, []byte, error) {
			state, err := l.tailState()
			l.q.writerMu.Lock()
			defer l.q.writerMu.Unlock() // the network may take its time, and others need the writer
			return l.q.writer, state, err
		})
	}
	l.copied.askTails()
}

// tailAge is how old a tail may get. One that has not changed is kept again then, so that
// a session in which nothing happens can be told from one whose machine is gone.
const tailAge = 2 * time.Minute

// tail is a log's tail in one place.
type tail struct {
	busy atomic.Bool // it is on the way; guards the fields below it
	kept uint64      // events, when it was kept last
	at   time.Duration
}

// send has the tail kept by its log's writer, nil if that is gone, beside the caller.
func (t *tail) send(ctx context.Context, l *Log, gather func() (storage.Writer, []byte, error)) {
	if !t.busy.CompareAndSwap(false, true) {
		return
	}
	l.r.beside.Go(func() { // ends when the store has answered, or ctx ends
		defer t.busy.Store(false)
		written := l.written.Load()
		if written == t.kept && l.r.elapsed()-t.at < tailAge {
			return
		}
		select {
		case l.r.tails.slots <- struct{}{}:
			defer func() { <-l.r.tails.slots }()
		case <-ctx.Done():
			return
		}
		writer, state, err := gather()
		w, ok := writer.(storage.Tailer)
		if err == nil && !ok {
			return
		}
		if err == nil {
			err = w.Tail(ctx, state)
		}
		if err == nil {
			t.kept, t.at = written, l.r.elapsed()
		}
		if ctx.Err() == nil {
			l.r.tails.tell(l, err)
		}
	})
}

// tell tells when tails can't be kept, and when they can be again.
func (t *tails) tell(l *Log, err error) {
	switch failed := err != nil; {
	case t.fail.Swap(failed) == failed:
	case failed:
		l.r.cfg.Logger.Error("the ends of open logs can't be kept in the store; that is tried again", "connection", l.id, "error", err)
	default:
		l.r.cfg.Logger.Info("the ends of open logs can be kept in the store again")
	}
}

// tailState returns what recovery needs beside the log's bytes. What goes into the log
// while it is gathered may be in both.
func (l *Log) tailState() ([]byte, error) {
	var state []byte
	l.checks.mu.Lock()
	latest := l.checks.latest
	l.checks.mu.Unlock()
	if latest != nil {
		frame, err := latest.encode()
		if err != nil {
			return nil, err
		}
		state = append(state, frame...)
	}
	l.q.mu.Lock()
	all := append(append([]*segment(nil), l.q.stored...), l.q.segments...)
	if l.q.active != nil {
		all = append(all, l.q.active)
	}
	l.q.mu.Unlock()
	for _, s := range all {
		if s.file == nil {
			continue
		}
		b, err := readWhole(l.r.cfg.FS, s.file.path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it went into the log
		}
		if err != nil {
			return nil, fmt.Errorf("read journal: %w", err)
		}
		state = append(state, newFrame(frameSegment, b, 0)...)
	}
	return state, nil
}

// openLogs returns the logs that have a journal.
func (r *Recorder) openLogs() []*Log {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*Log, 0, len(r.logs))
	for l := range r.logs {
		all = append(all, l)
	}
	return all
}

// parseState is the opposite of tailState.
func parseState(log event.ConnID, state []byte) (point *checkpoint, segments []journalSegment, err error) {
	_, err = eachFrame(state, 0, func(kind byte, content []byte) error {
		switch {
		case kind == frameCheckpoint && point == nil:
			point, err = decodeCheckpoint(content)
			return err
		case kind != frameSegment:
			return errFrame
		}
		s, err := parseSegment(content)
		if s != nil && s.Log == log { // else the file was another log's by the time that it was read
			segments = append(segments, *s)
		}
		return err
	})
	sortSegments(segments)
	return point, segments, err
}

// RecoverStore finishes the logs in a store that keeps them where the end of the machine
// which wrote them does not reach, from what that machine has left there: all of them that
// nobody has finished, or the one of that name. No machine may be writing them any more. of
// cfg it takes Store, Block, Logger and Now.
func RecoverStore(ctx context.Context, cfg Config, store storage.TailStore, name storage.Name) ([]Recovery, error) {
	cfg.setDefaults()
	cfg.Store = store
	r := newRecorder(cfg)
	var all []Recovery
	for info, err := range store.List(ctx, name) {
		if err != nil {
			return all, fmt.Errorf("list logs: %w", err)
		}
		if name != "" && info.Name != name {
			break
		}
		if !info.Finished {
			all = append(all, r.recoverTail(ctx, store, info.Name))
		}
	}
	return all, nil
}

// recoverTail finishes one log with the state that its store has kept.
func (r *Recorder) recoverTail(ctx context.Context, store storage.TailStore, name storage.Name) Recovery {
	rec := Recovery{Log: event.ConnID(name)}
	state, err := store.State(ctx, name)
	if err == nil {
		m := &mending{r: r, id: rec.Log, sum: newSummary()}
		if m.point, m.segments, err = parseState(rec.Log, state); err == nil {
			rec.Verdict, err = m.mend(ctx)
			rec.Saved = m.saved
		}
	}
	rec.Err = err
	r.report(rec)
	return rec
}
