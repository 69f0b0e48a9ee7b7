package binary

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/cbor"
)

// The keys of a message, in CBOR, each with what is always before it.
const (
	headConn      = "\xa5\x6cconnectionId"
	headTime      = "\x69timestamp"
	headType      = "\x64type"
	headPayload   = "\x67payload"
	headChannel   = "\x69channelId"
	headIO        = headType + "\x19\x01\xf4" + headPayload + "\xa2" + headStream // type 500
	headStream    = "\x66stream"
	headData      = "\x64data"
	headRequestID = "\x69requestId"
	headReqType   = "\x6brequestType"
)

// overhead is more than what an I/O message has around its data: the keys and heads
// above, the largest integers, and the longest connection id.
const overhead = 128 + maxConn

// AppendMessage appends ev as one canonical CBOR message. ev.Seq and ev.More are
// ignored. It fails, and returns dst as it was, if the message would be larger than
// [MaxMessage] or if a reader would not accept it: a connection id, time or stream
// that can't be, an [event.Unknown] or a nil body, an extension with a name or data
// that the format does not allow. It keeps nothing of ev.
func AppendMessage(dst []byte, ev *event.Event) ([]byte, error) {
	if !validConn(ev.Conn) || ev.Time < 0 {
		return dst, badEnvelope(ev)
	}
	if io, ok := ev.Body.(*event.IO); ok {
		return appendIO(dst, ev, io)
	}
	out := cbor.AppendText(append(dst, headConn...), string(ev.Conn))
	out = cbor.AppendUint(append(out, headTime...), uint64(ev.Time))
	out, err := appendBody(out, ev)
	if err == nil && len(out)-len(dst) > MaxMessage {
		err = tooLarge(len(out) - len(dst))
	}
	if err != nil {
		return dst, fmt.Errorf("encode message: %w", err)
	}
	return out, nil
}

// appendIO is the hot path: nearly every message of a log is one of these.
func appendIO(dst []byte, ev *event.Event, io *event.IO) ([]byte, error) {
	if io.Stream > event.Stderr {
		return dst, fmt.Errorf("encode message: stream %d: must be 0, 1 or 2", io.Stream)
	}
	if len(io.Data) > MaxMessage-overhead {
		return dst, fmt.Errorf("encode message: %w", tooLarge(len(io.Data)+overhead))
	}
	dst = append(dst, headConn...)
	dst = cbor.AppendText(dst, string(ev.Conn))
	dst = append(dst, headTime...)
	dst = cbor.AppendUint(dst, uint64(ev.Time))
	dst = append(dst, headIO...)
	dst = append(dst, byte(io.Stream))
	dst = append(dst, headData...)
	dst = cbor.AppendBytes(dst, io.Data)
	dst = append(dst, headChannel...)
	return cbor.AppendUint(dst, ev.Channel), nil
}

func tooLarge(n int) error {
	return fmt.Errorf("message of %d bytes: at most %d fit, so split its data", n, MaxMessage)
}

func badEnvelope(ev *event.Event) error {
	if ev.Time < 0 {
		return fmt.Errorf("encode message: time %d: must not be before 1970", ev.Time)
	}
	return fmt.Errorf("encode message: connection id %.80q: must be 1 to %d printable ASCII characters", string(ev.Conn), maxConn)
}

// validConn reports whether id is 1 to 255 printable ASCII characters. It looks at
// eight at a time, since the hot path comes by.
func validConn[S event.ConnID | []byte](id S) bool {
	if len(id) == 0 || len(id) > maxConn {
		return false
	}
	i := 0
	for ; i+8 <= len(id); i += 8 {
		x := uint64(id[i]) | uint64(id[i+1])<<8 | uint64(id[i+2])<<16 | uint64(id[i+3])<<24 |
			uint64(id[i+4])<<32 | uint64(id[i+5])<<40 | uint64(id[i+6])<<48 | uint64(id[i+7])<<56
		// The top bit of a byte of x is set if it is above 7f, of the difference if it is
		// below 20, of the sum if it is 7f. A carry or borrow between bytes begins only
		// where one of these is set already.
		if (x|(x-0x2020202020202020)|(x+0x0101010101010101))&0x8080808080808080 != 0 {
			return false
		}
	}
	for ; i < len(id); i++ {
		if id[i] < 0x20 || id[i] > 0x7e {
			return false
		}
	}
	return true
}

