package s3

import (
	"context"
	"time"
)

// sweepEvery is how often the spool is looked at for what another process has left.
const sweepEvery = time.Minute

// dispatch begins steps as there is something to do, and ends with the store. No log that
// waits has a goroutine, a descriptor or a timer of its own.
func (s *Store) dispatch() {
	defer close(s.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		if again := s.begin(); !again.IsZero() {
			timer.Reset(time.Until(again))
		}
	}
}

// begin begins all steps that can be, and returns when to look again.
func (s *Store) begin() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	again := s.swept.Add(sweepEvery)
	if !now.Before(again) {
		again, s.swept = now.Add(sweepEvery), now
		s.steps.Go(s.sweepAgain) // ends by itself
	}
	s.makeRoom()
	for s.running < s.cfg.ParallelUploads {
		l, k, n, later := s.pick(now)
		if l == nil {
			if !later.IsZero() && later.Before(again) {
				again = later
			}
			break
		}
		s.start(l, k, n)
	}
	return again
}

// start has a step at work. The caller holds s.mu.
func (s *Store) start(l *log, k kind, n int) {
	if k == toSend {
		l.mark(n)
	} else {
		l.alone = true
	}
	if l.finished {
		s.engage(l)
	}
	s.running++
	s.gate.trying = s.gate.failures > 0
	ctx, turn := s.contextOf(l), s.gate.turn
	s.steps.Go(func() { // ends with its requests, which end with ctx
		err := s.run(ctx, l, k, n)
		s.ended(ctx, l, k, n, turn, err)
	})
}

// contextOf is that of l's steps. The caller holds s.mu.
func (s *Store) contextOf(l *log) context.Context {
	if l.stop == nil || l.ctx.Err() != nil {
		l.ctx, l.stop = context.WithCancel(s.ctx)
	}
	return l.ctx
}

// ended notes what came of a step, and what follows from that.
func (s *Store) ended(ctx context.Context, l *log, k kind, n, turn int, err error) {
	s.mu.Lock()
	s.running--
	s.gate.trying = false
	if k == toSend {
		delete(l.busy, n)
	} else {
		l.alone = false
	}
	switch {
	case err == nil && k.isLocal():
	case err == nil:
		if l.next, l.resting = (time.Time{}), false; k == toSend && !l.gone {
			l.attempts, l.told = 0, fine // with others it may only have come to know its trouble
		}
		s.gate.worked(s.logger)
	case isStopped(ctx):
	default:
		s.failed(l, turn, err)
	}
	if err == nil && (k == toRestart || k == toSettle) {
		s.goRound(l)
	}
	file := s.settleDown(l, err != nil)
	l.changed()
	s.mu.Unlock()
	if file != nil {
		s.logClose(l, file.close())
	}
	s.poke()
}

// goRound has l wait that comes to where it was before: to a store that says one thing and then another it must not
// go on sending the same. The caller holds s.mu.
func (s *Store) goRound(l *log) {
	if l.rounds++; l.rounds > 1 && (l.p == nil || !l.p.proved) {
		l.next = time.Now().Add(pause(l.rounds - 1))
	}
}

// failed decides what an error means for l and for all. The caller holds s.mu.
func (s *Store) failed(l *log, turn int, err error) {
	if turn != s.gate.turn && s.gate.failures == 0 {
		return // it was begun in an outage that is over: l keeps its place in the order
	}
	kind, own := atFault(err)
	l.attempts++
	l.next = time.Now().Add(pause(l.attempts))
	switch kind {
	case busyElsewhere:
		l.next = time.Now().Add(lastPause)
		return
	case final:
		l.next = time.Now().Add(hopeless)
		s.count.final.Add(1)
	case retry:
		s.count.retry.Add(1)
	default:
		s.count.operator.Add(1)
	}
	if own {
		s.tellOwn(l, kind, err)
		return
	}
	s.gate.failed(turn, kind, err, s.logger)
}

// settleDown gives up what l does not need while nothing is done for it. It returns a state to
// close. The caller holds s.mu.
func (s *Store) settleDown(l *log, failed bool) *stateFile {
	if failed {
		l.resting = true
	}
	if !l.isIdle() {
		return nil
	}
	if !l.isOpen() && !l.finished && !l.held {
		return s.drop(l)
	}
	if !l.resting && l.file != nil {
		return nil
	}
	l.resting = false
	if l.finished {
		s.disengage(l)
		l.p = nil // who takes it next, in any process, reads it anew
	}
	file := l.file
	l.file = nil
	return file
}

// engage and disengage count the finished logs that are at work. The caller holds s.mu.
func (s *Store) engage(l *log) {
	if !l.engaged {
		l.engaged = true
		s.atWork++
	}
}

func (s *Store) disengage(l *log) {
	if l.engaged {
		l.engaged = false
		s.atWork--
	}
}

// drop forgets a log that nobody writes, and that is not finished, if nothing is at work on it. It returns a
// state to close. The caller holds s.mu.
func (s *Store) drop(l *log) *stateFile {
	if !l.isIdle() {
		return nil
	}
	if s.logs[l.name] == l {
		delete(s.logs, l.name)
		s.budget.add(-l.counted)
		s.budget.others.Add(l.counted)
		s.released[l.name] = l.released // whoever resumes it does not read that again, either
	}
	file := l.file
	l.file = nil
	return file
}

// sweepAgain looks for what another process has left in the spool.
func (s *Store) sweepAgain() {
	if err := s.sweep(); err != nil {
		s.logger.Warn("the spool of logs that are not uploaded yet can't be looked at", "error", err)
	}
	s.poke()
}
