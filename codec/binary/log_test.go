package binary

import (
	"testing"

	"github.com/sshtrail/sshtrail/event"
)

// logMaker writes logs for tests as a recorder would, and lets a test break them.
type logMaker struct {
	t     testing.TB
	w     *Writer
	c     *Compressor
	level int
	out   []byte
	tally tally
	block Block
	// blockBreak and summaryBreak change what is written, if set.
	blockBreak   func(*Block)
	summaryBreak func(*event.Summary)
	recovered    bool
}

const testConn = "0199e1b0c3f27abc8def0123456789ab"

func newLogMaker(t testing.TB) *logMaker {
	l := &logMaker{t: t, w: NewWriter(), c: NewCompressor(1), level: 6}
	l.out = l.w.AppendHeader(nil)
	return l
}

// add appends a message to the block.
func (l *logMaker) add(ev event.Event) {
	l.t.Helper()
	if ev.Conn == "" {
		ev.Conn = testConn
	}
	from := len(l.block.Plain)
	plain, err := AppendMessage(l.block.Plain, &ev)
	if err != nil {
		l.t.Fatal(err)
	}
	l.block.Plain = plain
	l.count(&ev, len(plain)-from)
}

// raw appends bytes that count as this event.
func (l *logMaker) raw(ev event.Event, message []byte) {
	if ev.Conn == "" {
		ev.Conn = testConn
	}
	l.block.Plain = append(l.block.Plain, message...)
	l.count(&ev, len(message))
}

func (l *logMaker) count(ev *event.Event, _ int) {
	if l.block.Messages == 0 {
		l.block.From = ev.Time
	}
	l.block.Messages++
	l.block.To = ev.Time
	l.block.Kinds |= 1 << event.KindOf(ev.Body)
	m := Message{Conn: ev.Conn, Time: ev.Time, Type: ev.Body.Type(), Kind: event.KindOf(ev.Body)}
	if io, ok := ev.Body.(*event.IO); ok {
		m.size = len(io.Data)
	}
	if _, ok := ev.Body.(*event.Summary); ok {
		m.Extension = summaryName
	}
	l.tally.add(&m)
}

// flush ends the block.
func (l *logMaker) flush() {
	l.t.Helper()
	l.block.Recovered = l.recovered
	if l.blockBreak != nil {
		l.blockBreak(&l.block)
	}
	out, err := l.w.AppendBlock(l.out, l.block, l.c, l.level)
	if err != nil {
		l.t.Fatal(err)
	}
	l.out, l.block = out, Block{}
}

// summary returns the summary as it must be if it comes next.
func (l *logMaker) summary() *event.Summary {
	from := l.block.From
	if l.block.Messages == 0 {
		from = l.tally.last
	}
	s := &event.Summary{
		Version: 1,
		Start:   l.tally.start,
		End:     l.tally.last,
		Bytes:   event.StreamBytes{Stdin: l.tally.bytes[0], Stdout: l.tally.bytes[1], Stderr: l.tally.bytes[2]},
		Kinds:   l.tally.kinds,
		Index:   l.w.Index(from),
	}
	if !l.tally.several {
		user := "alice"
		s.Username = &user
	}
	if l.summaryBreak != nil {
		l.summaryBreak(s)
	}
	return s
}

// end adds the summary, ends the block and the log.
func (l *logMaker) end() []byte {
	l.t.Helper()
	l.add(event.Event{Conn: l.tally.conn, Time: l.tally.last, Body: l.summary()})
	l.flush()
	l.out = l.w.AppendEnd(l.out)
	return l.out
}

// session is what a short session does: two blocks, the second with the summary.
func session(l *logMaker) {
	t := int64(1_795_342_935_861_280_255)
	next := func(channel uint64, b event.Body) event.Event {
		t += 1_000_003
		return event.Event{Time: t, Channel: channel, Body: b}
	}
	l.add(next(0, &event.Connect{RemoteAddr: "192.0.2.7", Country: "XX", RemotePort: 50022}))
	l.add(next(0, &event.AuthPassword{PasswordAttempt: event.PasswordAttempt{Username: "al\xffice", PasswordHidden: true}}))
	l.add(next(0, &event.HandshakeSuccessful{Username: "alice", Handshake: event.Handshake{ClientVersion: "SSH-2.0-\xc3("}}))
	l.add(next(0, &event.NewChannelSuccessful{ChannelType: "session"}))
	l.add(next(0, &event.Exec{RequestID: 1, Program: "printf '\xe2\x82A'"}))
	l.add(next(0, &event.RequestAccepted{RequestID: 1}))
	l.flush()
	l.add(next(0, &event.IO{Stream: event.Stdout, Data: []byte("\xe2\x82A")}))
	l.add(next(0, &event.IO{Stream: event.Stderr, Data: []byte("warning\r\n")}))
	l.add(next(0, &event.Exit{}))
	l.add(next(0, &event.Close{By: event.ByTarget, Sent: 12}))
	l.add(next(0, &event.Disconnect{}))
}

func sessionLog(t testing.TB) []byte {
	l := newLogMaker(t)
	session(l)
	return l.end()
}
