package formattest_test

import (
	"testing"
)

// prog returns a log with an exec whose payload goes on with more.
func prog(program string, more ...any) []byte {
	return alone(onChannel(403, 0, append(obj{"requestId", 1, "program", program}, more...)))
}

func ours(keys ...any) []byte { return alone(onConn(1, obj(keys))) }

func TestSentencesAboutText(t *testing.T) {
	bad := []byte("\xff")
	env := func(more ...any) []byte {
		return alone(onChannel(402, 0, append(obj{"requestId", 0, "name", "\ufffd", "value", "\ufffd"}, more...)))
	}
	runSentences(t, []sentence{
		{text: "From the left, a valid sequence is kept, else one byte becomes one U+FFFD", files: map[string][]byte{
			"one for a cut sequence":    prog("\ufffdA", "programRaw", []byte("\xe2\x82A")),
			"one for a surrogate":       prog("\ufffd", "programRaw", []byte("\xed\xa0\x80")),
			"one for an overlong form":  prog("\ufffd", "programRaw", []byte("\xc0\x80")),
			"two for one byte":          prog("\ufffd\ufffd", "programRaw", bad),
			"a question mark":           prog("?", "programRaw", bad),
			"the valid part is another": prog("a\ufffd", "programRaw", []byte("b\xff")),
			"the text is cut":           prog("\ufffd", "programRaw", []byte("\xffb")),
			"the text is longer":        prog("\ufffdb", "programRaw", bad),
		}},
		{text: "the same map has the key + Raw with the bytes as they were", files: map[string][]byte{
			"as text":          prog("\ufffd", "programRaw", "\ufffd"),
			"null":             prog("\ufffd", "programRaw", nil),
			"an array of ints": prog("\ufffd", "programRaw", []any{255}),
			"of ours, as text": ours("reason", "\ufffd", "reasonRaw", "x"),
		}},
		{text: "If anything was replaced …; never otherwise", files: map[string][]byte{
			"valid bytes":                prog("abc", "programRaw", []byte("abc")),
			"empty":                      prog("", "programRaw", []byte{}),
			"U+FFFD that was sent":       prog("\ufffd", "programRaw", []byte("\ufffd")),
			"of ours":                    ours("reason", "abc", "reasonRaw", []byte("abc")),
			"of a key that is not known": ours("zz", "abc", "zzRaw", []byte("abc")),
		}},
		{text: "Order: the known keys, their Raw keys in the same order", files: map[string][]byte{
			"the second first":    env("valueRaw", bad, "nameRaw", bad),
			"before a known key":  alone(onChannel(402, 0, obj{"requestId", 0, "name", "\ufffd", "nameRaw", bad, "value", "v"})),
			"before its own key":  alone(onChannel(403, 0, obj{"requestId", 0, "programRaw", bad, "program", "\ufffd"})),
			"twice":               prog("\ufffd", "programRaw", bad, "programRaw", bad),
			"in a nested map":     alone(onConn(109, obj{"username", "", "answers", []any{obj{"question", "\ufffd", "answer", "\ufffd", "answerRaw", bad, "questionRaw", bad}}})),
			"between nested keys": alone(onConn(108, obj{"username", "", "instruction", "", "questions", []any{obj{"question", "\ufffd", "questionRaw", bad, "echo", true}}})),
		}},
		{text: "then ours", files: map[string][]byte{
			"ours between":          env("nameRaw", bad, "zz", 1, "valueRaw", bad),
			"one that is not known": prog("\ufffd", "zz", 1, "programRaw", bad),
			"one of ours":           alone(onConn(104, obj{"username", "\ufffd", "key", "", "fingerprint", "f", "usernameRaw", bad})),
		}},
		{text: "the Raw of one of ours anywhere after it", files: map[string][]byte{
			"before it":            ours("reasonRaw", bad, "reason", "\ufffd"),
			"before it, not known": ours("zzRaw", bad, "by", "client", "zz", "\ufffd"),
		}},
		{text: "It holds in nested maps and extensions too", files: map[string][]byte{
			"nested, not replaced":    alone(onConn(108, obj{"username", "", "instruction", "", "questions", []any{obj{"question", "a", "echo", true, "questionRaw", []byte("a")}}})),
			"nested, another text":    alone(onConn(109, obj{"username", "", "answers", []any{obj{"question", "\ufffd", "answer", "", "questionRaw", []byte("\xffb")}}})),
			"extension, not replaced": alone(extension("later", obj{"a", "b", "aRaw", []byte("b")})),
			"extension, without text": alone(extension("later", obj{"aRaw", bad})),
			"extension, before":       alone(extension("later", obj{"aRaw", bad, "a", "\ufffd"})),
			"extension, as text":      alone(extension("later", obj{"a", "\ufffd", "aRaw", "b"})),
			"in an unknown key's map": ours("zz", obj{"a", "b", "aRaw", []byte("b")}),
			"deep in an extension":    alone(extension("later", obj{"x", []any{obj{"y", obj{"aRaw", bad}}}})),
		}},
		{text: "but not in the summary", files: map[string][]byte{
			"username": withSummary(func(o obj) obj { return o.with("username", "\ufffd").with("usernameRaw", bad) }),
			"program": withSummary(func(o obj) obj {
				return o.with("channels", []any{obj{"channelId", 0, "channelType", "session", "program", "\ufffd", "subsystem", nil,
					"exitStatus", nil, "exitSignal", nil, "programRaw", bad}})
			}),
		}},
		{text: "arrays of text hold valid text only", files: map[string][]byte{
			"next":                       alone(extension("auth-partial", obj{"username", "u", "method", "m", "next", []any{"\xff"}})),
			"of a key that is not known": ours("zz", []any{"a", "\xc0"}),
		}},
		{text: "No other key ends in Raw", files: map[string][]byte{
			"of no key":         prog("a", "otherRaw", bad),
			"Raw alone":         prog("a", "Raw", bad),
			"of an int":         prog("a", "requestIdRaw", bad),
			"of bytes":          alone(onChannel(500, 0, obj{"stream", 1, "data", []byte("\xff"), "dataRaw", bad})),
			"of a Raw":          prog("\ufffd", "programRaw", bad, "programRawRaw", bad),
			"of an unknown int": ours("zz", 1, "zzRaw", bad),
			"of ours, absent":   ours("reasonRaw", bad),
			"with a text":       prog("a", "otherRaw", "x"),
			"spelled otherwise": prog("\ufffd", "ProgramRaw", bad),
		}},
	})
}

