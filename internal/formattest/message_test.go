package formattest_test

import (
	"strings"
)

// start is the time of the first message of the logs here: 2026-11-22T10:32:16Z.
const start = int64(1795343536000000000)

const conn = "0195f7a2c1d07e3f8a4b5c6d7e8f9012"

// A message is one message as it is meant; bytes, if set, is what is written instead.
type message struct {
	conn    string
	at      int64
	typ     int
	payload any
	channel any
	bytes   []byte
}

// fields returns the map that a message is.
func (m message) fields() obj {
	return obj{"connectionId", m.conn, "timestamp", m.at, "type", m.typ, "payload", m.payload, "channelId", m.channel}
}

func (m message) encode() []byte {
	if m.bytes != nil {
		return m.bytes
	}
	return enc(m.fields())
}

// written returns the message with other fields in the file than those that it is counted by.
func (m message) written(change func(obj) obj) message {
	m.bytes = enc(change(m.fields()))
	return m
}

// after returns the message n nanoseconds after the start.
func (m message) after(n int64) message {
	m.at = start + n
	return m
}

// kind is §3.
func (m message) kind() int {
	p, _ := m.payload.(obj)
	switch t := m.typ; {
	case t == 500:
		return p.get("stream").(int)
	case t == 408:
		return 3
	case t >= 100 && t <= 111, t == 198, t == 199:
		return 4
	case m.extension() != "":
		if strings.HasPrefix(m.extension(), "file-") {
			return 8
		}
		return 7
	case t == 200, t == 201, t >= 400 && t <= 407, t == 409, t == 501:
		return 5
	case t >= 202 && t <= 205, t >= 303 && t <= 307:
		return 6
	}
	return 7
}

// extension returns an extension's NAME (§5), or nothing.
func (m message) extension() string {
	p, _ := m.payload.(obj)
	if m.typ != 200 && m.typ != 400 || !p.has("data") {
		return ""
	}
	text, _ := p.get("requestType").(string)
	name, ok := strings.CutSuffix(text, "@sshtrail")
	if !ok {
		return ""
	}
	return name
}

func onConn(typ int, payload any) message {
	return message{conn: conn, at: start, typ: typ, payload: payload}
}

func onChannel(typ int, channel int, payload any) message {
	return message{conn: conn, at: start, typ: typ, payload: payload, channel: channel}
}

func connect() message {
	return onConn(0, obj{"remoteAddr", "192.0.2.7", "country", "XX"})
}

func disconnect() message { return onConn(1, nil) }

func output(stream int, data string) message {
	return onChannel(500, 0, obj{"stream", stream, "data", []byte(data)})
}

func exec(program string) message {
	return onChannel(403, 0, obj{"requestId", 1, "program", program})
}

func extension(name string, data any) message {
	return onConn(200, obj{"requestType", name + "@sshtrail", "data", data})
}

func channelExtension(name string, data any) message {
	return onChannel(400, 0, obj{"requestId", 0, "requestType", name + "@sshtrail", "payload", []byte{}, "data", data})
}

// summaryOf returns the summary of what m has and of the block that is about to be added (§6).
func (f file) summaryOf(m *mark, last block) message {
	all := append(append([]message{}, m.all...), last.messages...)
	s := extension("summary", nil)
	s.conn = conn
	from := start
	if len(all) > 0 {
		s.conn, s.at = all[0].conn, all[len(all)-1].at
		from = s.at
	}
	if len(last.messages) > 0 {
		from = last.messages[0].at
	}
	index := append(append([]any{}, m.index...), []any{len(m.out), from})
	data := summaryData(all, index)
	if f.summary != nil {
		data = f.summary(data)
	}
	payload := obj{"requestType", "summary@sshtrail", "data", data}
	s.payload = payload
	if f.summaryPayload != nil {
		s.payload = f.summaryPayload(payload)
		s.bytes = enc(s.fields())
		s.payload = payload
	}
	if f.summaryMessage != nil {
		f.summaryMessage(&s)
	}
	return s
}

func summaryData(all []message, index []any) obj {
	step := 1
	for (len(index)+step-1)/step > 1024 {
		step *= 2
	}
	points := []any{}
	for i := 0; i < len(index); i += step {
		points = append(points, index[i])
	}
	t := newTotals(all)
	return obj{
		"version", 1, "username", t.username, "remoteAddr", t.remoteAddr, "auth", t.auth, "target", nil,
		"start", t.start, "end", t.end,
		"bytes", obj{"stdin", t.bytes[0], "stdout", t.bytes[1], "stderr", t.bytes[2]},
		"skipped", obj{"stdin", 0, "stdout", 0, "stderr", 0},
		"forwarded", obj{"received", 0, "sent", 0},
		"channels", t.channels[:min(256, len(t.channels))], "channelsOmitted", max(0, len(t.channels)-256),
		"kinds", t.kinds[:], "gaps", t.gaps, "index", points,
	}
}

// totals is what a summary says about messages.
type totals struct {
	username, remoteAddr, auth any
	start, end                 int64
	bytes                      [3]int
	kinds                      [9]any
	gaps                       int
	channels                   []any
}

func newTotals(all []message) *totals {
	t := &totals{channels: []any{}}
	var kinds [9]int
	conns := map[string]bool{}
	for i, m := range all {
		if i == 0 {
			t.start = m.at
		}
		t.end = m.at
		kinds[m.kind()]++
		conns[m.conn] = true
		t.see(m)
	}
	for i, n := range kinds {
		t.kinds[i] = n
	}
	if len(conns) > 1 {
		t.username, t.remoteAddr, t.auth = nil, nil, nil
	}
	return t
}

func (t *totals) see(m message) {
	p, _ := m.payload.(obj)
	switch m.typ {
	case 0:
		t.remoteAddr = p.get("remoteAddr")
	case 101:
		t.username, t.auth = p.get("username"), "password"
	case 301:
		t.channels = append(t.channels, obj{"channelId", m.channel, "channelType", p.get("channelType"),
			"program", nil, "subsystem", nil, "exitStatus", nil, "exitSignal", nil})
	case 500:
		t.bytes[p.get("stream").(int)] += len(p.get("data").([]byte))
	}
	if m.extension() == "gap" {
		t.gaps++
	}
}
