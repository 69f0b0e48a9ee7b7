package formattest_test

import (
	"fmt"
	"strings"
	"testing"
)

// holding returns a log with a message that has v under a key that is not known.
func holding(v any) []byte { return one(onConn(1, obj{"zz", v})).build().bytes }

// holdings returns logs that hold CBOR items, each alone and in an array.
func holdings(items map[string]string) map[string][]byte {
	files := map[string][]byte{}
	for name, item := range items {
		files[name] = holding(raw(item))
		files[name+", in an array"] = holding([]any{1, raw(item), 2})
	}
	return files
}

// changed returns a log in which a message is written with another value for one of the five keys.
func changed(m message, key string, v any) []byte {
	return one(m.written(func(o obj) obj { return o.with(key, v) })).build().bytes
}

func TestSentencesAboutCBOR(t *testing.T) {
	runSentences(t, []sentence{
		{text: "definite lengths", files: holdings(map[string]string{
			"array": "\x9f\x01\xff", "map": "\xbf\x61a\x01\xff", "text": "\x7f\x61a\xff", "bytes": "\x5f\x41a\xff", "empty array": "\x9f\xff"})},
		{text: "definite lengths (the message)", files: indefinite()},
		{text: "shortest integers", files: notShortest()},
		{text: "no tags", files: holdings(map[string]string{"0": "\xc0\x61a", "55799": "\xd9\xd9\xf7\x01", "bignum": "\xc2\x41\x01"})},
		{text: "no tags (the message)", files: just("55799", one(message{conn: conn, at: start, typ: 1,
			bytes: append([]byte("\xd9\xd9\xf7"), disconnect().encode()...)}).build().bytes)},
		{text: "no floats", files: holdings(map[string]string{
			"16": "\xf9\x3c\x00", "32": "\xfa\x3f\x80\x00\x00", "64": "\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00"})},
		{text: "no simple values but false, true, null", files: holdings(map[string]string{
			"undefined": "\xf7", "0": "\xe0", "19": "\xf3", "32": "\xf8\x20", "255": "\xf8\xff", "false in two bytes": "\xf8\x14", "break": "\xff"})},
		{text: "CBOR (RFC 8949): reserved additional information", files: holdings(map[string]string{
			"28": "\x1c", "29": "\x3d", "30": "\x5e", "31 of an integer": "\x1f", "28 of major 7": "\xfc"})},
		{text: "integers fit in int64 or uint64", files: holdings(map[string]string{
			"-2^63-1": "\x3b\x80\x00\x00\x00\x00\x00\x00\x00", "-2^64": "\x3b\xff\xff\xff\xff\xff\xff\xff\xff"})},
		{text: "map keys are text", files: map[string][]byte{
			"int": holding(obj{1, 1}), "bytes": holding(obj{[]byte("a"), 1}), "null": holding(obj{nil, 1}), "array": holding(obj{[]any{}, 1}),
			"int, in a payload":  one(onConn(1, obj{1, 1})).build().bytes,
			"bytes, a message's": one(disconnect().written(func(o obj) obj { o[0] = []byte("connectionId"); return o })).build().bytes}},
		{text: "none twice", files: twice()},
		{text: "at most 65,536 items in one array or map", files: map[string][]byte{
			"array": holding(make([]any, 65537)), "map": holding(numbered(65537))}},
		{text: "arrays and maps nest at most 16 deep, the message being the first", files: map[string][]byte{
			"arrays": holding(nested(15)), "maps": holding(nestedMaps(15)), "10,000 arrays": holding(nested(10000))}},
		{text: "at most 65,536 items in one array or map: no more", want: "complete", files: map[string][]byte{
			"array": holding(make([]any, 65536)), "map": holding(numbered(65536))}},
		{text: "nest at most 16 deep: no less", want: "complete", files: map[string][]byte{
			"arrays": holding(nested(14)), "maps": holding(nestedMaps(14))}},
		{text: "Valid means RFC 3629 (else a Raw key tells, and the text is replaced)", files: notUTF8()},
	})
}

// indefinite returns logs with a message that is a map of indefinite length, and one with such a payload.
func indefinite() map[string][]byte {
	m := disconnect()
	whole := enc(m.fields())
	m.bytes = append(append([]byte{0xbf}, whole[1:]...), 0xff)
	payload := onConn(1, obj{"by", "client"}).written(func(o obj) obj { return o.with("payload", raw("\xbf\x62by\x66client\xff")) })
	return map[string][]byte{"map": one(m).build().bytes, "payload": one(payload).build().bytes}
}

