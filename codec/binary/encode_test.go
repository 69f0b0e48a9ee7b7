package binary

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sshtrail/sshtrail/event"
)

// TestAppendMessageRefuses has events that would make a log which a reader refuses.
func TestAppendMessageRefuses(t *testing.T) {
	deepest := event.Map{}
	for range maxDepth - 2 {
		deepest = event.Map{{Key: "x", Value: deepest}}
	}
	ext := func(name string, carrier event.Type, data event.Map) event.Body {
		return &event.Extension{Name: name, Carrier: carrier, Data: data}
	}
	tests := []struct {
		name string
		ev   event.Event
	}{
		{"no connection id", event.Event{Body: &event.Connect{}}},
		{"a connection id that is too long", event.Event{Conn: event.ConnID(strings.Repeat("x", 256)), Body: &event.Connect{}}},
		{"a connection id with a control", event.Event{Conn: "12345678\x1f", Body: &event.IO{}}},
		{"a time before 1970", event.Event{Conn: "x", Time: -1, Body: &event.IO{}}},
		{"no body", event.Event{Conn: "x"}},
		{"a nil body", event.Event{Conn: "x", Body: (*event.Exec)(nil)}},
		{"an unknown body", event.Event{Conn: "x", Body: &event.Unknown{Number: 77}}},
		{"a fourth stream", event.Event{Conn: "x", Body: &event.IO{Stream: 3}}},
		{"too much data", event.Event{Conn: "x", Body: &event.IO{Data: make([]byte, MaxMessage)}}},
		{"too long a text", event.Event{Conn: "x", Body: &event.Exec{Program: strings.Repeat("x", MaxMessage)}}},
		{"a text that is too long once replaced", event.Event{Conn: "x", Body: &event.Exec{Program: strings.Repeat("\xff", MaxMessage/3)}}},
		{"a summary without a version", event.Event{Conn: "x", Body: &event.Summary{}}},
		{"257 channels", event.Event{Conn: "x", Body: &event.Summary{Version: 1, Channels: make([]event.ChannelSummary, 257)}}},
		{"65,537 questions", event.Event{Conn: "x", Body: &event.AuthKeyboardInteractiveChallenge{Questions: make([]event.Question, 65537)}}},
		{"an extension without a name", event.Event{Conn: "x", Body: ext("", 200, nil)}},
		{"an extension with a bad name", event.Event{Conn: "x", Body: ext("A", 200, nil)}},
		{"an extension that has a struct", event.Event{Conn: "x", Body: ext("gap", 200, nil)}},
		{"an extension in an exec", event.Event{Conn: "x", Body: ext("new", 403, nil)}},
		{"a key twice", event.Event{Conn: "x", Body: ext("new", 200, event.Map{{Key: "a"}, {Key: "a"}})}},
		{"a key that ends in Raw", event.Event{Conn: "x", Body: ext("new", 200, event.Map{{Key: "aRaw"}})}},
		{"a key that is not UTF-8", event.Event{Conn: "x", Body: ext("new", 200, event.Map{{Key: "\xff"}})}},
		{"a value of another type", event.Event{Conn: "x", Body: ext("new", 200, event.Map{{Key: "a", Value: 1}})}},
		{"a map too deep", event.Event{Conn: "x", Body: ext("new", 200, deepest)}},
		{"text that is not UTF-8 in an array", event.Event{Conn: "x", Body: ext("new", 200, event.Map{{Key: "a", Value: []any{"\xff"}}})}},
	}
	for _, tt := range tests {
		dst := []byte("before")
		got, err := AppendMessage(dst, &tt.ev)
		if err == nil || string(got) != "before" {
			t.Errorf("%s: AppendMessage = %d bytes, %v; want those before, and an error", tt.name, len(got), err)
		}
		if err != nil && len(err.Error()) > 300 {
			t.Errorf("%s: an error of %d bytes", tt.name, len(err.Error()))
		}
	}
}

func TestAppendMessageLargest(t *testing.T) {
	ev := event.Event{Conn: "x", Body: &event.IO{Data: make([]byte, MaxMessage-overhead)}}
	raw, err := AppendMessage(nil, &ev)
	if err != nil || len(raw) > MaxMessage {
		t.Fatalf("AppendMessage = %d bytes, %v", len(raw), err)
	}
	decodeMessage(t, raw, event.KindStdin, 0)
}

func TestAppendMessageDoesNotAllocate(t *testing.T) {
	ev := event.Event{Conn: testConn, Time: 1, Body: &event.IO{Data: []byte("x")}}
	dst := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { dst, _ = AppendMessage(dst[:0], &ev) }); n != 0 {
		t.Errorf("AppendMessage of I/O allocates %v times, want 0", n)
	}
}

