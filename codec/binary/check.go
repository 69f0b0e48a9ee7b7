package binary

import (
	"fmt"
	"math"
	"strings"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/cbor"
)

// checker reads messages and holds each to all that the format says. Every fault is
// found at the first byte that can't be part of a good log, so that the end of a file
// that was cut is judged by the same code as the rest: [cbor.ErrMore] is a good
// beginning, anything else is not.
type checker struct {
	tally tally
	head  header     // of the block
	index [][2]int64 // what a summary in this block must say
	alone bool       // the block is read without those before it: tally knows nothing

	s       cbor.Scanner
	n       uint32 // number of the message in its block
	content []byte
	kinds   uint32 // of the messages so far
	m       *Message
	entries []entry
}

// begin goes to the content of the block with this header.
func (c *checker) begin(h *header, index [][2]int64, content []byte) {
	c.head, c.index, c.content = *h, index, content
	c.n, c.kinds = 0, 0
	c.s.Reset(content, 0, 0)
}

// done reports whether all messages of the block were read.
func (c *checker) done() bool { return c.n == c.head.messages }

// next reads the next message of the block into m.
func (c *checker) next(m *Message) error {
	start := c.s.Pos()
	c.s.Reset(c.content, start, min(start+MaxMessage, MaxContent))
	*m = Message{Seq: c.tally.messages}
	c.m = m
	c.entries = c.entries[:0]
	if err := c.envelope(start); err != nil {
		return err
	}
	if c.s.Pos()-start > MaxMessage {
		return c.s.Fault("a message of %d bytes: at most %d", c.s.Pos()-start, MaxMessage)
	}
	m.raw = c.content[start:c.s.Pos():c.s.Pos()]
	c.kinds |= 1 << m.Kind
	c.n++
	c.tally.add(m)
	return nil
}

// envelope reads a message's keys.
func (c *checker) envelope(start int) error {
	m := c.m
	if !c.s.Literal(headConn) {
		return c.s.Cut(headConn)
	}
	conn, err := c.s.Text(1, maxConn)
	if len(conn) > 0 && !validConn(conn) {
		return c.s.Fault("connection id %.80q: must be printable ASCII", conn)
	}
	if err != nil {
		return within(err, "connection id")
	}
	m.Conn = c.intern(conn)
	if err := c.time(); err != nil {
		return err
	}
	if err := c.typ(); err != nil {
		return err
	}
	if !c.s.Literal(headPayload) {
		return c.s.Cut(headPayload)
	}
	m.payload = c.s.Pos() - start
	if err := c.payload(start); err != nil {
		return within(err, "payload of type %d", m.Type)
	}
	if !c.s.Literal(headChannel) {
		return c.s.Cut(headChannel)
	}
	m.channel = c.s.Pos() - start
	if m.Type.OnChannel() {
		m.Channel, err = c.s.Uint(0, math.MaxUint64)
	} else if !c.s.Null() {
		err = c.s.Wrong("null")
	}
	if err != nil { // without this look the type would be boxed for each message
		return within(err, "channelId of type %d", m.Type)
	}
	return nil
}

// intern returns a connection id, mostly the one of the message before.
func (c *checker) intern(conn []byte) event.ConnID {
	switch {
	case string(conn) == string(c.tally.conn):
		return c.tally.conn
	case string(conn) == string(c.tally.peer):
		return c.tally.peer
	case string(conn) == string(event.Gateway):
		return event.Gateway
	}
	return event.ConnID(conn)
}

// time reads the timestamp: never before the last one, in the bounds that the block's
// header gives, and equal to them at both ends.
func (c *checker) time() error {
	if !c.s.Literal(headTime) {
		return c.s.Cut(headTime)
	}
	lo, hi := max(c.tally.last, c.head.from), c.head.to
	if c.n == 0 {
		hi = c.head.from
	}
	if c.n == c.head.messages-1 {
		lo = max(lo, c.head.to)
	}
	t, err := c.s.Uint(uint64(lo), uint64(hi))
	c.m.Time = int64(t)
	return within(err, "timestamp")
}

func (c *checker) typ() error {
	if !c.s.Literal(headType) {
		return c.s.Cut(headType)
	}
	t, err := c.s.Uint(0, math.MaxUint32)
	if err == cbor.ErrMore {
		lo, hi := c.s.Range()
		for _, known := range payloads.types {
			if lo <= uint64(known) && uint64(known) <= hi {
				return err
			}
		}
		return c.s.Fault("type of at least %d: there is none", lo)
	}
	if err != nil {
		return within(err, "type")
	}
	p := payloads.byType[event.Type(t)]
	if p == nil {
		return c.s.Fault("type %d: there is none", t)
	}
	c.m.Type, c.m.Kind = p.row.Type, p.row.Kind
	return nil
}