// notShortest returns logs with heads that are longer than they need to be.
func notShortest() map[string][]byte {
	items := map[string]string{}
	for _, h := range []struct{ what, short, rest string }{
		{"uint", "\x00", ""}, {"negative", "\x20", ""}, {"bytes", "\x41", "a"}, {"text", "\x61", "a"},
		{"array", "\x81", "\x00"}, {"map", "\xa1", "\x61a\x00"},
	} {
		major, n := h.short[0]&0xe0, string(h.short[0]&0x1f)
		items[h.what+" in 8 bits"] = string([]byte{major | 24}) + n + h.rest
		items[h.what+" in 16 bits"] = string([]byte{major | 25, 0}) + n + h.rest
		items[h.what+" in 32 bits"] = string([]byte{major | 26, 0, 0, 0}) + n + h.rest
		items[h.what+" in 64 bits"] = string([]byte{major | 27, 0, 0, 0, 0, 0, 0, 0}) + n + h.rest
	}
	items["23 in 8 bits"], items["255 in 16 bits"] = "\x18\x17", "\x19\x00\xff"
	items["65535 in 32 bits"], items["2^32-1 in 64 bits"] = "\x1a\x00\x00\xff\xff", "\x1b\x00\x00\x00\x00\xff\xff\xff\xff"
	files := holdings(items)
	m := disconnect()
	files["type"] = changed(m, "type", raw("\x18\x01"))
	files["channelId"] = changed(output(1, "a"), "channelId", raw("\x18\x00"))
	files["stream"] = changed(output(1, "a"), "payload", obj{"stream", raw("\x18\x01"), "data", []byte("a")})
	files["data's length"] = changed(output(1, "a"), "payload", obj{"stream", 1, "data", raw("\x58\x01a")})
	files["connectionId"] = changed(m, "connectionId", raw("\x79\x00\x20"+conn))
	m.bytes = append([]byte{0xb8, 5}, enc(m.fields())[1:]...)
	files["the message's head"] = one(m).build().bytes
	m = disconnect()
	m.bytes = append([]byte{0xa5, 0x78, 12}, enc(m.fields())[2:]...)
	files["a key's length"] = one(m).build().bytes
	return files
}

func twice() map[string][]byte {
	return map[string][]byte{
		"a known key":                one(onChannel(403, 0, obj{"requestId", 1, "program", "a", "program", "a"})).build().bytes,
		"a known key, another value": one(onChannel(403, 0, obj{"requestId", 1, "program", "a", "program", "b"})).build().bytes,
		"one of ours":                one(onConn(1, obj{"by", "client", "by", "client"})).build().bytes,
		"a key that is not known":    one(onConn(1, obj{"zz", 1, "zz", 1})).build().bytes,
		"far apart":                  one(onConn(1, append(append(obj{"zz", 1}, numbered(100)...), "zz", 1))).build().bytes,
		"in a nested map":            holding(obj{"a", 1, "b", 2, "a", 1}),
		"in an extension":            one(extension("later", obj{"a", 1, "a", 1})).build().bytes,
		"in a message":               one(disconnect().written(func(o obj) obj { return append(o, "type", 1) })).build().bytes,
	}
}

// numbered returns a map of n pairs.
func numbered(n int) obj {
	var o obj
	for i := range n {
		o = append(o, fmt.Sprint(i), 0)
	}
	return o
}

// nested returns n arrays, one in the other. In a payload, the outermost is the third level.
func nested(n int) raw { return raw(strings.Repeat("\x81", n-1) + "\x80") }

func nestedMaps(n int) raw { return raw(strings.Repeat("\xa1\x61a", n-1) + "\xa0") }

func notUTF8() map[string][]byte {
	files := map[string][]byte{}
	for _, bad := range []string{"\xff", "a\x80", "\xe2\x82", "\xed\xa0\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80"} {
		files[fmt.Sprintf("known key %q", bad)] = one(exec(bad)).build().bytes
		files[fmt.Sprintf("unknown key's value %q", bad)] = holding(bad)
		files[fmt.Sprintf("key %q", bad)] = one(onConn(1, obj{bad, 1})).build().bytes
		files[fmt.Sprintf("in an extension %q", bad)] = one(extension("later", obj{"a", bad})).build().bytes
		files[fmt.Sprintf("with its Raw %q", bad)] = one(onChannel(403, 0, obj{"requestId", 1, "program", bad, "programRaw", []byte(bad)})).build().bytes
	}
	return files
}

func TestSentencesAboutContent(t *testing.T) {
	content := func(change func([]byte) []byte) map[string][]byte {
		return each(func(b *block) { b.content = change })
	}
	runSentences(t, []sentence{
		{text: "The content of a block is exactly `messages` CBOR maps, one after the other, none cut", files: merged(map[string]map[string][]byte{
			"a byte after them": content(func(c []byte) []byte { return append(c, 0) }),
			"half a map":        content(func(c []byte) []byte { return append(c, 0xa5, 0x6c, 'c') }),
			"the last one cut":  content(func(c []byte) []byte { return c[:len(c)-1] }),
			"a byte before":     content(func(c []byte) []byte { return append([]byte{0xf6}, c...) }),
			"NULs after":        content(func(c []byte) []byte { return append(c, make([]byte, 100)...) }),
			"nothing":           content(func([]byte) []byte { return nil }),
			"an array":          content(func(c []byte) []byte { return append([]byte{0x81}, c...) }),
			"a whole map more":  content(func(c []byte) []byte { return append(c, 0xa0) }),
			"one message more":  content(func(c []byte) []byte { return append(c, disconnect().after(20).encode()...) }),
		})},
		{text: "A message is at most 2 MiB", files: map[string][]byte{
			"one byte more": one(sized(2<<20 + 1)).build().bytes, "3 MiB": one(sized(3 << 20)).build().bytes}},
		{text: "a block's content at most 4 MiB", files: map[string][]byte{
			"one byte more": file{blocks: []block{{messages: []message{sized(2 << 20), sized(2<<20 - 100000), sized(100001)}}}, apart: true}.build().bytes,
			"a bomb":        file{blocks: []block{{messages: []message{connect()}, content: func([]byte) []byte { return make([]byte, 64<<20) }}}, apart: true}.build().bytes}},
	})
}
