package s3

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

// The tail of a log is an object of its own while the log is written: a line of JSON, the
// state of who writes it, and then the bytes that the parts do not hold, and those before them that may
// have to be read to go on.

// tailHead is that line.
type tailHead struct {
	Version      int               `json:"version"`
	Upload       string            `json:"upload,omitempty"`
	PartSize     int64             `json:"partSize"`
	Acknowledged int64             `json:"acknowledged"` // up to where the parts hold the log
	Offset       int64             `json:"offset"`       // from where this object does
	Size         int64             `json:"size"`         // of the log
	State        int64             `json:"state"`        // bytes of it, after this line
	ContentType  string            `json:"contentType,omitempty"`
	Metadata     map[string][]byte `json:"metadata,omitempty"`
}

const (
	tailVersion = 1
	// maxTailHead is far more than a line can have: S3 takes 2 KiB of metadata.
	maxTailHead = 64 << 10
	// tailParts is how many parts may be on their way when a tail is put: before, they would have to be in it.
	tailParts = 2
)

// TailInterval is Config.Flush.
func (s *Store) TailInterval() time.Duration { return s.cfg.Flush }

// Tail puts the log's tail beside it.
func (w *writer) Tail(ctx context.Context, state []byte) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(w.s.ctx, cancel)()
	err := w.s.caughtUp(ctx, w.l)
	if err == nil {
		err = w.s.withTail(cancel, w.l, func() error { return w.s.putTail(ctx, w.l, state) })
	}
	if err != nil {
		return fmt.Errorf("keep tail of log %q: %w", string(w.l.name), err)
	}
	return nil
}

// caughtUp waits until so many parts are up that the rest of a log is no more than a few.
func (s *Store) caughtUp(ctx context.Context, l *log) error {
	const look = time.Second
	for {
		s.mu.Lock()
		switch {
		case !l.writing:
			s.mu.Unlock()
			return os.ErrClosed
		case s.gate.failures > 0:
			err := s.gate.err
			s.mu.Unlock()
			return fmt.Errorf("uploads do not work now: %w", err)
		case l.size-l.p.acknowledged() <= tailParts*l.p.schedule.sizeOf(l.p.done+1):
			s.mu.Unlock()
			return nil
		}
		more := make(chan struct{})
		l.waiters = append(l.waiters, more)
		s.mu.Unlock()
		select {
		case <-more:
		case <-time.After(look): // uploads may have stopped to work
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// withTail does something as the one who puts l's tail; stop ends it.
func (s *Store) withTail(stop context.CancelFunc, l *log, do func() error) error {
	select {
	case s.tails <- struct{}{}:
		defer func() { <-s.tails }()
	case <-s.ctx.Done():
		return errStopped
	}
	s.mu.Lock()
	if !l.writing || l.alone || l.busy[tailing] {
		s.mu.Unlock()
		return errors.New("something else is done with its upload: the next time it is")
	}
	l.mark(tailing)
	l.stopTail = stop
	s.mu.Unlock()
	err := do()
	s.mu.Lock()
	delete(l.busy, tailing)
	l.stopTail = nil
	l.resting = l.resting || len(l.busy) == 0 // no descriptor is held between two tails
	file := s.settleDown(l, false)
	l.changed()
	s.mu.Unlock()
	if file != nil {
		s.logClose(l, file.close())
	}
	s.poke()
	return err
}

func (s *Store) putTail(ctx context.Context, l *log, state []byte) error {
	if err := s.noteTail(l); err != nil {
		return err
	}
	p, size := s.now(l)
	s.mu.Lock()
	released := l.released
	s.mu.Unlock()
	h := tailHead{
		Version: tailVersion, Upload: p.upload, PartSize: p.schedule.first, Acknowledged: p.acknowledged(),
		Size: size, State: int64(len(state)), ContentType: p.about.ContentType, Metadata: p.changes()[0].Begin.Metadata,
	}
	h.Offset = max(min(h.Acknowledged, released), p.freed)
	if p.rest {
		return errors.New("its beginning is lost: there is nothing to go on with")
	}
	line, err := json.Marshal(h)
	if err != nil {
		return err
	}
	head := append(append(line, '\n'), state...)
	return s.withLog(l, func(log io.ReaderAt) error {
		r := joined{head, io.NewSectionReader(log, h.Offset, size-h.Offset)}
		about := bucket.About{ContentType: "application/octet-stream", Passing: true}
		_, err := s.remote.Replace(ctx, string(l.name)+tailSuffix, r, int64(len(head))+size-h.Offset, about)
		return err
	})
}

// noteTail has the state say that there may be a tail, so that it is removed in the end.
func (s *Store) noteTail(l *log) error {
	p, _ := s.now(l)
	if p.tail {
		return nil
	}
	if s.stateOf(l) == nil {
		if err := s.take(l); err != nil {
			return err
		}
	}
	s.noteOrTell(l, change{Tail: true}, true)
	return nil
}

// joined is some bytes and what comes after them.
type joined struct {
	head []byte
	rest *io.SectionReader
}

func (j joined) ReadAt(p []byte, at int64) (int, error) {
	n := 0
	if at < int64(len(j.head)) {
		if n = copy(p, j.head[at:]); n == len(p) {
			return n, nil
		}
	}
	m, err := j.rest.ReadAt(p[n:], at+int64(n)-int64(len(j.head)))
	return n + m, err
}
