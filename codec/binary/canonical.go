package binary

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/cbor"
)

// canonical turns the items of foreign files into messages as our writer would have
// written them, so that there is one form downstream. Keys that a payload lacks stay
// lacking, types and values that are not those of the table are kept as they are, and
// what our form does not have comes as its nearest: a tagged item without its tag, a
// float as the integer or the text that it is, undefined as null, a key as text. One
// thing is left to [Message.AppendJSON]: text that is not UTF-8 has its Raw key beside
// it, but is still itself.
type canonical struct {
	out  []byte
	seen keySet
	keys int // of the message
	full bool
}

// Limits of what is made of one item, so that a hostile one does not become larger
// than memory. What ContainerSSH writes is far below them.
const (
	maxCanonical = 2 * maxForeign
	maxKeys      = 1 << 20
	largeItem    = 1 << 20
)

var (
	errNoMap  = errors.New("is not a map")
	errNoType = errors.New("has no integer type")
	errLarge  = fmt.Errorf("has more than %d keys, or more than %d bytes when written out", maxKeys, maxCanonical)
)

// message makes m of a well-formed item. m is valid until the next call.
func (c *canonical) message(m *Message, it cbor.Item) error {
	*m = Message{}
	c.keys, c.full = 0, false
	if room := min(4*len(it), maxCanonical); len(it) > largeItem && cap(c.out) < room {
		c.out = make([]byte, 0, room) // at once: growing needs both the old and the new
	}
	if cbor.Major(it[0]>>5) != cbor.MajorMap {
		return errNoMap
	}
	top := topLevel(it)
	number := top["type"]
	if number == nil || cbor.Major(number[0]>>5) > cbor.MajorNegint {
		return errNoType
	}
	c.out = append(c.out[:0], headConn...)
	if conn := top["connectionId"]; conn != nil && cbor.Major(conn[0]>>5) == cbor.MajorText {
		m.Conn = event.ConnID(conn.Contents())
	}
	c.out = cbor.AppendText(c.out, string(m.Conn))
	m.Time = integer(top["timestamp"])
	c.out = cbor.AppendInt(append(c.out, headTime...), m.Time)
	c.out = c.anything(append(c.out, headType...), number)
	m.Type = event.Type(min(max(integer(number), -1), math.MaxUint32)) // -1 becomes the largest: there is no such type
	m.Kind = event.KindOther
	c.out = append(c.out, headPayload...)
	m.payload = len(c.out)
	c.payload(m, top["payload"])
	c.out = append(c.out, headChannel...)
	m.channel = len(c.out)
	c.channelID(m, top["channelId"])
	m.raw = c.out
	if c.full {
		return errLarge
	}
	return nil
}

// topLevel returns the values of a message's own keys, the first of each.
func topLevel(it cbor.Item) map[string]cbor.Item {
	top := make(map[string]cbor.Item, 5)
	for key, value := range it.Pairs() {
		k := keyText(nil, key)
		switch string(k) {
		case "connectionId", "timestamp", "type", "payload", "channelId":
			if top[string(k)] == nil {
				top[string(k)] = value
			}
		}
	}
	return top
}

func (c *canonical) payload(m *Message, value cbor.Item) {
	p := payloads.byType[m.Type]
	switch {
	case value == nil:
		c.out = cbor.AppendNull(c.out)
		return
	case p == nil:
		c.out = c.anything(c.out, value)
		return
	}
	m.Kind = p.row.Kind
	c.out = c.known(c.out, value, p.shape)
	switch {
	case c.full || cbor.Major(c.out[m.payload]>>5) != cbor.MajorMap:
	case m.Type == typeIO:
		c.io(m)
	case m.Type == typeOnConnection || m.Type == typeOnChannel:
		c.extension(m)
	}
}

