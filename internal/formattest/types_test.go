package formattest_test

import (
	"strings"
)

// A field is one key of a payload: its type by §4, and a good value.
type field struct {
	key  string
	kind string // text, uint, uint32, stream, bool, bytes, questions, answers, by
	good any
}

// A typeRow is one type of §4.
type typeRow struct {
	typ         int
	known, ours []field
}

// typeTable is §4, as `key:kind` words; no kind is text.
const typeTable = `
0 remoteAddr country | remotePort:uint32 localAddr localPort:uint32
1 | by:by reason recovered:bool
100 username password:bytes | passwordHidden:bool
101 username password:bytes | passwordHidden:bool
102 username password:bytes | passwordHidden:bool
103 username password:bytes reason | passwordHidden:bool
104 username key | fingerprint certificate:bytes
105 username key | fingerprint certificate:bytes
106 username key | fingerprint certificate:bytes
107 username key reason | fingerprint certificate:bytes
108 username instruction questions:questions |
109 username answers:answers | answersHidden:bool
110 Username |
111 username reason |
198 reason | clientVersion kex hostKey cipherIn cipherOut macIn macOut
199 username | clientVersion kex hostKey cipherIn cipherOut macIn macOut
200 requestType | payload:bytes
201 requestId:uint requestType payload:bytes reason |
202 BindHost BindPort:uint32 |
203 BindHost BindPort:uint32 |
204 Path |
205 Path |
300 channelType | payload:bytes
301 channelType |
302 channelType reason |
303 HostToConnect PortToConnect:uint32 OriginatorHost OriginatorPort:uint32 |
304 ConnectedHost ConnectedPort:uint32 OriginatorHost OriginatorPort:uint32 |
305 OriginatorHost OriginatorPort:uint32 |
306 Path |
307 Path |
400 requestId:uint requestType payload:bytes |
401 requestId:uint requestType payload:bytes reason |
402 requestId:uint name value |
403 requestId:uint program |
404 requestId:uint term columns:uint32 rows:uint32 width:uint32 height:uint32 modelist:bytes |
405 requestId:uint |
406 requestId:uint signal |
407 requestId:uint subsystem |
408 requestId:uint columns:uint32 rows:uint32 width:uint32 height:uint32 |
409 requestId:uint singleConnection:bool authProtocol cookie screen:uint32 | cookieHidden:bool
496 | by:by
497 | by:by received:uint sent:uint
498 signal coreDumped:bool errorMessage languageTag |
499 exitStatus:uint32 |
500 stream:stream data:bytes |
501 requestId:uint reason |
`

// types returns §4 in rows.
func types() []typeRow {
	var rows []typeRow
	for line := range strings.Lines(strings.TrimSpace(typeTable)) {
		known, ours, _ := strings.Cut(strings.TrimSpace(line), "|")
		words := strings.Fields(known)
		row := typeRow{typ: number(words[0])}
		for _, w := range words[1:] {
			row.known = append(row.known, newField(w))
		}
		for _, w := range strings.Fields(ours) {
			row.ours = append(row.ours, newField(w))
		}
		rows = append(rows, row)
	}
	return rows
}

func number(s string) int {
	n := 0
	for _, c := range s {
		n = 10*n + int(c-'0')
	}
	return n
}

func newField(word string) field {
	key, kind, ok := strings.Cut(word, ":")
	if !ok {
		kind = "text"
	}
	return field{key, kind, goodValue(key, kind)}
}

func goodValue(key, kind string) any {
	switch kind {
	case "uint":
		return uint64(1<<64 - 1)
	case "uint32":
		return 1<<32 - 1
	case "stream":
		return 2
	case "bool":
		return true
	case "by":
		return "gateway"
	case "bytes":
		if key == "password" {
			return []byte{} // as it must be where passwordHidden is true
		}
		return []byte{0, 0xff}
	case "questions":
		return []any{obj{"question", "Code: ", "echo", false}, obj{"question", "", "echo", true}}
	case "answers":
		return []any{obj{"question", "Code: ", "answer", "1234"}}
	}
	if key == "remoteAddr" || key == "localAddr" {
		return "2001:db8::7"
	}
	if key == "country" {
		return "DE"
	}
	return "naïve text"
}

// badValues returns values of other types, or out of range, for a key.
func badValues(kind string) map[string]any {
	bad := map[string]any{"null": nil, "text": "x", "bytes": []byte("x"), "bool": true, "map": obj{"a", 1},
		"negative int": -1, "int": 1, "array of int": []any{1}}
	switch kind {
	case "text", "by":
		delete(bad, "text")
	case "uint":
		delete(bad, "int")
	case "uint32":
		delete(bad, "int")
		bad["2^32"] = 1 << 32
	case "stream":
		delete(bad, "int")
		bad["3"] = 3
	case "bool", "bytes":
		delete(bad, kind)
	case "questions":
		q := obj{"question", "a", "echo", true}
		bad["a key missing"] = []any{q.without("echo")}
		bad["another order"] = []any{q.swapped(0)}
		bad["echo of another type"] = []any{q.with("echo", 1)}
		bad["question of another type"] = []any{q, q.with("question", []byte("a"))}
	case "answers":
		a := obj{"question", "a", "answer", "b"}
		bad["a key missing"] = []any{a.without("question")}
		bad["another order"] = []any{a.swapped(0)}
		bad["answer of another type"] = []any{a.with("answer", []byte("b"))}
	}
	return bad
}

// message returns a message of the row with its known keys and, if asked for, ours.
func (r typeRow) message(ours bool) message {
	var payload obj
	for _, f := range r.known {
		payload = append(payload, f.key, f.good)
	}
	if ours {
		for _, f := range r.ours {
			payload = append(payload, f.key, f.good)
		}
	}
	m := onConn(r.typ, payload)
	if len(payload) == 0 {
		m.payload = nil
	}
	if r.typ >= 300 {
		m.channel = 0
	}
	return m
}
