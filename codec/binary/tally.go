package binary

import "github.com/sshtrail/sshtrail/event"

// tally is what a reader knows of the messages so far: all that the next message, or
// the summary, must agree with.
type tally struct {
	messages uint64
	start    int64 // time of the first message
	last     int64 // time of the last one
	conn     event.ConnID
	peer     event.ConnID // the first connection that is not the gateway itself
	several  bool         // there are others
	bytes    [3]uint64    // of each stream
	kinds    [event.NumKinds]uint64
	sealed   bool // the last message was a summary
}

// add counts a message.
func (t *tally) add(m *Message) {
	if t.messages == 0 {
		t.start, t.conn = m.Time, m.Conn
	}
	t.messages++
	t.last = m.Time
	if m.Conn != event.Gateway {
		if t.peer == "" {
			t.peer = m.Conn
		}
		t.several = t.several || m.Conn != t.peer
	}
	if m.Extension == summaryName {
		t.sealed = true
		return // it does not count itself
	}
	t.kinds[m.Kind]++
	if m.Type == typeIO {
		t.bytes[m.Kind] += uint64(m.size)
	}
}

// merge goes on behind a block whose messages were counted in b, which began with the
// block. There is no summary among them.
func (t *tally) merge(b *tally) {
	if t.messages == 0 {
		t.start, t.conn = b.start, b.conn
	}
	t.messages, t.last = b.messages, b.last
	t.several = t.several || b.several || t.peer != "" && b.peer != "" && t.peer != b.peer
	if t.peer == "" {
		t.peer = b.peer
	}
	for i, n := range b.bytes {
		t.bytes[i] += n
	}
	for i, n := range b.kinds {
		t.kinds[i] += n
	}
}
