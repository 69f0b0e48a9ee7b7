package formattest_test

import (
	"fmt"
	"strings"
	"testing"
)

// alone returns a log with m in it.
func alone(m message) []byte { return one(m).build().bytes }

// changes returns logs in which m has other values for one key.
func changes(m message, key string, values map[string]any) map[string][]byte {
	files := map[string][]byte{}
	for name, v := range values {
		files[name] = changed(m, key, v)
	}
	return files
}

func TestSentencesAboutMessages(t *testing.T) {
	io := output(1, "a")
	runSentences(t, []sentence{
		{text: "Exactly these keys in this order", files: fiveKeys()},
		{text: "connectionId text (1 to 255 printable ASCII)", files: changes(io, "connectionId", map[string]any{
			"empty": "", "256": strings.Repeat("a", 256), "control": "a\nb", "escape": "\x1b[2J", "DEL": "a\x7f", "not ASCII": "é", "bytes": []byte(conn), "null": nil, "int": 1})},
		{text: "timestamp int (ns since 1970, 0 or more)", files: changes(io, "timestamp", map[string]any{
			"-1": -1, "2^63": uint64(1 << 63), "text": "0", "null": nil, "bytes": []byte{0}, "true": true})},
		{text: "timestamp int, 0 or more (the first message's)", files: just("-1, in the header too", file{blocks: []block{{messages: []message{connect().after(-start - 1)}}}}.build().bytes)},
		{text: "type int", files: changes(io, "type", map[string]any{"text": "io", "null": nil, "bytes": []byte{1}, "negative": -500, "true": true, "2^32+500": 1<<32 + 500})},
		{text: "payload map or null", files: merged(map[string]map[string][]byte{
			"500": changes(io, "payload", map[string]any{"text": "", "array": []any{1, []byte("a")}, "bytes": []byte{}, "int": 0, "false": false}),
			"1":   changes(disconnect(), "payload", map[string]any{"text": "", "array": []any{}, "bytes": []byte{}, "int": 0, "false": false})})},
		{text: "channelId uint or null", files: changes(io, "channelId", map[string]any{"-1": -1, "text": "0", "bytes": []byte{0}, "true": true, "array": []any{0}})},
		{text: "channelId is null for types below 300 and a number for all others", files: channelIDs()},
		{text: "Timestamps never decrease through a file", files: backwards()},
		{text: "payload has the keys of §4 in the table's order, all of them", files: missingAndMoved()},
		{text: "an empty value is an empty value, not null", files: nullValues()},
		{text: "then …Raw keys and ours", files: oursTooEarly()},
		{text: "Types 1, 496 and 497 have null, or a non-empty map", files: map[string][]byte{
			"1": alone(onConn(1, obj{})), "496": alone(onChannel(496, 0, obj{})), "497": alone(onChannel(497, 0, obj{}))}},
		{text: "payload (the others have no null)", files: nullPayloads()},
		{text: "Types are those of §4", files: unknownTypes()},
	})
}

func fiveKeys() map[string][]byte {
	files := map[string][]byte{}
	for i := range 4 {
		files[fmt.Sprintf("keys %d and %d swapped", i, i+1)] = alone(output(1, "a").written(func(o obj) obj { return o.swapped(i) }))
	}
	for i := 0; i < 10; i += 2 {
		key := disconnect().fields()[i].(string)
		files["no "+key] = alone(disconnect().written(func(o obj) obj { return o.without(key) }))
		files[key+" spelled otherwise"] = alone(disconnect().written(func(o obj) obj { o[i] = strings.ToUpper(key[:1]) + key[1:]; return o }))
		files["another key instead of "+key] = alone(disconnect().written(func(o obj) obj { o[i] = "x"; return o }))
	}
	files["a sixth key"] = alone(disconnect().written(func(o obj) obj { return append(o, "more", 1) }))
	files["a sixth key, first"] = alone(disconnect().written(func(o obj) obj { return append(obj{"more", 1}, o...) }))
	files["an empty map"] = alone(disconnect().written(func(obj) obj { return obj{} }))
	for name, item := range map[string]any{"an array": []any{1}, "text": "x", "null": nil, "int": 5} {
		m := disconnect()
		m.bytes = enc(item)
		files[name] = alone(m)
	}
	return files
}

func channelIDs() map[string][]byte {
	files := map[string][]byte{}
	for _, row := range types() {
		m := row.message(false)
		other := any(nil)
		if row.typ < 300 {
			other = 0
		}
		files[fmt.Sprintf("type %d with %v", row.typ, other)] = changed(m, "channelId", other)
	}
	return files
}

func backwards() map[string][]byte {
	at := func(times ...int64) file {
		var messages []message
		for _, n := range times {
			messages = append(messages, output(1, "a").after(n))
		}
		return file{blocks: []block{{messages: messages}}}
	}
	apart := func(times ...int64) file { return file{blocks: oneEach(at(times...).blocks[0].messages...)} }
	connections := at(0, 10, 9, 11)
	connections.blocks[0].messages[2].conn = "another"
	return map[string][]byte{
		"in a block": at(0, 10, 9, 10).build().bytes, "the last one": at(0, 10, 9).build().bytes,
		"between blocks": apart(0, 10, 9, 10).build().bytes, "to the third block": apart(10, 10, 9).build().bytes,
		"between connections": connections.build().bytes, "the second": at(1, 0).build().bytes,
	}
}