// withSummary returns a log whose summary's data are changed.
func withSummary(change func(obj) obj) []byte {
	f := one(output(1, "abc"))
	f.summary = change
	return f.build().bytes
}

func TestSentencesAboutExtensions(t *testing.T) {
	data := obj{"a", 1}
	on200 := func(payload ...any) []byte { return alone(onConn(200, obj(payload))) }
	on400 := func(payload ...any) []byte { return alone(onChannel(400, 0, obj(payload))) }
	long := ""
	for range 65 {
		long += "x"
	}
	runSentences(t, []sentence{
		{text: "NAME: 1 to 64 of a–z 0–9 -", files: map[string][]byte{
			"none": alone(extension("", data)), "65": alone(extension(long, data)), "upper case": alone(extension("Later", data)),
			"dot": alone(extension("a.b", data)), "underscore": alone(extension("a_b", data)), "not ASCII": alone(extension("é", data)),
			"NUL": alone(extension("a\x00", data)), "a second @": alone(extension("a@sshtrail", data)),
			"space, on a channel": alone(channelExtension("a b", data))}},
		{text: "200 has exactly requestType, data", files: map[string][]byte{
			"payload":        on200("requestType", "later@sshtrail", "data", data, "payload", []byte{}),
			"payload before": on200("requestType", "later@sshtrail", "payload", []byte{}, "data", data),
			"another key":    on200("requestType", "later@sshtrail", "data", data, "zz", 1)}},
		{text: "400 exactly requestId 0, requestType, payload empty, data", files: map[string][]byte{
			"requestId 1":        on400("requestId", 1, "requestType", "later@sshtrail", "payload", []byte{}, "data", data),
			"payload not empty":  on400("requestId", 0, "requestType", "later@sshtrail", "payload", []byte{0}, "data", data),
			"another key":        on400("requestId", 0, "requestType", "later@sshtrail", "payload", []byte{}, "data", data, "zz", 1),
			"another key before": on400("requestId", 0, "requestType", "later@sshtrail", "payload", []byte{}, "zz", 1, "data", data),
			"no payload":         on400("requestId", 0, "requestType", "later@sshtrail", "data", data)}},
		{text: "data that is no map", files: map[string][]byte{
			"null": alone(extension("later", nil)), "text": alone(extension("later", "a")), "bytes": alone(extension("later", []byte{0xa0})),
			"array": alone(extension("later", []any{})), "int": alone(extension("later", 1)), "null, on a channel": alone(channelExtension("later", nil)),
			"known extension": alone(extension("gateway-stop", "reason"))}},
		{text: "or without the name, is tampered", files: map[string][]byte{
			"200": on200("requestType", "keepalive@openssh.com", "data", data), "200, no map": on200("requestType", "x", "data", 1),
			"400":    on400("requestId", 0, "requestType", "later", "payload", []byte{}, "data", data),
			"suffix": on200("requestType", "later@sshtrail2", "data", data), "case": on200("requestType", "later@SSHtrail", "data", data),
			"a name that was replaced": on200("requestType", "a\ufffd@sshtrail", "requestTypeRaw", []byte("a\xff@sshtrail"), "data", data)}},
	})
}
