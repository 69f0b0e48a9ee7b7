package files

import (
	"bytes"
	"testing"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

const (
	header2 = "ContainerSSH-Auditlog\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00"
	header1 = "ContainerSSH-Auditlog\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"

	conn = "019abc0123457def8123456789abcdef"
)

// maker makes a log of our own format as a recorder would.
type maker struct {
	t       testing.TB
	w       *binary.Writer
	c       *binary.Compressor
	level   int
	out     []byte
	block   binary.Block
	now     int64
	summary event.Summary
}

func newMaker(t testing.TB) *maker {
	m := &maker{t: t, w: binary.NewWriter(), c: binary.NewCompressor(1), level: 1, summary: event.Summary{Version: 1, Channels: []event.ChannelSummary{}}}
	m.out = m.w.AppendHeader(nil)
	return m
}

// add adds events, a nanosecond apart.
func (m *maker) add(bodies ...event.Body) {
	m.t.Helper()
	for _, body := range bodies {
		m.now++
		before := len(m.block.Plain)
		plain, err := binary.AppendMessage(m.block.Plain, &event.Event{Conn: conn, Time: m.now, Body: body})
		if err != nil {
			m.t.Fatal(err)
		}
		if len(plain) > binary.MaxContent {
			m.block.Plain = plain[:before]
			m.flush()
			m.now--
			m.add(body)
			continue
		}
		m.block.Plain = plain
		m.count(body)
	}
}

func (m *maker) count(body event.Body) {
	kind := event.KindOf(body)
	if m.block.Messages++; m.block.Messages == 1 {
		m.block.From = m.now
	}
	m.block.To = m.now
	m.block.Kinds |= 1 << kind
	if _, ok := body.(*event.Summary); ok {
		return
	}
	if m.summary.Start == 0 {
		m.summary.Start = m.now
	}
	m.summary.End = m.now
	m.summary.Kinds[kind]++
	if io, ok := body.(*event.IO); ok {
		*[]*uint64{&m.summary.Bytes.Stdin, &m.summary.Bytes.Stdout, &m.summary.Bytes.Stderr}[io.Stream] += uint64(len(io.Data))
	}
}

// flush ends the block.
func (m *maker) flush() {
	m.t.Helper()
	out, err := m.w.AppendBlock(m.out, m.block, m.c, m.level)
	if err != nil {
		m.t.Fatal(err)
	}
	m.out, m.block = out, binary.Block{Plain: m.block.Plain[:0], Recovered: m.block.Recovered}
}

// end ends the log.
func (m *maker) end() []byte {
	m.t.Helper()
	from := m.block.From
	if m.block.Messages == 0 {
		from = m.now + 1
	}
	if m.block.Messages > 0 && len(m.block.Plain) > binary.MaxContent-64<<10 {
		m.flush()
		from = m.now + 1
	}
	m.summary.Index = m.w.Index(from)
	m.add(&m.summary)
	m.flush()
	return m.w.AppendEnd(m.out)
}

// small is a log of two data blocks.
func small(t testing.TB) []byte {
	m := newMaker(t)
	m.add(&event.Connect{RemoteAddr: "192.0.2.7", Country: "XX"}, &event.HandshakeSuccessful{Username: "alice"},
		&event.NewChannelSuccessful{ChannelType: "session"}, &event.Exec{RequestID: 1, Program: "true"})
	m.flush()
	m.add(&event.IO{Stream: event.Stdout, Data: []byte("some output\n")}, &event.Exit{}, &event.Disconnect{})
	return m.end()
}

// tiny is a log of n times 50,000 small messages.
func tiny(t testing.TB, n int) []byte {
	m := newMaker(t)
	for range n * 50_000 {
		m.add(&event.IO{Stream: event.Stdout, Data: []byte("x")})
	}
	return m.end()
}

// ends of blocks: where each begins, and the end mark last.
func blocksOf(log []byte) []int {
	var at []int
	for i := len(header2); i < len(log); {
		at = append(at, i)
		i += int(uint32(log[i+20]) | uint32(log[i+21])<<8 | uint32(log[i+22])<<16 | uint32(log[i+23])<<24)
	}
	return at
}

func repeated(s string, n int) string { return string(bytes.Repeat([]byte(s), n)) }
