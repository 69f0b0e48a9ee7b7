package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"unicode"
	"unicode/utf8"

	"github.com/sshtrail/sshtrail/event"
)

// appendSafeJSON appends the JSON text src. What in its strings would act on a terminal,
// hide there or turn the order of what is around it becomes \uXXXX: the same value to
// a program, and nothing to a terminal.
func appendSafeJSON(dst, src []byte) []byte {
	for len(src) > 0 {
		if n := asciiPrefix(src); n > 0 {
			dst, src = append(dst, src[:n]...), src[n:]
			continue
		}
		r, size := utf8.DecodeRune(src)
		switch {
		case unicode.IsPrint(r) && (r != utf8.RuneError || size > 1):
			dst = append(dst, src[:size]...)
		case r > 0xffff: // a surrogate pair (RFC 8259 §7)
			r -= 0x10000
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		}
		src = src[size:]
	}
	return dst
}

// asciiPrefix returns how many bytes at the start of p are ASCII, without DEL.
func asciiPrefix(p []byte) int {
	for i, b := range p {
		if b >= 0x7f {
			return i
		}
	}
	return len(p)
}

// safeJSON passes on JSON, in pieces that end behind a character, as appendSafeJSON has it.
type safeJSON struct {
	w   io.Writer
	buf []byte
}

func (s *safeJSON) Write(p []byte) (int, error) {
	safe := p
	if asciiPrefix(p) < len(p) {
		s.buf = appendSafeJSON(s.buf[:0], p)
		safe = s.buf
	}
	if _, err := s.w.Write(safe); err != nil {
		return 0, err
	}
	return len(p), nil
}

// writeJSON writes v and a line feed, in one line or indented. Text in v that is not
// UTF-8 has U+FFFD in place of each bad byte.
func writeJSON(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("encode JSON: %w", err)
	}
	_, err := w.Write(appendSafeJSON(nil, b.Bytes()))
	return err
}

// tagged is a struct of package event without bytes, or a pointer to one, that becomes
// JSON with the keys of the format, in its order.
type tagged struct{ v any }

func (t tagged) MarshalJSON() ([]byte, error) {
	return appendTagged(nil, reflect.ValueOf(t.v))
}

func appendTagged(dst []byte, v reflect.Value) ([]byte, error) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return append(dst, "null"...), nil
		}
		return appendTagged(dst, v.Elem())
	case reflect.Struct:
		return appendTaggedStruct(dst, v)
	case reflect.Slice, reflect.Array:
		return appendTaggedList(dst, v)
	}
	b, err := json.Marshal(v.Interface())
	return append(dst, b...), err
}

func appendTaggedStruct(dst []byte, v reflect.Value) ([]byte, error) {
	for i, f := range event.FieldsOf(v.Type()) {
		dst = append(dst, "{,"[min(i, 1)])
		dst = append(dst, fmt.Sprintf("%q:", f.Key)...)
		var err error
		if dst, err = appendTagged(dst, v.FieldByIndex(f.Index)); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func appendTaggedList(dst []byte, v reflect.Value) ([]byte, error) {
	dst = append(dst, '[')
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendTagged(dst, v.Index(i)); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}
