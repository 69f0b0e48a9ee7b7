package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"runtime"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/record"
)

// reading is how the reading of a log ended.
type reading struct {
	verdict binary.Verdict
	digest  string
	blocks  int
	fault   *binary.Fault // nil for verdicts of status 0
}

// readMessages calls each for all messages of whole, checked blocks, and returns the
// verdict. An error is one of reading the file, or of each.
func (s *source) readMessages(ctx context.Context, r io.Reader, each func(*binary.Message) error) (reading, error) {
	b := binary.NewReader(r)
	b.Parallel(s.parallel(), nil)
	return s.readFrom(ctx, b, each)
}

// parallel is how many blocks of a log are read at once: one for each core, and one that is
// ready. What comes through a pipe, or is being written, is shown as it comes.
func (s *source) parallel() int {
	if s.at == nil || s.open {
		return 1
	}
	return runtime.GOMAXPROCS(0) + 1
}

// readFrom is readMessages of a reader that was begun.
func (s *source) readFrom(ctx context.Context, b *binary.Reader, each func(*binary.Message) error) (reading, error) {
	for {
		m, err := b.Next()
		if err == nil {
			err = each(m)
		}
		if err == nil {
			err = ctx.Err()
		}
		var fault *binary.Fault
		switch {
		case err == nil:
			continue
		case err == io.EOF:
			return reading{verdict: b.Verdict(), digest: b.Digest(), blocks: b.Blocks()}, nil
		case errors.As(err, &fault):
			fault = s.judge(fault)
			return reading{verdict: fault.Verdict, blocks: b.Blocks(), fault: fault}, nil
		}
		return reading{}, err
	}
}

// readAll is readMessages that for a log which is open goes on with its journal.
func (s *source) readAll(ctx context.Context, r io.Reader, each func(*binary.Message) error) (reading, error) {
	next := uint64(0)
	tell := func(m *binary.Message) error {
		next = m.Seq + 1
		if err := each(m); err != nil {
			return err
		}
		return ctx.Err()
	}
	got, err := s.readMessages(ctx, r, tell)
	if err == nil && got.verdict == binary.Open {
		err = s.readJournal(next, tell)
	}
	return got, err
}

// readEvents is readAll for what is in the messages.
func (s *source) readEvents(ctx context.Context, r io.Reader, each func(*event.Event)) (reading, error) {
	return s.readAll(ctx, r, func(m *binary.Message) error {
		ev := eventOf(m)
		each(&ev)
		return nil
	})
}

// eventOf is what is in a message.
func eventOf(m *binary.Message) event.Event {
	ev, err := m.Event()
	if err != nil { // only a foreign message can be too large; decode has it
		ev.Body = &event.Unknown{Number: m.Type}
	}
	if len(ev.Conn) > maxDetail { // in a foreign log an id may be anything
		ev.Conn = event.ConnID(shorter(string(ev.Conn), maxDetail))
	}
	return ev
}

// readJournal calls each for the messages of an open log that are in no block yet, from
// a number on. A journal that this user may not see is none.
func (s *source) readJournal(first uint64, each func(*binary.Message) error) error {
	if s.journal == "" {
		return nil
	}
	err := record.ReadJournal(nil, s.journal, event.ConnID(s.name), first, each)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// judge tells an open log from a truncated one, which its bytes can't.
func (s *source) judge(f *binary.Fault) *binary.Fault {
	if f.Verdict != binary.Truncated || !s.open {
		return f
	}
	open := *f
	open.Verdict = binary.Open
	return &open
}

// status is how a command ends that read a log with this verdict.
func status(v binary.Verdict) error {
	if v.Status() == 0 {
		return nil
	}
	return exit(v.Status())
}