// io notes the stream and size of an I/O message.
func (c *canonical) io(m *Message) {
	for key, value := range cbor.Item(c.out[m.payload:]).Pairs() {
		major, arg, _ := value.Head()
		switch k := string(key.Contents()); {
		case k == "stream" && major == cbor.MajorUint && arg <= uint64(event.Stderr):
			m.Kind = event.KindStdin + event.Kind(arg)
		case k == "data" && major == cbor.MajorBytes:
			m.size = int(arg)
		}
	}
}

// extension notes that the message is an extension, which in a foreign file is one of
// ours that something else has packed anew.
func (c *canonical) extension(m *Message) {
	payload := c.out[m.payload:]
	var requestType []byte
	for key, value := range cbor.Item(payload).Pairs() {
		if string(key.Contents()) == "requestType" && cbor.Major(value[0]>>5) == cbor.MajorText {
			requestType = value.Contents()
		}
	}
	name, ok := extensionName(string(requestType))
	if !ok {
		return
	}
	carried := carrierPayload(m.Type, name)
	if data, ok := bytes.CutPrefix(payload, carried); ok && cbor.Major(data[0]>>5) == cbor.MajorMap {
		m.Extension, m.data = name, m.payload+len(carried)
		m.Kind = event.ExtensionKind(name)
	}
}

func (c *canonical) channelID(m *Message, value cbor.Item) {
	if value == nil {
		c.out = cbor.AppendNull(c.out)
		return
	}
	if major, arg, _ := value.Head(); major == cbor.MajorUint {
		m.Channel = arg
	}
	c.out = c.anything(c.out, value)
}

// room reports whether n more bytes, and what may go around them, can be written.
func (c *canonical) room(dst []byte, n int) bool {
	c.full = c.full || len(dst)+n > maxCanonical-1024
	return !c.full
}

// known appends a value that should have this shape.
func (c *canonical) known(dst []byte, it cbor.Item, s *shape) []byte {
	it = it.Untagged()
	switch major := cbor.Major(it[0] >> 5); {
	case it[0] == cbor.Null && s.form == formBytes:
		return cbor.AppendBytes(dst, "")
	case it[0] == cbor.Null && s.form == formArray:
		return cbor.AppendArray(dst, 0)
	case major == cbor.MajorMap && s.form == formMap:
		return c.pairs(dst, it, s)
	case major == cbor.MajorArray && s.form == formArray:
		return c.items(dst, it, func(dst []byte, it cbor.Item) []byte { return c.known(dst, it, s.elem) })
	}
	return c.anything(dst, it)
}

// anything appends a value whose shape nobody knows.
func (c *canonical) anything(dst []byte, it cbor.Item) []byte {
	it = it.Untagged()
	major, arg, _ := it.Head()
	switch major {
	case cbor.MajorArray:
		return c.items(dst, it, c.anything)
	case cbor.MajorMap:
		return c.pairs(dst, it, &openMap)
	case cbor.MajorBytes, cbor.MajorText:
		b := it.Contents()
		if !c.room(dst, len(b)) {
			return dst
		}
		return append(cbor.AppendHead(dst, major, uint64(len(b))), b...)
	}
	switch {
	case !c.room(dst, 0):
		return dst
	case major == cbor.MajorNegint && arg > math.MaxInt64:
		return cbor.AppendText(dst, keyText(nil, it))
	case major != cbor.MajorSimple:
		return cbor.AppendHead(dst, major, arg)
	}
	return appendSimple(dst, it)
}

func (c *canonical) items(dst []byte, it cbor.Item, each func([]byte, cbor.Item) []byte) []byte {
	start, n := len(dst), 0
	for item := range it.Items() {
		if c.full {
			return dst
		}
		dst = each(dst, item)
		n++
	}
	return insertHead(dst, start, cbor.MajorArray, n)
}

// insertHead puts the head of an array or map before its content, which begins at start.
func insertHead(dst []byte, start int, m cbor.Major, n int) []byte {
	var head [9]byte
	return slices.Insert(dst, start, cbor.AppendHead(head[:0], m, uint64(n))...)
}