// missingAndMoved returns logs in which a known key is missing, or stands elsewhere.
func missingAndMoved() map[string][]byte {
	files := map[string][]byte{}
	for _, row := range types() {
		m := row.message(false)
		p, _ := m.payload.(obj)
		for i, f := range row.known {
			name := fmt.Sprintf("type %d, %s", row.typ, f.key)
			other := func(payload obj) []byte { return changed(m, "payload", payload) }
			files[name+" missing"] = other(p.without(f.key))
			if i+1 < len(row.known) {
				files[name+" after the next"] = other(p.swapped(i))
			}
			files[name+" in upper case"] = other(renamed(p, f.key, strings.ToUpper(f.key)))
		}
	}
	return files
}

func renamed(o obj, key, to string) obj {
	c := append(obj{}, o...)
	for i := 0; i < len(c); i += 2 {
		if c[i] == key {
			c[i] = to
		}
	}
	return c
}

func nullValues() map[string][]byte {
	files := map[string][]byte{}
	for _, row := range types() {
		m := emptiedOr(row)
		for _, f := range row.known {
			files[fmt.Sprintf("type %d, %s", row.typ, f.key)] = changed(m, "payload", m.payload.(obj).with(f.key, nil))
		}
	}
	return files
}

func emptiedOr(row typeRow) message {
	if len(row.known) == 0 {
		return row.message(false)
	}
	return emptied(row)
}

// oursTooEarly returns logs with one of ours, or an unknown key, before the last known one.
func oursTooEarly() map[string][]byte {
	files := map[string][]byte{}
	for _, row := range types() {
		m := row.message(false)
		p, _ := m.payload.(obj)
		if len(p) == 0 {
			continue
		}
		early := func(key string, v any) []byte {
			moved := append(append(append(obj{}, p[:len(p)-2]...), key, v), p[len(p)-2:]...)
			return changed(m, "payload", moved)
		}
		for _, f := range row.ours {
			files[fmt.Sprintf("type %d, %s", row.typ, f.key)] = early(f.key, f.good)
		}
		files[fmt.Sprintf("type %d, a key that is not known", row.typ)] = early("zz", 1)
	}
	return files
}

func nullPayloads() map[string][]byte {
	files := map[string][]byte{}
	for _, row := range types() {
		if len(row.known) > 0 {
			files[fmt.Sprintf("type %d, null", row.typ)] = changed(row.message(false), "payload", nil)
			files[fmt.Sprintf("type %d, empty", row.typ)] = changed(row.message(false), "payload", obj{})
		}
	}
	return files
}

func unknownTypes() map[string][]byte {
	files := map[string][]byte{}
	for _, typ := range []int{2, 99, 112, 197, 206, 299, 308, 399, 410, 495, 502, 1000, 65536, 1 << 40} {
		m := onConn(typ, nil)
		if typ >= 300 {
			m.channel = 0
		}
		files[fmt.Sprintf("%d, null", typ)] = alone(m)
		m.payload = obj{"zz", 1}
		files[fmt.Sprintf("%d, a map", typ)] = alone(m)
	}
	return files
}

func TestSentencesAboutTypes(t *testing.T) {
	runSentences(t, []sentence{
		{text: "Text unless said: … (values of known keys)", files: wrongValues(func(r typeRow) []field { return r.known })},
		{text: "Ours may be absent and stand in any order; of another type they are tampered", files: wrongValues(func(r typeRow) []field { return r.ours })},
		{text: "Spelled as here, Username of 110 too", files: just("username", changed(onConn(110, obj{"Username", "a"}), "payload", obj{"username", "a"}))},
		{text: "never one that equals a known key of the type when case is ignored", files: caseIgnored()},
	})
}

// wrongValues returns logs in which one of the chosen fields has a value of another type.
func wrongValues(choose func(typeRow) []field) map[string][]byte {
	files := map[string][]byte{}
	for _, row := range types() {
		for _, f := range choose(row) {
			for name, v := range badValues(f.kind) {
				m := row.message(true)
				files[fmt.Sprintf("type %d, %s is %s", row.typ, f.key, name)] = changed(m, "payload", m.payload.(obj).with(f.key, v))
			}
		}
	}
	return files
}

func caseIgnored() map[string][]byte {
	files := map[string][]byte{}
	for _, row := range types() {
		m := row.message(false)
		p, _ := m.payload.(obj)
		for _, f := range row.known {
			for _, key := range []string{strings.ToUpper(f.key), strings.ToLower(f.key), strings.ToUpper(f.key[:1]) + f.key[1:], strings.ToLower(f.key[:1]) + f.key[1:]} {
				if key != f.key {
					files[fmt.Sprintf("type %d, %s", row.typ, key)] = changed(m, "payload", append(append(obj{}, p...), key, f.good))
				}
			}
		}
	}
	return files
}
