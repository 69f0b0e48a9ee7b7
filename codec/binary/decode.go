package binary

import (
	"bytes"
	"fmt"
	"math"
	"reflect"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/cbor"
)

// Event returns the message as an event, which is the caller's to keep. Of a foreign
// file a value that its field can't hold is in [event.Event.More] instead. It fails only for
// a message that is larger than one of ours can be.
func (m *Message) Event() (event.Event, error) {
	ev := event.Event{Seq: m.Seq, Conn: m.Conn, Time: m.Time, Channel: m.Channel}
	switch {
	case len(m.raw) > MaxMessage && m.Type != typeIO:
		return ev, fmt.Errorf("decode message %d: %d bytes: at most %d are taken apart", m.Seq, len(m.raw), MaxMessage)
	case m.Extension != "":
		m.extension(&ev)
	case payloads.byType[m.Type] == nil:
		payload := anyValue(m.raw[m.payload:])
		more, _ := payload.(event.Map)
		ev.Body = &event.Unknown{Number: m.Type, Payload: more}
	default:
		p := payloads.byType[m.Type]
		ev.Body = p.row.New()
		ev.More = decodeBody(ev.Body, m.raw[m.payload:], p.shape)
	}
	return ev, nil
}

func (m *Message) extension(ev *event.Event) {
	if p := payloads.byExtension[m.Extension]; p != nil && p.row.Type == m.Type {
		ev.Body = p.row.New()
		ev.More = decodeBody(ev.Body, m.raw[m.data:], p.shape)
		return
	}
	data := anyMap(m.raw[m.data:])
	ev.Body = &event.Extension{Name: m.Extension, Carrier: m.Type, Data: data}
}

// decodeBody fills a body and returns what it has no field for.
func decodeBody(body event.Body, it cbor.Item, s *shape) event.Map {
	if io, ok := body.(*event.IO); ok && decodeIO(io, it) {
		return nil
	}
	if cbor.Major(it[0]>>5) != cbor.MajorMap {
		return nil
	}
	return decodeMap(reflect.ValueOf(body).Elem(), it, s)
}

// decodeIO fills an I/O message's body if the payload has its two keys alone.
func decodeIO(io *event.IO, it cbor.Item) bool {
	const head = "\xa2" + headStream
	rest, ok := bytes.CutPrefix(it, []byte(head))
	if !ok || rest[0] > byte(event.Stderr) {
		return false
	}
	data, ok := bytes.CutPrefix(rest[1:], []byte(headData))
	if !ok || cbor.Major(data[0]>>5) != cbor.MajorBytes {
		return false
	}
	io.Stream = event.Stream(rest[0])
	io.Data = append([]byte(nil), cbor.Item(data).Contents()...)
	return true
}

// decodeMap fills a struct and returns the pairs that it has no field for.
func decodeMap(v reflect.Value, it cbor.Item, s *shape) event.Map {
	var more pairBuilder
	for key, value := range it.Pairs() {
		name := key.Contents()
		if f := s.field(name); f != nil {
			if setValue(v.FieldByIndex(f.Index), value, f.shape) {
				continue
			}
		} else if base, ok := bytes.CutSuffix(name, []byte(rawSuffix)); ok && cbor.Major(value[0]>>5) == cbor.MajorBytes {
			if f := s.field(base); f != nil && f.shape.form == formText && !f.shape.nullable {
				v.FieldByIndex(f.Index).SetString(string(value.Contents()))
				continue
			}
		}
		more.add(name, value)
	}
	return more.m
}

// field returns the field of a key, nil if there is none.
func (s *shape) field(key []byte) *field {
	for i := range s.fields {
		if s.fields[i].Key == string(key) {
			return &s.fields[i]
		}
	}
	return nil
}

