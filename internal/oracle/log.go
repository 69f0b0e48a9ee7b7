package oracle

import (
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

// Log is what a log says happened.
type Log struct {
	Verdict binary.Verdict
	Fault   string // why reading ended early; empty if it did not
	// Events are all events but those of data, in the order of the log.
	Events   []event.Event
	Channels []*Channel // in the order in which they were asked for
	// Summary is nil without an end.
	Summary *event.Summary
	// Flaws are contradictions within the log. A good log has none.
	Flaws []string

	opened []*Channel // in the order in which they were opened
}

// Channel is what a log says about one channel.
type Channel struct {
	ID      uint64
	Type    string
	Open    bool
	Refused string // why it was not opened
	// Request is what was asked for first: exec, shell or subsystem; empty if nothing was.
	// Program is the command line or the subsystem's name.
	Request, Program string
	Env              []string // NAME=value, as asked for
	PTY              *event.Pty
	Windows          []event.Window
	Failed           []string // why requests were refused
	// Stdin, Stdout and Stderr are the recorded bytes.
	Stdin, Stdout, Stderr Content
	Status                *uint32 // exit status
	Signal                string  // exit signal
	Close                 *event.Close

	asked      map[uint64]string // programs by request, those refused left out
	ran        *string           // what a request asked for that was accepted
	streams    [3]Meter
	inputEnds  bool // the client sent end-of-file
	outputEnds bool
}

// ReadFile reads the log in a file, and fails the test if there is none.
func ReadFile(t testing.TB, path string) *Log {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	log, err := Read(f)
	if err != nil {
		t.Fatalf("read log %s: %v", path, err)
	}
	return log
}

// Read reads a log, however it ends. An error is r's.
func Read(r io.Reader) (*Log, error) {
	log := &Log{}
	reader := binary.NewReader(r)
	for ev, err := range reader.Events() {
		var fault *binary.Fault
		switch {
		case err == nil:
			log.add(ev)
			continue
		case !errors.As(err, &fault):
			return nil, err
		}
		log.Fault = fault.Error()
	}
	log.Verdict, log.Summary = reader.Verdict(), reader.Summary()
	for _, c := range log.Channels {
		c.Stdin, c.Stdout, c.Stderr = c.streams[event.Stdin].Content(), c.streams[event.Stdout].Content(), c.streams[event.Stderr].Content()
	}
	log.checkSummary()
	return log, nil
}

// Find returns the channels on which program was started.
func (l *Log) Find(program string) []*Channel {
	var found []*Channel
	for _, c := range l.Channels {
		if c.Program == program {
			found = append(found, c)
		}
	}
	return found
}

// Bodies returns the bodies of type T, in the order of the log.
func Bodies[T event.Body](l *Log) []T {
	var found []T
	for _, ev := range l.Events {
		if b, ok := ev.Body.(T); ok {
			found = append(found, b)
		}
	}
	return found
}

func (l *Log) flaw(ev event.Event, format string, args ...any) {
	l.Flaws = append(l.Flaws, fmt.Sprintf("event %d (%T): ", ev.Seq, ev.Body)+fmt.Sprintf(format, args...))
}

func (l *Log) add(ev event.Event) {
	if n := len(l.Events); n > 0 {
		last := l.Events[n-1]
		if _, over := last.Body.(*event.Disconnect); over && ev.Conn == last.Conn && !isSummary(ev) {
			l.flaw(ev, "follows the disconnect")
		}
	}
	if io, ok := ev.Body.(*event.IO); ok {
		l.addData(ev, io)
		return
	}
	l.Events = append(l.Events, ev)
	if ev.Body.Type().OnChannel() {
		l.addToChannel(ev)
	}
}

func isSummary(ev event.Event) bool {
	_, ok := ev.Body.(*event.Summary)
	return ok
}

func (l *Log) addData(ev event.Event, io *event.IO) {
	c := l.channel(ev)
	if c == nil {
		return
	}
	switch {
	case io.Stream == event.Stdin && c.inputEnds:
		l.flaw(ev, "data on channel %d after the client's end-of-file", c.ID)
	case io.Stream != event.Stdin && c.outputEnds:
		l.flaw(ev, "data on channel %d after the target's end-of-file", c.ID)
	case io.Stream != event.Stdin && c.Type == "session" && c.Request == "":
		l.flaw(ev, "output on channel %d before anything was started", c.ID)
	}
	c.streams[io.Stream].Write(io.Data)
}

// channel returns the open channel that an event belongs to.
func (l *Log) channel(ev event.Event) *Channel {
	for _, c := range l.Channels {
		if c.ID != ev.Channel {
			continue
		}
		if c.Close != nil {
			l.flaw(ev, "channel %d is closed already", c.ID)
		}
		return c
	}
	l.flaw(ev, "channel %d was never asked for", ev.Channel)
	return nil
}