// appendBody appends type, payload and channelId.
func appendBody(dst []byte, ev *event.Event) ([]byte, error) {
	switch b := ev.Body.(type) {
	case nil:
		return nil, errors.New("event without a body")
	case *event.Unknown:
		return nil, fmt.Errorf("type %d: no event has this number; write what is new as an extension", b.Number)
	case *event.Extension:
		return appendUnknownExtension(dst, ev, b)
	}
	row := event.RowOf(ev.Body)
	if row == nil {
		return nil, fmt.Errorf("body of type %T: not in the table of events", ev.Body)
	}
	p, v := payloads.of(row), reflect.ValueOf(ev.Body)
	if v.IsNil() {
		return nil, fmt.Errorf("nil body of type %T", ev.Body)
	}
	if s, ok := ev.Body.(*event.Summary); ok && s.Version != 1 {
		return nil, fmt.Errorf("summary of version %d: must be 1", s.Version)
	}
	if showsHidden(ev.Body) {
		return nil, errors.New("a password that is hidden: it must not be there")
	}
	var err error
	if row.Extension != "" {
		dst = appendCarrier(dst, row.Type, row.Extension)
		dst, err = appendMap(dst, v.Elem(), p.shape)
	} else {
		dst = cbor.AppendUint(append(dst, headType...), uint64(row.Type))
		dst, err = appendPayload(append(dst, headPayload...), v.Elem(), p.shape)
	}
	return appendChannel(dst, row.Type, ev.Channel), err
}

// showsHidden reports whether a body has a password of which it says that it is hidden.
func showsHidden(body event.Body) bool {
	switch b := body.(type) {
	case *event.AuthPassword:
		return b.PasswordHidden && len(b.Password) > 0
	case *event.AuthPasswordSuccessful:
		return b.PasswordHidden && len(b.Password) > 0
	case *event.AuthPasswordFailed:
		return b.PasswordHidden && len(b.Password) > 0
	case *event.AuthPasswordBackendError:
		return b.PasswordHidden && len(b.Password) > 0
	}
	return false
}

func appendChannel(dst []byte, t event.Type, channel uint64) []byte {
	dst = append(dst, headChannel...)
	if t.OnChannel() {
		return cbor.AppendUint(dst, channel)
	}
	return cbor.AppendNull(dst)
}

// appendCarrier appends the type and payload of an extension up to where its data
// goes: the request that an SSH peer would have sent (RFC 4251 §6).
func appendCarrier(dst []byte, carrier event.Type, name string) []byte {
	dst = cbor.AppendUint(append(dst, headType...), uint64(carrier))
	dst = append(dst, headPayload...)
	if carrier.OnChannel() {
		dst = cbor.AppendUint(append(cbor.AppendMap(dst, 4), headRequestID...), 0)
	} else {
		dst = cbor.AppendMap(dst, 2)
	}
	dst = cbor.AppendText(append(dst, headReqType...), name+extensionSuffix)
	if carrier.OnChannel() {
		dst = cbor.AppendBytes(append(dst, headPayload...), "")
	}
	return append(dst, headData...)
}

// carrierPayload returns the payload of an extension up to where its data goes.
func carrierPayload(carrier event.Type, name string) []byte {
	b := appendCarrier(nil, carrier, name)
	return b[bytes.Index(b, []byte(headPayload))+len(headPayload):]
}

// appendPayload appends a payload. One that has only keys of ours is null without them.
func appendPayload(dst []byte, v reflect.Value, s *shape) ([]byte, error) {
	if s.known == 0 && v.IsZero() {
		return cbor.AppendNull(dst), nil
	}
	return appendMap(dst, v, s)
}

// appendMap appends a struct: its known keys, their Raw keys, then ours.
func appendMap(dst []byte, v reflect.Value, s *shape) ([]byte, error) {
	dst = cbor.AppendMap(dst, countPairs(v, s))
	var err error
	for i := range s.fields[:s.known] {
		f := &s.fields[i]
		if dst, err = appendValue(append(dst, f.head...), v.FieldByIndex(f.Index), f.shape); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Key, err)
		}
	}
	for i := range s.fields[:s.known] {
		f := &s.fields[i]
		dst = appendRaw(dst, v.FieldByIndex(f.Index), f, s)
	}
	for i := range s.fields[s.known:] {
		f := &s.fields[s.known+i]
		fv := v.FieldByIndex(f.Index)
		if f.absent(fv) {
			continue
		}
		if dst, err = appendValue(append(dst, f.head...), fv, f.shape); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Key, err)
		}
		dst = appendRaw(dst, fv, f, s)
	}
	return dst, nil
}

// countPairs returns how many keys [appendMap] writes.
func countPairs(v reflect.Value, s *shape) int {
	n := 0
	for i := range s.fields {
		f := &s.fields[i]
		fv := v.FieldByIndex(f.Index)
		if f.absent(fv) {
			continue
		}
		n++
		if _, ok := rawText(fv, f, s); ok {
			n++
		}
	}
	return n
}

// absent reports whether the field is one of ours with nothing in it, which is left out.
func (f *field) absent(v reflect.Value) bool {
	return f.Ours && !f.Always && (v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0)
}

// rawText returns the text of a field that needs a Raw key.
func rawText(v reflect.Value, f *field, s *shape) (string, bool) {
	if s.exact || f.shape.form != formText {
		return "", false
	}
	text := v.String()
	return text, !utf8.ValidString(text)
}

