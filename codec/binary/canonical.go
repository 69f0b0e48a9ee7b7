package binary

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"strconv"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/cbor"
)

// canonical turns the items of foreign files into messages as our writer would have
// written them, so that there is one form downstream. Keys that a payload lacks stay
// lacking, types and values that are not those of the table are kept as they are, and
// what our form does not have comes as its nearest: a tagged item without its tag, a
// float as the integer or the text that it is, undefined as null, a key as text.
type canonical struct {
	out []byte
}

// message makes m of a well-formed item. m is valid until the next call.
func (c *canonical) message(m *Message, item cbor.Item) error {
	*m = Message{}
	if cbor.Major(item[0]>>5) != cbor.MajorMap {
		return errors.New("is not a map")
	}
	top := map[string]cbor.Item{}
	for key, value := range item.Pairs() {
		if k := keyText(nil, key); len(k) <= len("connectionId") && top[string(k)] == nil {
			top[string(k)] = value
		}
	}
	number := top["type"]
	if number == nil || cbor.Major(number[0]>>5) > cbor.MajorNegint {
		return errors.New("has no integer type")
	}
	if conn := top["connectionId"]; conn != nil && cbor.Major(conn[0]>>5) == cbor.MajorText {
		m.Conn = event.ConnID(conn.Contents())
	}
	c.out = appendReplaced(append(c.out[:0], headConn...), string(m.Conn), 0)
	m.Time = integer(top["timestamp"])
	c.out = cbor.AppendInt(append(c.out, headTime...), m.Time)
	c.out = c.anything(append(c.out, headType...), number)
	m.Type = event.Type(min(max(integer(number), -1), math.MaxUint32)) // -1 is the largest: no type is
	m.Kind = event.KindOther
	c.out = append(c.out, headPayload...)
	m.payload = len(c.out)
	c.payload(m, top["payload"])
	c.out = append(c.out, headChannel...)
	m.channel = len(c.out)
	c.channelID(m, top["channelId"])
	m.raw = c.out
	return nil
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
	c.out = c.known(c.out, value, p.shape)
	m.Kind = p.row.Kind
	c.extension(m)
	if m.Type != typeIO || len(c.out) == m.payload {
		return
	}
	c.io(m)
}

