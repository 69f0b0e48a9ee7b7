package record_test

import (
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

// summarised returns the summary of a session that did some things on channel 0.
func summarised(t *testing.T, bodies ...event.Body) *event.Summary {
	t.Helper()
	m := newDisk(t)
	r := mustOpen(t, m, nil)
	s := &session{log: r.Begin()}
	s.emit(0, &event.Connect{Country: "XX"})
	s.emit(0, &event.HandshakeSuccessful{Username: "alice"})
	s.emit(0, &event.NewChannelSuccessful{ChannelType: "session"})
	for _, b := range bodies {
		s.emit(0, b)
	}
	s.emit(0, &event.Disconnect{By: event.ByClient})
	if s.err != nil {
		t.Fatal(s.err)
	}
	mustClose(t, r)
	events, verdict := readLog(t, m, s.log.ID())
	if verdict != binary.Complete {
		t.Fatalf("log is %v, want complete", verdict)
	}
	return summaryOf(t, events)
}

// The summary names what ran, not what was merely asked for.
func TestTheSummaryNamesWhatRan(t *testing.T) {
	exec := func(id uint64, program string) event.Body { return &event.Exec{RequestID: id, Program: program} }
	accepted := func(id uint64) event.Body { return &event.RequestAccepted{RequestID: id} }
	refused := func(id uint64) event.Body { return &event.RequestFailed{RequestID: id} }
	output := &event.IO{Stream: event.Stdout, Data: []byte("x")}
	for _, c := range []struct {
		name   string
		bodies []event.Body
		want   string
	}{
		{"accepted", []event.Body{exec(0, "ls"), accepted(0)}, "ls"},
		{"refused", []event.Body{exec(0, "rm -rf /"), refused(0)}, ""},
		{"a second is refused", []event.Body{exec(0, "evil"), accepted(0), exec(1, "ls"), refused(1)}, "evil"},
		{"both before the answers", []event.Body{exec(0, "evil"), exec(1, "ls"), accepted(0), refused(1)}, "evil"},
		{"no answer was wanted", []event.Body{exec(0, "ls"), output, &event.Exit{}}, "ls"},
		{"no answer and no output", []event.Body{exec(0, "true"), &event.Exit{}}, "true"},
		{"forced", []event.Body{exec(0, "rm -rf /"), &event.ForcedCommand{RequestID: 0, Program: "safe"}, accepted(0)}, "safe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if p := summarised(t, c.bodies...).Channels[0].Program; p != nil {
				got = *p
			}
			if got != c.want {
				t.Errorf("program %q, want %q", got, c.want)
			}
		})
	}
}

// No name that a peer chooses can make a log that can't be finished.
func TestTheSummaryIsBounded(t *testing.T) {
	huge := strings.Repeat("x", 50_000) + "\xff"
	m := newDisk(t)
	r := mustOpen(t, m, nil)
	s := &session{log: r.Begin()}
	s.begin()
	for channel := range uint64(60) {
		s.emit(channel+1, &event.NewChannelSuccessful{ChannelType: huge})
		s.emit(channel+1, &event.Subsystem{Subsystem: huge})
		s.emit(channel+1, &event.RequestAccepted{})
		s.emit(channel+1, &event.ExitSignal{Signal: huge})
	}
	s.end()
	if s.err != nil {
		t.Fatal(s.err)
	}
	mustClose(t, r)
	events, verdict := readLog(t, m, s.log.ID())
	if verdict != binary.Complete {
		t.Fatalf("log is %v, want complete", verdict)
	}
	if last := summaryOf(t, events).Channels[60]; len(*last.Subsystem) != 1024 || len(*last.ExitSignal) != 1024 || len(last.ChannelType) != 1024 {
		t.Errorf("the summary has names of %d, %d and %d bytes, want 1024", len(*last.Subsystem), len(*last.ExitSignal), len(last.ChannelType))
	}
}

// The summary tells of so many channels, and how many there were beyond.
func TestTheSummaryOmitsChannels(t *testing.T) {
	m := newDisk(t)
	r := mustOpen(t, m, nil)
	s := &session{log: r.Begin()}
	s.begin() // with a channel of its own
	for channel := range uint64(300) {
		s.emit(channel+1, &event.NewChannelSuccessful{ChannelType: "session"})
		s.emit(channel+1, &event.Close{})
	}
	s.end()
	mustClose(t, r)
	events, verdict := readLog(t, m, s.log.ID())
	if sum := summaryOf(t, events); verdict != binary.Complete || len(sum.Channels) != 256 || sum.ChannelsOmitted != 45 {
		t.Errorf("the log is %v, its summary tells of %d channels and omits %d; want 256 and 45", verdict, len(sum.Channels), sum.ChannelsOmitted)
	}
}
