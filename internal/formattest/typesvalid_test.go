package formattest_test

import (
	"fmt"
	"strings"
	"testing"
)

// typeMessages returns messages of every type in the forms that §4 allows.
func typeMessages() map[string]message {
	all := map[string]message{}
	for _, row := range types() {
		name := fmt.Sprintf("type %d", row.typ)
		all[name+" without ours"] = row.message(false)
		all[name+" with ours"] = row.message(true)
		m := row.message(true)
		if len(row.ours) > 1 {
			p := m.payload.(obj)
			for i := len(row.known); i < len(p)/2-1; i++ {
				p = p.swapped(i)
			}
			m.payload = p
			all[name+" with ours in another order"] = m
		}
		m = row.message(false)
		p, _ := m.payload.(obj)
		m.payload = append(append(obj{}, p...), "zz", obj{"a", []any{1, nil, false, "text", []byte{1}, -1, uint64(1<<64 - 1), int64(-1 << 63)}, "zz", obj{}})
		all[name+" with a key that is not known"] = m
		if len(row.known) > 0 {
			all[name+" with empty values"] = emptied(row)
		}
	}
	return all
}

// emptied returns a message of the row with empty values, which are not null.
func emptied(row typeRow) message {
	m := row.message(false)
	p := m.payload.(obj)
	for _, f := range row.known {
		p = p.with(f.key, map[string]any{"text": "", "bytes": []byte{}, "bool": false, "questions": []any{}, "answers": []any{}}[f.kind])
		if strings.HasPrefix(f.kind, "uint") || f.kind == "stream" {
			p = p.with(f.key, 0)
		}
	}
	if p.has("country") {
		p = p.with("country", "XX")
	}
	m.payload = p
	return m
}

// extensionMessages returns extensions (§5), known and not.
func extensionMessages() map[string]message {
	return map[string]message{
		"gap":                          extension("gap", obj{"messages", 3, "bytes", 70, "since", start, "reason", "disk full"}),
		"gap, counts not known":        extension("gap", obj{"messages", nil, "bytes", nil, "since", start, "reason", ""}),
		"auth-none":                    extension("auth-none", obj{"username", "root"}),
		"auth-partial":                 extension("auth-partial", obj{"username", "root", "method", "password", "next", []any{"publickey", "keyboard-interactive"}}),
		"request-accepted":             channelExtension("request-accepted", obj{"requestId", 1}),
		"gateway-start":                extension("gateway-start", obj{"version", "1.0", "config", strings.Repeat("a0", 32)}),
		"gateway-stop":                 extension("gateway-stop", obj{"reason", "asked to"}),
		"recovered":                    extension("recovered", obj{"log", "a", "saved", 3}),
		"not known, connection":        extension("a", obj{"b", 1}),
		"not known, channel":           channelExtension("later-0", obj{"b", []any{obj{}}}),
		"not known, 64 letters":        extension(strings.Repeat("x", 64), obj{"b", 1}),
		"not known, empty data":        extension("later", obj{}),
		"file of a connection":         extension("file-list", obj{"path", "/"}),
		"file of a channel":            channelExtension("file-open", obj{"path", "/", "pathRaw2", 1}),
		"data with text not UTF-8":     channelExtension("file-open", obj{"path", "/\ufffd", "pathRaw", []byte("/\xff")}),
		"a peer's request of the name": onConn(200, obj{"requestType", "summary@sshtrail"}),
		"a peer's channel request of the name": onChannel(400, 0,
			obj{"requestId", 7, "requestType", "file-open@sshtrail", "payload", []byte("x")}),
		"a peer's request of the name, payload": onConn(200, obj{"requestType", "file-x@sshtrail", "payload", []byte{0xa0}}),
	}
}