// io notes the stream and size of an I/O message.
func (c *canonical) io(m *Message) {
	payload := cbor.Item(c.out[m.payload:])
	if cbor.Major(payload[0]>>5) != cbor.MajorMap {
		return
	}
	for key, value := range payload.Pairs() {
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
	if m.Type != typeOnConnection && m.Type != typeOnChannel {
		return
	}
	payload := c.out[m.payload:]
	suffix := bytes.Index(payload, []byte(extensionSuffix))
	if suffix < 0 {
		return
	}
	for start := suffix - 1; start >= max(0, suffix-maxName); start-- {
		name := payload[start:suffix]
		if !validName(name) {
			return
		}
		carried := appendCarrier(nil, m.Type, string(name))
		carried = carried[bytes.Index(carried, []byte(headPayload))+len(headPayload):]
		if data, ok := bytes.CutPrefix(payload, carried); ok && cbor.Major(data[0]>>5) == cbor.MajorMap {
			m.Extension, m.data = string(name), m.payload+len(carried)
			m.Kind = event.ExtensionKind(m.Extension)
			return
		}
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

// integer returns an item's number, the nearest to it that int64 can hold, 0 if it is none.
func integer(it cbor.Item) int64 {
	if it == nil {
		return 0
	}
	switch major, arg, _ := it.Head(); major {
	case cbor.MajorUint:
		return int64(min(arg, math.MaxInt64))
	case cbor.MajorNegint:
		return ^int64(min(arg, math.MaxInt64))
	}
	return 0
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
	case cbor.MajorNegint:
		if arg > math.MaxInt64 {
			return cbor.AppendText(dst, keyText(nil, it))
		}
		return cbor.AppendHead(dst, major, arg)
	case cbor.MajorUint:
		return cbor.AppendHead(dst, major, arg)
	case cbor.MajorBytes:
		return cbor.AppendBytes(dst, it.Contents())
	case cbor.MajorText:
		return appendReplaced(dst, string(it.Contents()), 0)
	case cbor.MajorArray:
		return c.items(dst, it, c.anything)
	case cbor.MajorMap:
		return c.pairs(dst, it, &openMap)
	}
	return simple(dst, it)
}

// simple appends a simple value or a float.
func simple(dst []byte, it cbor.Item) []byte {
	switch it[0] {
	case cbor.False, cbor.True:
		return append(dst, it[0])
	case 0xf9, 0xfa, 0xfb:
		f := float(it)
		if i := int64(f); float64(i) == f && math.Abs(f) < 1<<53 {
			return cbor.AppendInt(dst, i)
		}
		return cbor.AppendText(dst, strconv.FormatFloat(f, 'g', -1, 64))
	}
	return cbor.AppendNull(dst)
}

// float returns the value of a float (RFC 8949 §3.3, half precision as in appendix D).
func float(it cbor.Item) float64 {
	_, arg, size := it.Head()
	switch size {
	case 5:
		return float64(math.Float32frombits(uint32(arg)))
	case 9:
		return math.Float64frombits(arg)
	}
	exponent, mantissa := int(arg>>10&31), float64(arg&1023)
	var f float64
	switch exponent {
	case 0:
		f = math.Ldexp(mantissa, -24)
	case 31:
		if f = math.Inf(1); mantissa != 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(mantissa+1024, exponent-25)
	}
	if arg>>15 != 0 {
		f = -f
	}
	return f
}

func (c *canonical) items(dst []byte, it cbor.Item, each func([]byte, cbor.Item) []byte) []byte {
	start, n := len(dst), 0
	for item := range it.Items() {
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
	var raws []int
	for key, value := range it.Pairs() {
		if i := s.place(keyText(nil, key)); i >= 0 && place[i] == nil {
			place[i] = value
		}
	}
	for i, value := range place {
		if value == nil {
			continue
		}
		f := &s.fields[i]
		dst = c.known(append(dst, f.head...), value, f.shape)
		n++
		if invalidText(value) {
			raws = append(raws, i)
		}
	}
	for _, i := range raws {
		dst = cbor.AppendBytes(append(dst, s.fields[i].rawHead...), place[i].Untagged().Contents())
		n++
	}
	rest, more := c.open(dst, it, s)
	return insertHead(rest, start, cbor.MajorMap, n+more)
}

// open appends the pairs of a map whose keys are not known, and returns how many.
func (c *canonical) open(dst []byte, it cbor.Item, s *shape) ([]byte, int) {
	n, skip := 0, repeated(it)
	for key, value := range it.Pairs() {
		if len(skip) > 0 && skip[0] == uint32(len(it)-len(key)) {
			skip = skip[1:]
			continue
		}
		text := keyText(nil, key)
		if s.place(text) >= 0 {
			continue
		}
		dst = appendReplaced(dst, string(text), 0)
		if f := s.ours(text); f != nil {
			dst = c.known(dst, value, f.shape)
		} else {
			dst = c.anything(dst, value)
		}
		n++
		if invalidText(value) {
			dst = appendReplaced(dst, string(text)+rawSuffix, 0)
			dst = cbor.AppendBytes(dst, value.Untagged().Contents())
			n++
		}
	}
	return dst, n
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
	return cbor.Major(it[0]>>5) == cbor.MajorText && !valid(it.Contents())
}

// keyText returns a key as text: what a number looks like, the contents of a string,
// and of anything else its bytes in hexadecimal digits. It may use buf.
func keyText(buf []byte, it cbor.Item) []byte {
	it = it.Untagged()
	switch major, arg, _ := it.Head(); major {
	case cbor.MajorUint:
		return strconv.AppendUint(buf, arg, 10)
	case cbor.MajorNegint:
		if arg < math.MaxUint64 {
			return strconv.AppendUint(append(buf, '-'), arg+1, 10)
		}
		return append(buf, "-18446744073709551616"...)
	case cbor.MajorBytes, cbor.MajorText:
		return it.Contents()
	}
	return hex.AppendEncode(buf, it.Alone())
}

// repeated returns the offsets in it of the keys of a map that equal an earlier one.
// A map can have millions of keys: this holds no more than their offsets, and sorts them.
func repeated(it cbor.Item) []uint32 {
	var few [16]uint32
	keys := few[:0]
	for key := range it.Pairs() {
		keys = append(keys, uint32(len(it)-len(key)))
	}
	slices.SortFunc(keys, func(a, b uint32) int {
		return cmp.Or(compareKeys(it[a:], it[b:]), cmp.Compare(a, b))
	})
	var again []uint32
	for i := 1; i < len(keys); i++ {
		if compareKeys(it[keys[i-1]:], it[keys[i]:]) == 0 {
			again = append(again, keys[i])
		}
	}
	slices.Sort(again)
	return again
}

// compareKeys orders keys so that those which become the same text are equal.
func compareKeys(a, b cbor.Item) int {
	var x, y [24]byte
	return bytes.Compare(keyText(x[:0], a), keyText(y[:0], b))
}
