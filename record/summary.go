package record

import (
	"strings"
	"unicode/utf8"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

// FORMAT §6: how much a summary tells.
const (
	maxChannels = 256
	maxProgram  = 1024
)

// summary gathers what a log's last message tells, event by event.
type summary struct {
	event.Summary
	conn    event.ConnID // the first event's
	several bool         // connections
	events  uint64
	auth    []string
	target  *string
	skipped event.StreamBytes
	open    map[uint64]int  // index in Channels, -1 beyond the limit
	foreign map[uint64]bool // open channels that are not sessions
	online  map[event.ConnID]bool
}

func newSummary() *summary {
	return &summary{Summary: event.Summary{Version: 1}}
}

// observe takes note of one event. It keeps nothing of it.
func (s *summary) observe(ev *event.Event) {
	if s.events == 0 {
		s.conn, s.Start = ev.Conn, ev.Time
	}
	s.several = s.several || ev.Conn != s.conn
	s.events++
	s.End = ev.Time
	s.Kinds[event.KindOf(ev.Body)]++
	if b, ok := ev.Body.(*event.IO); ok {
		addTo(&s.Bytes, b.Stream, uint64(len(b.Data)))
		return
	}
	if ev.Body.Type().OnChannel() {
		s.observeChannel(ev)
	} else {
		s.observeConnection(ev)
	}
}

func (s *summary) observeConnection(ev *event.Event) {
	switch b := ev.Body.(type) {
	case *event.Connect:
		s.RemoteAddr = text(b.RemoteAddr)
		set(&s.online, ev.Conn, true)
	case *event.Disconnect:
		delete(s.online, ev.Conn)
	case *event.AuthPasswordSuccessful:
		s.auth = append(s.auth, "password")
	case *event.AuthPubkeySuccessful:
		s.auth = append(s.auth, "publickey")
	case *event.AuthNone:
		if b.Accepted {
			s.auth = append(s.auth, "none")
		}
	case *event.AuthMethod:
		if b.Accepted {
			s.auth = append(s.auth, b.Method)
		}
	case *event.AuthPartial:
		s.auth = append(s.auth, b.Method)
	case *event.HandshakeSuccessful:
		s.Username = text(b.Username)
	case *event.Gap:
		s.Gaps++
	}
}

func (s *summary) observeChannel(ev *event.Event) {
	switch b := ev.Body.(type) {
	case *event.NewChannelSuccessful:
		s.addChannel(ev.Channel, b.ChannelType)
	case *event.Close:
		if s.foreign[ev.Channel] {
			s.Forwarded.Received += b.Received
			s.Forwarded.Sent += b.Sent
			delete(s.foreign, ev.Channel)
		}
		delete(s.open, ev.Channel)
	default:
		if i, ok := s.open[ev.Channel]; ok && i >= 0 {
			describe(&s.Channels[i], b)
		}
	}
}

func (s *summary) addChannel(id uint64, kind string) {
	if kind != "session" {
		set(&s.foreign, id, true)
	}
	if len(s.Channels) >= maxChannels {
		s.ChannelsOmitted++
		return
	}
	set(&s.open, id, len(s.Channels))
	s.Channels = append(s.Channels, event.ChannelSummary{ChannelID: id, ChannelType: *text(kind)})
}

func describe(c *event.ChannelSummary, body event.Body) {
	switch b := body.(type) {
	case *event.Exec:
		c.Program = text(b.Program)
		*c.Program = cut(*c.Program, maxProgram)
	case *event.Subsystem:
		c.Subsystem = text(b.Subsystem)
	case *event.Exit:
		c.ExitStatus = &b.ExitStatus
		status := b.ExitStatus
		c.ExitStatus = &status
	case *event.ExitSignal:
		c.ExitSignal = text(b.Signal)
	}
}

// message returns the summary as the log's last message: its block is the next that
// encoder writes, and its first message has the time from.
func (s *summary) message(from int64, encoder *binary.Writer) *event.Summary {
	m := s.Summary
	m.Skipped, m.Target = s.skipped, s.target
	if len(s.auth) > 0 {
		m.Auth = text(strings.Join(s.auth, ","))
	}
	if s.several {
		m.Username, m.RemoteAddr, m.Auth, m.Target = nil, nil, nil, nil
	}
	m.Index = encoder.Index(from)
	return &m
}

// appendTo appends the summary to the last block, at the time of the last event.
func (s *summary) appendTo(b *binary.Block, last int64, encoder *binary.Writer) error {
	if b.Messages == 0 {
		b.From = last
	}
	body := s.message(b.From, encoder)
	plain, err := binary.AppendMessage(b.Plain, &event.Event{Conn: s.conn, Time: last, Body: body})
	if err != nil {
		return err
	}
	b.Plain, b.To = plain, last
	b.Messages++
	b.Kinds |= 1 << event.KindOf(body)
	return nil
}

// text returns s as valid UTF-8 (FORMAT §2), to be pointed at.
func text(s string) *string {
	var b strings.Builder
	for _, r := range s { // yields U+FFFD for each byte that is none
		b.WriteRune(r)
	}
	s = b.String()
	return &s
}

// cut returns at most n bytes of s, which is valid, and whole characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func set[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}