// setValue sets a field, if the item is of its shape.
func setValue(v reflect.Value, it cbor.Item, s *shape) bool {
	major, arg, _ := it.Head()
	if s.nullable {
		if it[0] == cbor.Null {
			return true
		}
		p := reflect.New(v.Type().Elem())
		plain := *s
		plain.nullable = false
		if !setValue(p.Elem(), it, &plain) {
			return false
		}
		v.Set(p)
		return true
	}
	switch {
	case s.form == formText && major == cbor.MajorText:
		v.SetString(string(it.Contents()))
	case s.form == formBytes && major == cbor.MajorBytes:
		if arg > 0 {
			v.SetBytes(append([]byte(nil), it.Contents()...))
		}
	case s.form == formUint && major == cbor.MajorUint && arg <= s.max:
		v.SetUint(arg)
	case s.form == formInt && major == cbor.MajorUint && arg <= 1<<63-1:
		v.SetInt(int64(arg))
	case s.form == formInt && major == cbor.MajorNegint:
		v.SetInt(^int64(arg))
	case s.form == formBool && (it[0] == cbor.True || it[0] == cbor.False):
		v.SetBool(it[0] == cbor.True)
	case s.form == formMap && major == cbor.MajorMap:
		decodeMap(v, it, s)
	case s.form == formArray && major == cbor.MajorArray:
		return setArray(v, it, s, int(arg))
	default:
		return false
	}
	return true
}

func setArray(v reflect.Value, it cbor.Item, s *shape, n int) bool {
	if n > s.count || s.fixed && n != s.count {
		return false
	}
	if !s.fixed && n > 0 {
		v.Set(reflect.MakeSlice(v.Type(), n, n))
	}
	i := 0
	for item := range it.Items() {
		if !setValue(v.Index(i), item, s.elem) {
			v.SetZero()
			return false
		}
		i++
	}
	return true
}

// anyValue returns a canonical item as a value of an [event.Map].
func anyValue(it cbor.Item) any {
	major, arg, _ := it.Head()
	switch major {
	case cbor.MajorUint:
		if arg > math.MaxInt64 {
			return arg
		}
		return int64(arg)
	case cbor.MajorNegint:
		return ^int64(arg)
	case cbor.MajorBytes:
		return append([]byte{}, it.Contents()...)
	case cbor.MajorText:
		return string(it.Contents())
	case cbor.MajorArray:
		a := []any{}
		for item := range it.Items() {
			a = append(a, anyValue(item))
		}
		return a
	case cbor.MajorMap:
		return anyMap(it)
	}
	switch it[0] {
	case cbor.False:
		return false
	case cbor.True:
		return true
	}
	return nil
}

// anyMap returns a map in its order. Text that has its bytes beside it becomes them.
func anyMap(it cbor.Item) event.Map {
	b := pairBuilder{m: event.Map{}}
	for key, value := range it.Pairs() {
		b.add(key.Contents(), value)
	}
	return b.m
}

// pairBuilder makes an [event.Map]. A hostile map is as large as a message can be, so
// where there are many keys they are not searched one by one.
type pairBuilder struct {
	m     event.Map
	byKey map[string]int
}

func (b *pairBuilder) add(key []byte, value cbor.Item) {
	if base, ok := bytes.CutSuffix(key, []byte(rawSuffix)); ok && cbor.Major(value[0]>>5) == cbor.MajorBytes {
		if i := b.find(base); i >= 0 {
			if _, ok := b.m[i].Value.(string); ok {
				b.m[i].Value = string(value.Contents())
				return
			}
		}
	}
	b.m = append(b.m, event.Pair{Key: string(key), Value: anyValue(value)})
	if b.byKey != nil {
		b.byKey[string(key)] = len(b.m) - 1
	}
}

func (b *pairBuilder) find(key []byte) int {
	if b.byKey == nil && len(b.m) > few {
		b.byKey = make(map[string]int, len(b.m))
		for i, p := range b.m {
			b.byKey[p.Key] = i
		}
	}
	if b.byKey != nil {
		if i, ok := b.byKey[string(key)]; ok {
			return i
		}
		return -1
	}
	for i, p := range b.m {
		if p.Key == string(key) {
			return i
		}
	}
	return -1
}
