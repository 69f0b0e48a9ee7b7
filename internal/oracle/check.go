package oracle

import (
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

// Session is what a log must say about one program.
type Session struct {
	// Program is the command line of an exec, or the name of a subsystem. The log must
	// hold it once.
	Program               string
	Stdin, Stdout, Stderr Content
	// Status is its exit status. It counts if Signal, the exit signal, is empty.
	Status uint32
	Signal string
}

// Check fails the test for each way in which a complete log is not what s says.
func Check(t testing.TB, log *Log, s Session) {
	t.Helper()
	CheckWhole(t, log, binary.Complete)
	found := log.Find(s.Program)
	if len(found) != 1 {
		t.Errorf("the log has %d channels with the program %q, want 1", len(found), s.Program)
		return
	}
	for _, flaw := range found[0].diff(s) {
		t.Errorf("channel %d: %s", found[0].ID, flaw)
	}
}

// CheckWhole fails the test if the log has another verdict than want, or contradicts
// itself.
func CheckWhole(t testing.TB, log *Log, want binary.Verdict) {
	t.Helper()
	if log.Verdict != want {
		t.Errorf("the log is %s (%s), want %s", log.Verdict, log.Fault, want)
	}
	for _, flaw := range log.Flaws {
		t.Errorf("the log contradicts itself: %s", flaw)
	}
}

// diff lists what about the channel is not as s says.
func (c *Channel) diff(s Session) []string {
	var flaws []string
	add := func(format string, args ...any) { flaws = append(flaws, fmt.Sprintf(format, args...)) }
	for _, stream := range []struct {
		name      string
		got, want Content
	}{{"stdin", c.Stdin, s.Stdin}, {"stdout", c.Stdout, s.Stdout}, {"stderr", c.Stderr, s.Stderr}} {
		if d := stream.got.Diff(stream.want); d != "" {
			add("%s in the log %s", stream.name, d)
		}
	}
	if c.Signal != s.Signal {
		add("exit signal %q, want %q", c.Signal, s.Signal)
	}
	if s.Signal == "" && (c.Status == nil || *c.Status != s.Status) {
		add("exit status %s, want %d", statusText(c.Status), s.Status)
	}
	switch {
	case c.Close == nil:
		add("it was never closed")
	case c.Close.Received != uint64(s.Stdin.Length) || c.Close.Sent != uint64(s.Stdout.Length+s.Stderr.Length):
		add("closed after %d bytes received and %d sent, want %d and %d",
			c.Close.Received, c.Close.Sent, s.Stdin.Length, s.Stdout.Length+s.Stderr.Length)
	}
	return flaws
}

func statusText(s *uint32) string {
	if s == nil {
		return "none"
	}
	return fmt.Sprint(*s)
}

// checkSummary holds what a log's summary says about its channels to its events.
func (l *Log) checkSummary() {
	if l.Summary == nil {
		return
	}
	if len(l.Events) == 0 || !isSummary(l.Events[len(l.Events)-1]) {
		l.Flaws = append(l.Flaws, "the summary is not the last event")
	}
	if told := len(l.Summary.Channels) + int(l.Summary.ChannelsOmitted); told != len(l.opened) {
		l.Flaws = append(l.Flaws, fmt.Sprintf("the summary tells of %d channels, and %d were opened", told, len(l.opened)))
		return
	}
	for i, row := range l.Summary.Channels {
		l.checkRow(l.opened[i], row)
	}
}

func (l *Log) checkRow(c *Channel, row event.ChannelSummary) {
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	told, ran := text(row.Program)+text(row.Subsystem), text(c.ran)
	if row.ChannelID != c.ID || told != inSummary(ran) || statusText(row.ExitStatus) != statusText(c.Status) || text(row.ExitSignal) != inSummary(c.Signal) {
		l.Flaws = append(l.Flaws, fmt.Sprintf("the summary says that channel %d ran %q, with status %s and signal %q; the events say that channel %d ran %q, with status %s and signal %q",
			row.ChannelID, told, statusText(row.ExitStatus), text(row.ExitSignal), c.ID, ran, statusText(c.Status), c.Signal))
	}
}

// inSummary is what a summary tells of a text: U+FFFD for each byte that is no part of a
// character, and at most 1,024 bytes of that.
func inSummary(s string) string {
	const most = 1024
	t := string([]rune(s))
	if len(t) <= most {
		return t
	}
	n := most
	for !utf8.RuneStart(t[n]) {
		n--
	}
	return t[:n]
}
