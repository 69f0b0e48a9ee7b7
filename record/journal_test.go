package record_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/record"
)

// A log whose session goes on is its blocks and its journal: together all that happened.
func TestReadJournalWhileASessionGoesOn(t *testing.T) {
	m := newDisk(t)
	r := mustOpen(t, m, nil)
	s := &session{log: r.Begin()}
	s.begin()
	s.output(10, 1000) // a few blocks, and a rest
	var events []event.Event
	err := record.ErrMoved
	for errors.Is(err, record.ErrMoved) { // blocks are made beside us
		events, _ = readLog(t, m, s.log.ID())
		next := uint64(len(events))
		err = record.ReadJournal(m, journal, s.log.ID(), next, func(message *binary.Message) error {
			if message.Seq != next {
				return fmt.Errorf("event %d where %d must be", message.Seq, next)
			}
			next++
			ev, err := message.Event()
			events = append(events, ev)
			return err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != s.taken || string(stdout(events)) != s.bytes.String() {
		t.Errorf("blocks and journal have %d events with %d bytes of output, want %d with %d", len(events), len(stdout(events)), s.taken, s.bytes.Len())
	}
	stop := errors.New("stop")
	if err := record.ReadJournal(m, journal, s.log.ID(), uint64(s.taken)-1, func(*binary.Message) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("ReadJournal = %v, want each's error", err)
	}
	if err := record.ReadJournal(m, journal, event.ConnID("another"), 0, func(*binary.Message) error { return stop }); err != nil {
		t.Errorf("ReadJournal of a log without a journal = %v", err)
	}
	s.end()
	mustClose(t, r)
}
