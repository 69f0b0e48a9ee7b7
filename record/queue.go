package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/storage"
)

// queue is a log's way from full segments to blocks in the store, one after the other,
// beside the connection.
type queue struct {
	mu       sync.Mutex
	segments []*segment // full, in order; the first may be at work
	stored   []*segment // in the log, which may not be synced yet
	active   *segment   // the one that is written to
	end      *ending    // set with the last segment
	draining bool
	stalled  error          // under Continue: the store does not take blocks for now
	stalls   bool           // that was told of, and not yet that it is over
	failed   error          // under Stop: it did not take one, and nobody drains
	room     chan struct{}  // has an element when a segment left the queue
	left     bool           // to recovery: nobody syncs the segments any more
	done     bool           // the log goes on no more
	spares   []*segmentFile // for its next segments

	checkpoints atomic.Bool // somebody needs them: a store that lets go of what is before one

	// The log in the store. writerMu lets one at a time use writer; encoder and
	// pending are the draining goroutine's.
	begun    atomic.Bool
	writerMu sync.Mutex
	writer   storage.Writer // nil if there is none, or if it failed
	encoder  *binary.Writer
	size     int64  // of the log, as far as it is good
	pending  []byte // encoded, and perhaps not or not wholly written
}

// ending is what the last block needs to know.
type ending struct{ last int64 }

// maxStalled is how many blocks a session may be ahead of a store that takes none,
// under Continue.
const maxStalled = 512

// begin takes over a log that was just created.
func (q *queue) begin(w storage.Writer, encoder *binary.Writer, checkpoints bool) {
	q.writerMu.Lock()
	defer q.writerMu.Unlock()
	q.writer, q.encoder, q.size = w, encoder, encoder.Size()
	q.checkpoints.Store(checkpoints)
	q.begun.Store(true)
}

// hasWriter reports whether the log was begun in the store. It waits for nobody: who writes
// there holds writerMu for as long as the store likes.
func (q *queue) hasWriter() bool { return q.begun.Load() }

func (q *queue) setActive(s *segment) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.active = s
}

// push adds a full segment and reports whether the caller must start draining.
func (q *queue) push(s *segment, end *ending) (start bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.segments = append(q.segments, s)
	q.active, q.end = nil, end
	start = !q.draining && q.stalled == nil
	if start {
		q.draining, q.failed = true, nil
	}
	return start
}

// waitRoom returns when another segment may be filled.
func (q *queue) waitRoom(t *trouble) error {
	for {
		q.mu.Lock()
		n, stalled, failed := len(q.segments), q.stalled, q.failed
		q.mu.Unlock()
		switch {
		case n < maxBehind, stalled != nil && n < maxStalled:
			return nil
		case stalled != nil:
			return stalled
		case failed != nil:
			return failed
		}
		select {
		case <-q.room:
		case <-t.began():
			return t.err()
		}
	}
}

func (q *queue) wake() {
	select {
	case q.room <- struct{}{}:
	default:
	}
}

// first returns the segment to store next, nil if there is none: draining is over then.
// end is set with the log's last segment.
func (q *queue) first() (s *segment, end *ending) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.segments) == 0 || q.left {
		q.draining, q.stalled = false, nil
		return nil, nil
	}
	if len(q.segments) == 1 {
		end = q.end
	}
	return q.segments[0], end
}

// pop notes that the first segment is in the log, and reports whether the store took none
// before.
func (q *queue) pop() (recovered bool) {
	q.mu.Lock()
	q.stored = append(q.stored, q.segments[0])
	q.segments = q.segments[1:]
	q.stalled = nil // if it was: the store takes blocks again
	recovered = q.stalls
	q.stalls = false
	q.mu.Unlock()
	q.wake()
	return recovered
}

// again reports whether the caller must start draining anew, since it failed.
func (q *queue) again() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failed == nil || q.draining || q.left {
		return false
	}
	q.draining, q.failed = true, nil
	return true
}

// drain stores full segments until there are none. Log.seal starts it.
func (l *Log) drain() {
	for {
		s, end := l.q.first()
		if s == nil {
			l.giveUp()
			return
		}
		if err := l.store(s, end); err != nil {
			l.storeFailed(err)
			return
		}
		if l.q.pop() {
			l.r.cfg.Logger.Info("the store takes blocks again", "connection", l.id)
		}
		l.meter.moved.Add(uint64(s.plain))
		if end != nil {
			l.cleanUp()
			return
		}
		l.r.markDirty(l)
	}
}