// rawMessages returns messages with text that is not UTF-8, as §2 has it written.
func rawMessages() map[string]message {
	program := func(text, bytes string) message {
		m := exec(text)
		m.payload = append(m.payload.(obj), "programRaw", []byte(bytes))
		return m
	}
	return map[string]message{
		"U+FFFD that was sent":       exec("a\ufffdb"),
		"one bad byte":               program("a\ufffdb", "a\xffb"),
		"a cut sequence":             program("\ufffd\ufffdA", "\xe2\x82A"),
		"a sequence cut by the end":  program("a\ufffd\ufffd\ufffd", "a\xf0\x9f\x98"),
		"a surrogate":                program("\ufffd\ufffd\ufffd", "\xed\xa0\x80"),
		"overlong":                   program("\ufffd\ufffd", "\xc0\x80"),
		"overlong, three bytes":      program("\ufffd\ufffd\ufffd", "\xe0\x80\x80"),
		"above U+10FFFF":             program("\ufffd\ufffd\ufffd\ufffd", "\xf4\x90\x80\x80"),
		"U+FFFD beside a bad byte":   program("\ufffd\ufffd", "\xef\xbf\xbd\xff"),
		"the first and last of each": exec("\x00\x7f\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"),
		"two keys": onChannel(402, 0, obj{"requestId", 0, "name", "\ufffd", "value", "\ufffd",
			"nameRaw", []byte("\xff"), "valueRaw", []byte("\xfe")}),
		"the second key alone":       onChannel(402, 0, obj{"requestId", 0, "name", "n", "value", "\ufffd", "valueRaw", []byte("\xfe")}),
		"before ours":                onConn(104, obj{"username", "\ufffd", "key", "k", "usernameRaw", []byte("\xff"), "fingerprint", "f"}),
		"of ours":                    onConn(199, obj{"username", "u", "clientVersion", "\ufffd", "kex", "k", "clientVersionRaw", []byte("\xff")}),
		"of ours alone":              onConn(1, obj{"reason", "\ufffd", "reasonRaw", []byte("\xff")}),
		"of a key that is not known": onConn(1, obj{"later", "\ufffd", "laterRaw", []byte("\xff")}),
		"in a nested map": onConn(108, obj{"username", "", "instruction", "", "questions",
			[]any{obj{"question", "\ufffd", "echo", true, "questionRaw", []byte("\xff")}}}),
		"both in a nested map": onConn(109, obj{"username", "", "answers",
			[]any{obj{"question", "\ufffd", "answer", "\ufffd", "questionRaw", []byte("\xff"), "answerRaw", []byte("\x80")}}}),
		"requestType of 200":   onConn(200, obj{"requestType", "\ufffd@sshtrail", "requestTypeRaw", []byte("\xff@sshtrail"), "payload", []byte{}}),
		"keys that end in raw": onConn(1, obj{"raw", 1, "drawraw", 2}),
	}
}

// TestEveryTypeIsComplete puts each message into a log of its own, and all of them into one.
func TestEveryTypeIsComplete(t *testing.T) {
	var all []message
	for _, group := range []map[string]message{typeMessages(), extensionMessages(), rawMessages()} {
		for name, m := range group {
			b := one(m).build().bytes
			if _, err := parse(b); err != nil {
				t.Errorf("%s: the log of this test is wrong: %v", name, err)
			}
			expect(t, name, b, "complete")
			all = append(all, m)
		}
	}
	f := one(all...)
	f.apart = true
	expect(t, "all of them", f.build().bytes, "complete")
}

// TestRecovered is §7: end mark, and flag 2 from one data block on.
func TestRecovered(t *testing.T) {
	for k := range 4 {
		f := file{blocks: oneEach(connect(), output(1, "a"), disconnect()), apart: true, apartFlags: flagRecovered}
		for i := range f.blocks {
			if i >= k {
				f.blocks[i].flags = flagRecovered
			}
		}
		b := f.build()
		if _, err := parse(b.bytes); err != nil {
			t.Errorf("recovered from block %d on: the log of this test is wrong: %v", k, err)
		}
		expect(t, fmt.Sprintf("recovered from block %d on", k), b.bytes, "recovered")
	}
}
