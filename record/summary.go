package record

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
)

// How much a summary tells: of channels and programs by FORMAT §6, of other texts
// because a message must hold it.
const (
	maxChannels = 256
	maxText     = 1024
)

// summary gathers what a log's last message tells, event by event.
type summary struct {
	event.Summary
	conn    event.ConnID // the first event's
	several bool         // connections
	peer    event.ConnID // the first connection that is not the gateway itself
	peers   bool         // there are others
	country *string
	events  uint64
	auth    []string
	target  *string
	skipped event.StreamBytes
	open    map[uint64]int     // index in Channels, -1 beyond the limit
	asked   map[uint64][]asked // on open channels, and not answered
	foreign map[uint64]bool    // open channels that are not sessions
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
	if ev.Conn != event.Gateway {
		if s.peer == "" {
			s.peer = ev.Conn
		}
		s.peers = s.peers || ev.Conn != s.peer
	}
	s.events++
	s.End = ev.Time
	s.Kinds[event.KindOf(ev.Body)]++
	if b, ok := ev.Body.(*event.IO); ok {
		addTo(&s.Bytes, b.Stream, uint64(len(b.Data)))
		if len(s.asked) > 0 {
			s.started(ev.Channel)
		}
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
		s.RemoteAddr, s.country = text(b.RemoteAddr), text(b.Country)
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
	case *event.Exec:
		s.ask(ev.Channel, asked{Request: b.RequestID, Program: text(b.Program)})
	case *event.Subsystem:
		s.ask(ev.Channel, asked{Request: b.RequestID, Subsystem: text(b.Subsystem)})
	case *event.ForcedCommand:
		s.answered(ev.Channel, b.RequestID)
		s.ask(ev.Channel, asked{Request: b.RequestID, Program: text(b.Program)})
	case *event.RequestAccepted:
		if a := s.answered(ev.Channel, b.RequestID); a != nil {
			s.start(ev.Channel, a)
		}
	case *event.RequestFailed:
		s.answered(ev.Channel, b.RequestID)
	case *event.Exit, *event.ExitSignal:
		s.started(ev.Channel)
		if c := s.channel(ev.Channel); c != nil {
			describeEnd(c, b)
		}
	case *event.Close:
		s.started(ev.Channel)
		if s.foreign[ev.Channel] {
			s.Forwarded.Received += b.Received
			s.Forwarded.Sent += b.Sent
			delete(s.foreign, ev.Channel)
		}
		delete(s.open, ev.Channel)
		delete(s.asked, ev.Channel)
	}
}

// asked is a program that was asked for. It counts when the request is accepted or,
// where no answer was wanted, when something comes of it.
type asked struct {
	Request   uint64  `json:"request"`
	Program   *string `json:"program,omitempty"`
	Subsystem *string `json:"subsystem,omitempty"`
}

// maxAsked is how many programs are remembered that were asked for on a channel, of
// which one at most will run.
const maxAsked = 8

func (s *summary) ask(channel uint64, a asked) {
	if s.channel(channel) != nil && len(s.asked[channel]) < maxAsked {
		set(&s.asked, channel, append(s.asked[channel], a))
	}
}

// answered forgets a program that was asked for, and returns it, nil if it is not known.
func (s *summary) answered(channel, request uint64) *asked {
	for i, a := range s.asked[channel] {
		if a.Request == request {
			s.asked[channel] = slices.Delete(s.asked[channel], i, i+1)
			if len(s.asked[channel]) == 0 {
				delete(s.asked, channel)
			}
			return &a
		}
	}
	return nil
}

// started notes that something came of what was asked for first.
func (s *summary) started(channel uint64) {
	if all := s.asked[channel]; len(all) > 0 {
		s.start(channel, s.answered(channel, all[0].Request))
	}
}

// start notes what runs on a channel. It has one program: the first.
func (s *summary) start(channel uint64, a *asked) {
	if c := s.channel(channel); c != nil && c.Program == nil && c.Subsystem == nil {
		c.Program, c.Subsystem = a.Program, a.Subsystem
	}
}

// channel returns what is told of an open channel, nil if nothing is.
func (s *summary) channel(id uint64) *event.ChannelSummary {
	if i, ok := s.open[id]; ok {
		return &s.Channels[i]
	}
	return nil
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

func describeEnd(c *event.ChannelSummary, body event.Body) {
	switch b := body.(type) {
	case *event.Exit:
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
	m.Skipped = s.skipped
	if s.target != nil {
		m.Target = text(*s.target)
	}
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

// text returns what a summary tells of s, to be pointed at: valid UTF-8 (FORMAT §2), cut
// to maxText bytes at a character. It shares no memory with s.
func text(s string) *string {
	const most = maxText + utf8.UTFMax // what is behind has no part in the result
	var b strings.Builder
	for _, r := range s[:min(len(s), most)] { // yields U+FFFD for each byte that is none
		b.WriteRune(r)
	}
	t := b.String()
	if len(t) > maxText {
		n := maxText
		for !utf8.RuneStart(t[n]) {
			n--
		}
		t = strings.Clone(t[:n])
	}
	return &t
}

func set[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}