// store appends one segment's messages to the log as a block; the last one with the
// summary and the end mark, after which the log is committed.
func (l *Log) store(s *segment, end *ending) error {
	if len(l.q.pending) == 0 {
		if err := l.encode(s, end); err != nil {
			return err
		}
	}
	return l.do(busyStore, func() error {
		l.q.writerMu.Lock()
		defer l.q.writerMu.Unlock()
		if err := l.reopen(); err != nil {
			return fmt.Errorf("go on with log: %w", err)
		}
		if _, err := l.q.writer.Write(l.q.pending); err != nil {
			return fmt.Errorf("write log: %w", err)
		}
		l.q.size += int64(len(l.q.pending))
		l.meter.stored.Add(uint64(len(l.q.pending)))
		l.q.pending = l.q.pending[:0]
		if end == nil {
			return nil
		}
		if err := l.q.writer.Commit(context.Background()); err != nil {
			return fmt.Errorf("finish log: %w", err)
		}
		l.q.writer = nil
		return nil
	})
}

// reopen goes on with a log whose writer failed, after the last byte that is good.
func (l *Log) reopen() error {
	if l.q.writer != nil {
		return nil
	}
	w, err := l.r.cfg.Store.Resume(context.Background(), storage.Name(l.id), func(_ io.ReaderAt, size int64) (int64, error) {
		if size < l.q.size {
			return 0, fmt.Errorf("it has %d bytes, and %d were written", size, l.q.size)
		}
		return l.q.size, nil
	})
	l.q.writer = w
	if w, ok := w.(storage.Releaser); ok && err == nil {
		if offset := l.checks.released.Load(); offset > 0 {
			w.Release(offset)
		}
	}
	return err
}

// encode makes a block of a segment, in pending.
func (l *Log) encode(s *segment, end *ending) error {
	buf := s.mem
	if buf == nil {
		buf = blocks.Get().(*[]byte)
		defer blocks.Put(buf)
		plain, err := l.messages(s, *buf)
		if err != nil {
			return err
		}
		*buf = plain
	}
	b := binary.Block{Plain: *buf, Messages: s.messages, From: s.from, To: s.to, Kinds: s.kinds}
	if end != nil {
		if err := l.sum.appendTo(&b, end.last, l.q.encoder); err != nil {
			return err
		}
	}
	var err error
	if l.q.pending, err = l.q.encoder.AppendBlock(l.q.pending, b, l.r.compressor, level(s)); err != nil {
		l.q.pending = l.q.pending[:0]
		return fmt.Errorf("compress block: %w", err)
	}
	if end != nil {
		l.q.pending = l.q.encoder.AppendEnd(l.q.pending)
	}
	if s.sum != nil {
		s.check = &checkpoint{Version: checkpointVersion, Log: l.q.encoder.Checkpoint(s.sum.seen()), Sum: s.sum}
	}
	l.r.forget(s)
	return nil
}

// blocks are buffers for the content of blocks.
var blocks = sync.Pool{New: func() any { return new([]byte) }}

// maxRemembered is how many segments of all logs are kept in memory too, at most: 8 MiB,
// with blocks of 128 KiB.
const maxRemembered = 64

// remember has a segment's messages kept in memory as well, if there is room for it, so that
// they need not be read back (a twentieth of the CPU that bulk takes). It is for the fast
// ones: a session that waits costs no memory for its block.
func (r *Recorder) remember(s *segment) {
	if r.remembered.Add(1) > maxRemembered {
		r.remembered.Add(-1)
		return
	}
	s.mem = blocks.Get().(*[]byte)
	*s.mem = (*s.mem)[:0]
}

// forget gives the memory back.
func (r *Recorder) forget(s *segment) {
	if s.mem != nil {
		blocks.Put(s.mem)
		r.remembered.Add(-1)
		s.mem = nil
	}
}