func appendRaw(dst []byte, v reflect.Value, f *field, s *shape) []byte {
	if text, ok := rawText(v, f, s); ok {
		return cbor.AppendBytes(append(dst, f.rawHead...), text)
	}
	return dst
}

func appendValue(dst []byte, v reflect.Value, s *shape) ([]byte, error) {
	if s.nullable {
		if v.IsNil() {
			return cbor.AppendNull(dst), nil
		}
		v = v.Elem()
	}
	switch s.form {
	case formText:
		if s.rule != nil && !s.rule.whole(v.String()) {
			return nil, fmt.Errorf("%.80q: %s", v.String(), s.rule.words)
		}
		return appendReplaced(dst, v.String(), s.limit), nil
	case formBytes:
		return cbor.AppendBytes(dst, v.Bytes()), nil
	case formUint:
		return cbor.AppendUint(dst, v.Uint()), nil
	case formInt:
		return cbor.AppendInt(dst, v.Int()), nil
	case formBool:
		return cbor.AppendBool(dst, v.Bool()), nil
	case formMap:
		return appendMap(dst, v, s)
	}
	return appendArray(dst, v, s)
}

func appendArray(dst []byte, v reflect.Value, s *shape) ([]byte, error) {
	if v.Len() > s.count {
		return nil, fmt.Errorf("%d items: at most %d", v.Len(), s.count)
	}
	dst = cbor.AppendArray(dst, v.Len())
	var err error
	for i := range v.Len() {
		if dst, err = appendValue(dst, v.Index(i), s.elem); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// appendUnknownExtension appends an extension that has no struct.
func appendUnknownExtension(dst []byte, ev *event.Event, e *event.Extension) ([]byte, error) {
	if e == nil || !validName(e.Name) {
		return nil, errors.New("extension: its name must be 1 to 64 of a–z, 0–9 and -")
	}
	if event.ByExtension(e.Name) != nil {
		return nil, fmt.Errorf("extension %q: has a struct in package event, use that", e.Name)
	}
	if e.Carrier != 200 && e.Carrier != 400 {
		return nil, fmt.Errorf("extension %q: its carrier must be 200 or 400, not %d", e.Name, e.Carrier)
	}
	dst, err := appendAnyMap(appendCarrier(dst, e.Carrier, e.Name), e.Data, 3)
	if err != nil {
		return nil, fmt.Errorf("extension %q: %w", e.Name, err)
	}
	return appendChannel(dst, e.Carrier, ev.Channel), nil
}

// appendAny appends a value of an [event.Map] that stands at this depth.
func appendAny(dst []byte, v any, depth int) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return cbor.AppendNull(dst), nil
	case bool:
		return cbor.AppendBool(dst, v), nil
	case int64:
		return cbor.AppendInt(dst, v), nil
	case uint64:
		return cbor.AppendUint(dst, v), nil
	case string:
		return appendReplaced(dst, v, 0), nil
	case []byte:
		return cbor.AppendBytes(dst, v), nil
	case event.Map:
		return appendAnyMap(dst, v, depth)
	case []any:
		return appendAnyArray(dst, v, depth)
	}
	return nil, fmt.Errorf("value of type %T: not one that an event.Map holds", v)
}

func appendAnyArray(dst []byte, a []any, depth int) ([]byte, error) {
	if depth > maxDepth || len(a) > maxItems {
		return nil, fmt.Errorf("array of %d items at depth %d: at most %d and %d", len(a), depth, maxItems, maxDepth)
	}
	dst = cbor.AppendArray(dst, len(a))
	var err error
	for _, v := range a {
		if s, ok := v.(string); ok && !utf8.ValidString(s) {
			return nil, fmt.Errorf("text %.80q in an array: must be UTF-8, since it has no key for its bytes", s)
		}
		if dst, err = appendAny(dst, v, depth+1); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

func appendAnyMap(dst []byte, m event.Map, depth int) ([]byte, error) {
	n, seen := len(m), make(map[string]bool, len(m))
	for _, p := range m {
		if seen[p.Key] || !utf8.ValidString(p.Key) || strings.HasSuffix(p.Key, rawSuffix) {
			return nil, fmt.Errorf("key %.80q: must be UTF-8, stand once and not end in Raw", p.Key)
		}
		seen[p.Key] = true
		if s, ok := p.Value.(string); ok && !utf8.ValidString(s) {
			n++
		}
	}
	if depth > maxDepth || n > maxItems {
		return nil, fmt.Errorf("map of %d keys at depth %d: at most %d and %d", n, depth, maxItems, maxDepth)
	}
	dst = cbor.AppendMap(dst, n)
	var err error
	for _, p := range m {
		if dst, err = appendAny(cbor.AppendText(dst, p.Key), p.Value, depth+1); err != nil {
			return nil, fmt.Errorf("key %.80q: %w", p.Key, err)
		}
		if s, ok := p.Value.(string); ok && !utf8.ValidString(s) {
			dst = cbor.AppendBytes(cbor.AppendText(dst, p.Key+rawSuffix), s)
		}
	}
	return dst, nil
}