// kind notes the kind of the message, once it is known.
func (c *checker) kind(k event.Kind) error {
	c.m.Kind = k
	if c.head.kinds>>k&1 == 0 {
		return c.s.Fault("a message of kind %d, which the block's header does not have", k)
	}
	return nil
}

// payload reads the payload of the message's type.
func (c *checker) payload(start int) error {
	t := c.m.Type
	if t == typeIO {
		return c.io()
	}
	p := payloads.byType[t]
	carrier := t == typeOnConnection || t == typeOnChannel
	if !carrier {
		if err := c.kind(p.row.Kind); err != nil {
			return err
		}
	}
	if p.known == 0 && c.s.Null() {
		return nil
	}
	if err := c.pairs(p.shape, max(1, p.known), 2); err != nil {
		return err
	}
	if carrier && c.m.Extension == "" {
		return c.kind(p.row.Kind)
	}
	if c.m.Extension != "" {
		c.m.data -= start
	}
	return nil
}

// io reads the payload of type 500, which nearly all messages are: as a rule it has
// its two keys and nothing else.
func (c *checker) io() error {
	const usual = "\xa2" + headStream
	from := c.s.Pos()
	if c.s.Literal(usual) {
		stream, err := c.stream()
		if err != nil {
			return err
		}
		if !c.s.Literal(headData) {
			return c.s.Cut(headData)
		}
		data, err := c.s.Bytes()
		c.m.size = len(data)
		return within(err, "data of stream %d", stream)
	}
	rest := c.content[from:]
	if len(rest) < len(usual) && strings.HasPrefix(usual, string(rest)) {
		return c.s.Cut(usual)
	}
	return c.pairs(payloads.byType[typeIO].shape, 2, 2)
}

func (c *checker) stream() (event.Kind, error) {
	v, err := c.s.Uint(0, uint64(event.Stderr))
	if err != nil {
		return 0, within(err, "stream")
	}
	return event.Kind(v), c.kind(event.KindStdin + event.Kind(v))
}

// value reads a value of this shape; an array or map stands at this depth.
func (c *checker) value(s *shape, depth int) error {
	if s.nullable && c.s.Null() {
		return nil
	}
	var err error
	switch s.form {
	case formText:
		limit := s.limit
		if limit == 0 {
			limit = MaxMessage
		}
		err = c.text(limit, s.rule)
	case formBytes:
		_, err = c.s.Bytes()
	case formUint:
		_, err = c.s.Uint(0, s.max)
	case formInt:
		_, err = c.s.Int64()
	case formBool:
		_, err = c.s.Bool()
	case formMap:
		err = c.pairs(s, s.known, depth)
	case formArray:
		err = c.array(s, depth)
	}
	return err
}

func (c *checker) text(limit int, r *rule) error {
	t, err := c.s.Text(0, limit)
	if r == nil || err != nil && err != cbor.ErrMore {
		return err
	}
	if err == nil && !r.whole(string(t)) || err != nil && c.s.Size() > 0 && !r.begun(string(t), c.s.Size()) {
		return c.s.Fault("%.80q: %s", t, r.words)
	}
	return err
}

func (c *checker) array(s *shape, depth int) error {
	least := 0
	if s.fixed {
		least = s.count
	}
	n, err := c.s.Array(least, s.count)
	if err != nil {
		return err
	}
	for i := range n {
		if err := c.value(s.elem, depth+1); err != nil {
			return within(err, "item %d", i)
		}
	}
	return nil
}

// anything reads a value whose shape nobody knows.
func (c *checker) anything(depth int) error {
	m, err := c.s.Next()
	if err != nil {
		return err
	}
	switch m {
	case cbor.MajorUint, cbor.MajorNegint:
		_, _, err = c.s.Int()
		return err
	case cbor.MajorBytes:
		_, err = c.s.Bytes()
		return err
	case cbor.MajorText:
		_, err = c.s.Text(0, MaxMessage)
		return err
	case cbor.MajorSimple:
		if c.s.Null() {
			return nil
		}
		_, err = c.s.Bool()
		return err
	case cbor.MajorTag:
		return c.s.Wrong("a value without a tag")
	}
	if depth > maxDepth {
		return c.s.Fault("arrays and maps nest deeper than %d", maxDepth)
	}
	if m == cbor.MajorMap {
		return c.pairs(&openMap, 0, depth)
	}
	n, err := c.s.Array(0, maxItems)
	if err != nil {
		return err
	}
	for range n {
		if err := c.anything(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

// openMap is the shape of a map of which no key is known.
var openMap = shape{form: formMap}

// within says where in a message a fault is. What only goes on is no fault.
func within(err error, format string, args ...any) error {
	if err == nil || err == cbor.ErrMore {
		return err
	}
	fault := err.(*cbor.SyntaxError)
	return &cbor.SyntaxError{Offset: fault.Offset, Why: fmt.Sprintf(format, args...) + ": " + fault.Why}
}