// messages reads a segment's messages back from its file.
func (l *Log) messages(s *segment, buf []byte) ([]byte, error) {
	if s.file == nil {
		return buf[:0], nil
	}
	err := l.do(busyRead, func() (err error) {
		buf, err = readSegment(s.file, s.size, buf)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	plain, n := buf[:0], uint32(0)
	read, rest, err := cutHead(buf)
	if err == nil && read.seed != s.seed {
		err = errFrame
	}
	if err == nil {
		_, err = eachFrame(rest, s.seed, func(kind byte, content []byte) error {
			if kind == frameMessage {
				plain = append(plain, content...) // moves down: frames are larger than their content
				n++
			}
			return nil
		})
	}
	if err == nil && n != s.messages {
		err = fmt.Errorf("it has %d messages, and %d were written", n, s.messages)
	}
	if err != nil {
		return nil, fmt.Errorf("read journal %q back: %w", s.file.path, err)
	}
	return plain, nil
}

// isFast reports whether the segment filled fast.
func (s *segment) isFast() bool {
	return s.plain >= defaultBlock/2 && time.Duration(s.to-s.from) < time.Second
}

// level chooses the compression by how fast a block filled: what filled slowly costs
// little to compress well. Of klauspost/compress 1 does 259 MB/s, 6 140; 9 takes 2.4 ms for
// 128 KiB and saves 6 % of what keys take, which is 4 µs a key where people type.
func level(s *segment) int {
	switch {
	case s.isFast():
		return 1
	case time.Duration(s.to-s.from) > 30*time.Second:
		return 9
	}
	return 6
}

// storeFailed decides by policy what it means that the store did not take a block.
func (l *Log) storeFailed(err error) {
	l.q.writerMu.Lock()
	if l.q.writer != nil {
		l.q.writer.Close() // err is what matters
		l.q.writer = nil
	}
	l.q.writerMu.Unlock()
	l.q.mu.Lock()
	l.q.draining = false
	ended := l.q.end != nil || l.q.left
	waits := l.r.cfg.OnFailure == Continue && !l.r.isClosed()
	first := !l.q.stalls
	if waits {
		l.q.stalled, l.q.stalls = err, true
	} else {
		l.q.failed = err
	}
	l.q.mu.Unlock()
	l.q.wake()
	switch {
	case waits:
		if first {
			l.tellStalled(err)
		}
		l.r.ending.add()
		time.AfterFunc(retryEvery, func() { defer l.r.ending.done(); l.retryStore() })
	case ended: // the connection has gone: nothing is left to stop
		l.leave(err)
	default:
		l.stop(err)
	}
}

// stall notes, under Continue, that the store does not answer who drains, so that blocks
// must wait in the journal.
func (l *Log) stall(err error) {
	l.q.mu.Lock()
	begins, first := l.q.draining && l.q.stalled == nil, !l.q.stalls
	if begins {
		l.q.stalled, l.q.stalls = err, true // until it answers
	}
	l.q.mu.Unlock()
	if begins {
		if first {
			l.tellStalled(err)
		}
		l.q.wake()
	}
}

func (l *Log) tellStalled(err error) {
	l.r.failure(err)
	l.r.cfg.Logger.Error("the store takes no blocks; they wait in the journal", "connection", l.id, "error", err)
}

func (l *Log) retryStore() {
	l.q.mu.Lock()
	l.q.stalled, l.q.draining = nil, true
	l.q.mu.Unlock()
	l.drain()
}

// leave gives the log up as it is, to be finished by recovery.
func (l *Log) leave(err error) {
	l.r.failure(err)
	l.r.cfg.Logger.Error("a log is not finished; that is tried again, and at the next start", "connection", l.id, "error", err)
	l.q.mu.Lock()
	l.q.left = true
	l.q.mu.Unlock()
	l.giveUp()
}

// giveUp closes the files of a log that was left, unless who drains is still at work
// on them: then that does.
func (l *Log) giveUp() {
	l.q.mu.Lock()
	wait := l.q.draining || !l.q.left
	l.q.mu.Unlock()
	if wait {
		return
	}
	l.q.writerMu.Lock()
	if l.q.writer != nil {
		l.q.writer.Close() // it is not finished anyhow
		l.q.writer = nil
	}
	l.q.writerMu.Unlock()
	l.closeSegments(false)
}

// cleanUp removes the journal of a log that is in the store.
func (l *Log) cleanUp() {
	l.closeSegments(true)
	l.copied.finish()
}

func (l *Log) closeSegments(remove bool) {
	l.syncMu.Lock() // nobody syncs what is closed
	l.q.mu.Lock()
	all := append(l.q.stored, l.q.segments...)
	if l.q.active != nil {
		all = append(all, l.q.active)
	}
	l.q.stored, l.q.segments, l.q.active = nil, nil, nil
	l.q.draining = false
	spares := l.q.spares
	l.q.done, l.q.spares = true, nil
	l.q.mu.Unlock()
	l.syncMu.Unlock()
	for _, s := range all {
		l.drop(s, remove)
	}
	for _, f := range spares {
		l.keepFile(f)
	}
	l.endCheckpoints(remove)
	l.r.removeLog(l, remove)
}

// remove removes a file of the journal that is done with, if it is there.
func (r *Recorder) remove(path string) {
	if err := r.cfg.FS.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.cfg.Logger.Warn("a file of the journal that is done with can't be removed; the next start tries again", "error", err)
	}
}

// drop is done with a segment: its file can be used again if its messages are in the log.
func (l *Log) drop(s *segment, remove bool) {
	l.r.forget(s)
	if s.file == nil {
		return
	}
	if remove {
		l.keepFile(s.file)
		return
	}
	s.file.Close() // what is in it is for recovery
}