// pairs appends a map: its known keys first, in their order, their Raw keys, the rest.
func (c *canonical) pairs(dst []byte, it cbor.Item, s *shape) []byte {
	start, n := len(dst), 0
	place := make([]cbor.Item, s.known)
	for key, value := range it.Pairs() {
		if i := s.place(keyText(nil, key)); i >= 0 && place[i] == nil {
			place[i] = value
		}
	}
	for i, value := range place {
		if value != nil {
			dst = c.known(append(dst, s.fields[i].head...), value, s.fields[i].shape)
			n++
		}
	}
	for i, value := range place {
		if value != nil && invalidText(value) {
			dst = c.rawBytes(append(dst, s.fields[i].rawHead...), value)
			n++
		}
	}
	dst, more := c.others(dst, it, s)
	return insertHead(dst, start, cbor.MajorMap, n+more)
}

// others appends the pairs of a map whose keys are not known, and returns how many.
func (c *canonical) others(dst []byte, it cbor.Item, s *shape) ([]byte, int) {
	n, again := 0, c.repeated(it)
	for key, value := range it.Pairs() {
		if len(again) > 0 && again[0] == uint32(len(it)-len(key)) {
			again = again[1:]
			continue
		}
		text := keyText(nil, key)
		if s.place(text) >= 0 {
			continue
		}
		if !c.room(dst, 2*len(text)) {
			return dst, n
		}
		dst = cbor.AppendText(dst, text)
		if f := s.ours(text); f != nil {
			dst = c.known(dst, value, f.shape)
		} else {
			dst = c.anything(dst, value)
		}
		n++
		if invalidText(value) {
			dst = append(append(cbor.AppendHead(dst, cbor.MajorText, uint64(len(text)+len(rawSuffix))), text...), rawSuffix...)
			dst = c.rawBytes(dst, value)
			n++
		}
	}
	return dst, n
}

func (c *canonical) rawBytes(dst []byte, text cbor.Item) []byte {
	b := text.Untagged().Contents()
	if !c.room(dst, len(b)) {
		return dst
	}
	return cbor.AppendBytes(dst, b)
}

// place returns the number of a known key, -1 if it is none.
func (s *shape) place(key []byte) int {
	for i := range s.fields[:s.known] {
		if s.fields[i].Key == string(key) {
			return i
		}
	}
	return -1
}

func invalidText(it cbor.Item) bool {
	it = it.Untagged()
	return cbor.Major(it[0]>>5) == cbor.MajorText && !utf8.Valid(it.Contents())
}

// repeated returns the offsets in it of the keys of a map that equal an earlier one.
func (c *canonical) repeated(it cbor.Item) []uint32 {
	n := 0
	for range it.Pairs() {
		n++
	}
	if c.keys += n; c.keys > maxKeys {
		c.full = true
		return nil
	}
	c.seen.reset(n)
	var again []uint32
	for key := range it.Pairs() {
		if at := uint32(len(it) - len(key)); !c.seen.add(it, at) {
			again = append(again, at)
		}
	}
	return again
}

// keySet is a set of the keys of one map. A map can have a million of them, so it
// holds no more than where they are.
type keySet struct {
	seed  maphash.Seed
	table []uint32 // 1 + offset of a key, at or behind the place that its hash gives
}

// reset makes room for n keys.
func (k *keySet) reset(n int) {
	size := 8
	for size < 2*n {
		size *= 2
	}
	if cap(k.table) < size {
		k.table, k.seed = make([]uint32, size), maphash.MakeSeed()
	}
	k.table = k.table[:size]
	clear(k.table)
}

// add adds the key at an offset of it, and reports whether it is a new one. Keys that
// become the same text are the same.
func (k *keySet) add(it cbor.Item, at uint32) bool {
	var x, y [24]byte
	key := keyText(x[:0], it[at:])
	for i := maphash.Bytes(k.seed, key) % uint64(len(k.table)); ; i = (i + 1) % uint64(len(k.table)) {
		if k.table[i] == 0 {
			k.table[i] = at + 1
			return true
		}
		if bytes.Equal(keyText(y[:0], it[k.table[i]-1:]), key) {
			return false
		}
	}
}