// TestProperty writes any event and reads it again.
func TestProperty(t *testing.T) {
	table := event.Table()
	rapid.Check(t, func(t *rapid.T) {
		var body event.Body
		if i := rapid.IntRange(0, len(table)).Draw(t, "row"); i < len(table) {
			body = table[i].New()
			draw(t, reflect.ValueOf(body).Elem(), table[i].Extension == summaryName)
		} else {
			name := "x" + rapid.StringMatching("[a-z0-9-]{0,63}").Draw(t, "name")
			body = &event.Extension{Name: name, Carrier: rapid.SampledFrom([]event.Type{200, 400}).Draw(t, "carrier"), Data: drawMap(t, 3)}
		}
		if s, ok := body.(*event.Summary); ok {
			s.Version = 1
		} else {
			settle(body)
		}
		ev := event.Event{
			Conn: event.ConnID(rapid.StringMatching("[ -~]{1,255}").Draw(t, "conn")),
			Time: rapid.Int64Min(0).Draw(t, "time"),
			Body: body,
		}
		if body.Type().OnChannel() {
			ev.Channel = rapid.Uint64().Draw(t, "channel")
		}
		raw, err := AppendMessage(nil, &ev)
		if err != nil {
			t.Fatal(err)
		}
		c := checker{alone: true}
		c.begin(&header{messages: 1, from: ev.Time, to: ev.Time, kinds: 1 << event.KindOf(body)}, nil, raw)
		var m Message
		if err := c.next(&m); err != nil || c.s.Pos() != len(raw) {
			t.Fatalf("the checker refuses %x: %v", raw, err)
		}
		got, err := m.Event()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(ev, got, sameEvent...); diff != "" {
			t.Fatalf("decode(encode(x)) differs from x (-want +got):\n%s", diff)
		}
		if again, err := AppendMessage(nil, &got); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("encode(decode(b)) = %x, %v; want %x", again, err, raw)
		}
	})
}

// drawText draws text, at times with bytes that are not UTF-8.
func drawText(t *rapid.T, plain bool) string {
	if plain || rapid.Bool().Draw(t, "utf8") {
		return rapid.String().Draw(t, "text")
	}
	parts := rapid.SliceOf(rapid.SampledFrom([]string{"a", "\xff", "\uFFFD", "\xe2\x82", "\xf0\x9f", "€", "\xed\xa0\x80", "\x80"}))
	return strings.Join(parts.Draw(t, "bytes"), "")
}

func draw(t *rapid.T, v reflect.Value, plain bool) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[event.By]() {
			v.SetString(rapid.SampledFrom([]string{"", "client", "gateway", "target"}).Draw(t, "by"))
			return
		}
		v.SetString(drawText(t, plain))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Uint8:
		v.SetUint(uint64(rapid.IntRange(0, 2).Draw(t, "stream")))
	case reflect.Uint32:
		v.SetUint(uint64(rapid.Uint32().Draw(t, "uint32")))
	case reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(t, "uint64"))
	case reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "int64"))
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "present") {
			v.Set(reflect.New(v.Type().Elem()))
			draw(t, v.Elem(), plain)
		}
	case reflect.Array:
		for i := range v.Len() {
			draw(t, v.Index(i), true)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
			return
		}
		n := rapid.IntRange(0, 5).Draw(t, "items")
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			draw(t, v.Index(i), plain || v.Type().Elem().Kind() == reflect.String)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("key") != "-" {
				draw(t, v.Field(i), plain)
			}
		}
	}
}

func drawMap(t *rapid.T, depth int) event.Map {
	var m event.Map
	for i := range rapid.IntRange(0, 20/depth).Draw(t, "keys") {
		key := string(rune('a'+i)) + strings.TrimSuffix(rapid.String().Draw(t, "key"), "Raw") + "."
		m = append(m, event.Pair{Key: key, Value: drawAny(t, depth+1, true)})
	}
	return m
}

func drawAny(t *rapid.T, depth int, keyed bool) any {
	switch kind := rapid.IntRange(0, 7).Draw(t, "form"); {
	case kind == 0:
		return nil
	case kind == 1:
		return rapid.Bool().Draw(t, "bool")
	case kind == 2:
		return rapid.Int64().Draw(t, "int")
	case kind == 3:
		return rapid.Uint64Min(1<<63).Draw(t, "uint")
	case kind == 4:
		return rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
	case kind == 5 && depth < 6:
		a := make([]any, rapid.IntRange(0, 3).Draw(t, "items"))
		for i := range a {
			a[i] = drawAny(t, depth+1, false)
		}
		return a
	case kind == 6 && depth < 6:
		return drawMap(t, depth)
	}
	return drawText(t, !keyed)
}
