package main

import (
	"context"
	"errors"
	"io"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
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

// readEvents is readMessages for what is in them.
func (s *source) readEvents(ctx context.Context, r io.Reader, each func(*event.Event)) (reading, error) {
	return s.readMessages(ctx, r, func(m *binary.Message) error {
		ev, err := m.Event()
		if err != nil {
			return err
		}
		if len(ev.Conn) > maxDetail { // in a foreign log an id may be anything
			ev.Conn = event.ConnID(shorter(string(ev.Conn), maxDetail))
		}
		each(&ev)
		return nil
	})
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
