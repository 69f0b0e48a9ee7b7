package binary

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/cbor"
)

// M is a map of a message under test: keys and values in turn. A is an array, R an item
// as it stands.
type (
	M []any
	A []any
	R string
)

func enc(v any) string { return string(appendTest(nil, v)) }

func appendTest(dst []byte, v any) []byte {
	switch v := v.(type) {
	case M:
		dst = cbor.AppendMap(dst, len(v)/2)
		for _, x := range v {
			dst = appendTest(dst, x)
		}
		return dst
	case A:
		dst = cbor.AppendArray(dst, len(v))
		for _, x := range v {
			dst = appendTest(dst, x)
		}
		return dst
	case R:
		return append(dst, v...)
	case string:
		return cbor.AppendText(dst, v)
	case []byte:
		return cbor.AppendBytes(dst, v)
	case int:
		return cbor.AppendInt(dst, int64(v))
	case uint64:
		return cbor.AppendUint(dst, v)
	case bool:
		return cbor.AppendBool(dst, v)
	case nil:
		return cbor.AppendNull(dst)
	}
	panic(fmt.Sprintf("no CBOR for %T", v))
}

// message is a message of testConn at the time 7 with this payload.
func message(typ int, payload any) M {
	var channel any
	if typ >= 300 {
		channel = 2
	}
	return M{"connectionId", testConn, "timestamp", 7, "type", typ, "payload", payload, "channelId", channel}
}

// around returns a whole log with this message in it, which counts as one of this kind.
func around(t *testing.T, kind event.Kind, msg any) []byte {
	l := newLogMaker(t)
	conn := event.ConnID(testConn)
	if m, ok := msg.(M); ok && m[0] == "connectionId" {
		if id, ok := m[1].(string); ok && validConn(event.ConnID(id)) {
			conn = event.ConnID(id)
		}
	}
	l.add(event.Event{Conn: conn, Time: 7, Body: &event.Connect{}})
	bodies := map[event.Kind]event.Body{
		event.KindStdin: &event.IO{}, event.KindStdout: &event.IO{Stream: 1}, event.KindStderr: &event.IO{Stream: 2},
		event.KindResize: &event.Window{}, event.KindAuth: &event.AuthPassword{}, event.KindRequest: &event.Exec{},
		event.KindForward: &event.ForwardTCPIP{}, event.KindOther: &event.Exit{}, event.KindFile: &event.Extension{Name: "file-x", Carrier: 400},
	}
	l.raw(event.Event{Conn: conn, Time: 7, Body: bodies[kind]}, []byte(enc(msg)))
	return l.end()
}

const (
	req, other, auth = event.KindRequest, event.KindOther, event.KindAuth
)

// deep nests arrays n deep.
func deep(n int) any {
	if n == 0 {
		return 1
	}
	return A{deep(n - 1)}
}

// many is a map of n keys.
func many(n int, extra ...any) M {
	var m M
	for i := range n {
		m = append(m, fmt.Sprintf("k%d", i), i)
	}
	return append(m, extra...)
}

var (
	envelope = func(change ...any) M {
		m := message(403, M{"requestId", 1, "program", "ls"})
		for i := 0; i < len(change); i += 2 {
			m[change[i].(int)] = change[i+1]
		}
		return m
	}
	exec    = func(more ...any) M { return message(403, append(M{"requestId", 1, "program", "l\uFFFD"}, more...)) }
	ext     = func(name string, data any) M { return message(200, M{"requestType", name + "@sshtrail", "data", data}) }
	chanExt = func(name string, data any) M {
		return message(400, M{"requestId", 0, "requestType", name + "@sshtrail", "payload", []byte{}, "data", data})
	}
)

// messageTests are messages and whether a log with them is complete.
var messageTests = []struct {
	name string
	kind event.Kind
	msg  any
	good bool
}{
	{"exec", req, envelope(), true},
	// §2: canonical CBOR
	{"map of indefinite length", req, R("\xbf" + enc(envelope())[1:] + "\xff"), false},
	{"text of indefinite length", req, envelope(7, M{"requestId", 1, "program", R("\x7f\x62ls\xff")}), false},
	{"integer in too many bytes", req, envelope(7, M{"requestId", R("\x18\x01"), "program", "ls"}), false},
	{"length in too many bytes", req, envelope(7, M{"requestId", 1, "program", R("\x78\x02ls")}), false},
	{"tag", req, envelope(7, M{"requestId", 1, "program", "ls", "x", R("\xc1\x01")}), false},
	{"float", req, envelope(7, M{"requestId", 1, "program", "ls", "x", R("\xf9\x3c\x00")}), false},
	{"undefined", req, envelope(7, M{"requestId", 1, "program", "ls", "x", R("\xf7")}), false},
	{"simple value", req, envelope(7, M{"requestId", 1, "program", "ls", "x", R("\xf8\x20")}), false},
	{"negative beyond int64", req, envelope(7, M{"requestId", 1, "program", "ls", "x", R("\x3b\x80\x00\x00\x00\x00\x00\x00\x00")}), false},
	{"least int64", req, envelope(7, M{"requestId", 1, "program", "ls", "x", math.MinInt64}), true},
	{"greatest uint64", req, envelope(7, M{"requestId", uint64(math.MaxUint64), "program", "ls"}), true},
	{"key that is no text", req, envelope(7, M{"requestId", 1, "program", "ls", 5, 1}), false},
	{"key twice", req, envelope(7, M{"requestId", 1, "program", "ls", "x", 1, "x", 2}), false},
	{"key twice in a nested map", req, envelope(7, M{"requestId", 1, "program", "ls", "x", M{"a", 1, "b", 1, "a", 1}}), false},
	{"key twice in a large map", req, envelope(7, M{"requestId", 1, "program", "ls", "x", many(40, "k3", 1)}), false},
	{"large map", req, envelope(7, M{"requestId", 1, "program", "ls", "x", many(40)}), true},
	{"65,536 keys", req, envelope(7, M{"requestId", 1, "program", "ls", "x", many(65536)}), true},
	{"65,537 keys", req, envelope(7, M{"requestId", 1, "program", "ls", "x", many(65537)}), false},
	{"65,536 items", req, envelope(7, M{"requestId", 1, "program", "ls", "x", A(make([]any, 65536))}), true},
	{"65,537 items", req, envelope(7, M{"requestId", 1, "program", "ls", "x", A(make([]any, 65537))}), false},
	{"16 deep", req, envelope(7, M{"requestId", 1, "program", "ls", "x", deep(14)}), true},
	{"17 deep", req, envelope(7, M{"requestId", 1, "program", "ls", "x", deep(15)}), false},
	{"text that is not UTF-8", req, envelope(7, M{"requestId", 1, "program", "l\xff"}), false},
	{"surrogate in text", req, envelope(7, M{"requestId", 1, "program", "l\xed\xa0\x80"}), false},
	{"overlong text", req, envelope(7, M{"requestId", 1, "program", "l\xc0\x80"}), false},
	{"message of 2 MiB", req, envelope(7, M{"requestId", 1, "program", strings.Repeat("x", MaxMessage-len(enc(envelope()))-2)}), true},
	{"message of 2 MiB and 1", req, envelope(7, M{"requestId", 1, "program", strings.Repeat("x", MaxMessage-len(enc(envelope()))-1)}), false},
	// the envelope
	{"other key", req, envelope(0, "connectionid"), false},
	{"other order", req, M{"timestamp", 7, "connectionId", testConn, "type", 403, "payload", M{"requestId", 1, "program", "ls"}, "channelId", 2}, false},
	{"another key", req, append(envelope(), "x", 1), false},
	{"a key less", req, envelope()[:8], false},
	{"no connection id", req, envelope(1, ""), false},
	{"connection id of 255", req, envelope(1, strings.Repeat("x", 255)), true},
	{"connection id of 256", req, envelope(1, strings.Repeat("x", 256)), false},
	{"connection id with a control", req, envelope(1, "abc\x7fdefghijkl"), false},
	{"connection id with a control at its end", req, envelope(1, "abcdefghi\n"), false},
	{"connection id that is not ASCII", req, envelope(1, "abcd\u00e9fghijkl"), false},
	{"connection id with spaces", req, envelope(1, "a ~"), true},
	{"connection id that is bytes", req, envelope(1, []byte("abc")), false},
	{"negative time", req, envelope(3, -1), false},
	{"time that goes back", req, envelope(3, 6), false},
	{"time after the block's", req, envelope(3, 8), false},
	{"time that is text", req, envelope(3, "7"), false},
	{"no such type", other, M{"connectionId", testConn, "timestamp", 7, "type", 2, "payload", M{}, "channelId", nil}, false},
	{"negative type", req, envelope(5, -1), false},
	{"payload null", req, envelope(7, nil), false},
	{"payload text", req, envelope(7, "x"), false},
	{"channel null", req, envelope(9, nil), false},
	{"channel negative", req, envelope(9, -1), false},
	{"channel on a connection's type", req, M{"connectionId", testConn, "timestamp", 7, "type", 200, "payload", M{"requestType", "x"}, "channelId", 1}, false},
	{"no channel on a connection's type", req, message(200, M{"requestType", "x"}), true},
	// the payload's keys
	{"payload with a key less", req, envelope(7, M{"requestId", 1}), false},
	{"payload in another order", req, envelope(7, M{"program", "ls", "requestId", 1}), false},
	{"payload with a key of ours", req, envelope(7, M{"requestId", 1, "program", "ls", "x", A{M{"y", nil}}}), true},
	{"a key that differs in case alone", req, envelope(7, M{"requestId", 1, "program", "ls", "Program", 1}), false},
	{"a key that differs by a long s", req, message(405, M{"requestId", 1, "reque\u017ftId", 1}), false},
	{"a known key again", req, envelope(7, M{"requestId", 1, "program", "ls", "program", "x"}), false},
	{"Username of 110", auth, message(110, M{"Username", "x"}), true},
	{"username of 110", auth, message(110, M{"username", "x"}), false},
	{"null for an empty text", req, envelope(7, M{"requestId", 1, "program", nil}), false},
	{"null for empty bytes", req, message(404, M{"requestId", 1, "term", "", "columns", 1, "rows", 1, "width", 0, "height", 0, "modelist", nil}), false},
	{"empty bytes", req, message(404, M{"requestId", 1, "term", "", "columns", 1, "rows", 1, "width", 0, "height", 0, "modelist", []byte{}}), true},
	{"uint32 too large", event.KindResize, message(408, M{"requestId", 1, "columns", 1 << 32, "rows", 1, "width", 0, "height", 0}), false},
	{"uint32", event.KindResize, message(408, M{"requestId", 1, "columns", 1<<32 - 1, "rows", 1, "width", 0, "height", 0}), true},
	{"negative uint", req, message(405, M{"requestId", -1}), false},
	{"bool that is a number", other, message(498, M{"signal", "", "coreDumped", 1, "errorMessage", "", "languageTag", ""}), false},
	{"bytes that are text", auth, message(100, M{"username", "", "password", ""}), false},
	{"stream 2", event.KindStderr, message(500, M{"stream", 2, "data", []byte("x")}), true},
	{"stream 3", event.KindStderr, message(500, M{"stream", 3, "data", []byte("x")}), false},
	{"data that is text", event.KindStdin, message(500, M{"stream", 0, "data", ""}), false},
	{"data and a key of ours", event.KindStdin, message(500, M{"stream", 0, "data", []byte{}, "x", 1}), true},
	{"questions", auth, message(108, M{"username", "", "instruction", "", "questions", A{M{"question", "?", "echo", true}}}), true},
	{"question with a key less", auth, message(108, M{"username", "", "instruction", "", "questions", A{M{"question", "?"}}}), false},
	{"questions null", auth, message(108, M{"username", "", "instruction", "", "questions", nil}), false},
	{"question with its bytes", auth, message(108, M{"username", "", "instruction", "", "questions", A{M{"question", "\uFFFD", "echo", true, "questionRaw", []byte("\xff")}}}), true},
	{"question with other bytes", auth, message(108, M{"username", "", "instruction", "", "questions", A{M{"question", "\uFFFD", "echo", true, "questionRaw", []byte("?")}}}), false},
	{"ours of another type", other, message(0, M{"remoteAddr", "", "country", "XX", "remotePort", "22"}), false},
	{"ours too large", other, message(0, M{"remoteAddr", "", "country", "XX", "remotePort", 1 << 32}), false},
	{"ours in any order", other, message(0, M{"remoteAddr", "", "country", "XX", "localPort", 1, "remotePort", 2}), true},
	{"ours null", auth, message(100, M{"username", "", "password", []byte{}, "passwordHidden", nil}), false},
	{"disconnect null", other, message(1, nil), true},
	{"disconnect empty", other, message(1, M{}), false},
	{"disconnect with ours", other, message(1, M{"reason", "x"}), true},
	{"close_write null", other, message(496, nil), true},
	{"close null", other, message(497, nil), true},
	{"close empty", other, message(497, M{}), false},
	{"close with ours", other, message(497, M{"sent", 1, "received", 2}), true},
	// Raw
	{"raw", req, exec("programRaw", []byte("l\xff")), true},
	{"raw that is text", req, exec("programRaw", "l"), false},
	{"raw of nothing replaced", req, exec("programRaw", []byte("l\uFFFD")), false},
	{"raw that gives another text", req, exec("programRaw", []byte("m\xff")), false},
	{"raw that gives a longer text", req, exec("programRaw", []byte("l\xff\xff")), false},
	{"raw that gives a shorter text", req, exec("programRaw", []byte("l")), false},
	{"raw of an incomplete character", req, message(403, M{"requestId", 1, "program", "\uFFFD\uFFFDA", "programRaw", []byte("\xe2\x82A")}), true},
	{"raw of an incomplete character as one", req, message(403, M{"requestId", 1, "program", "\uFFFDA", "programRaw", []byte("\xe2\x82A")}), false},
	{"raw with a true replacement character", req, message(403, M{"requestId", 1, "program", "\uFFFD\uFFFD", "programRaw", []byte("\uFFFD\xff")}), true},
	{"raw of a number", req, exec("requestIdRaw", []byte("\xff")), false},
	{"raw of nothing", req, exec("xRaw", []byte("\xff")), false},
	{"raw twice", req, exec("programRaw", []byte("l\xff"), "programRaw", []byte("l\xff")), false},
	{"raw of a known key behind ours", req, exec("x", 1, "programRaw", []byte("l\xff")), false},
	{"raw of ours", req, exec("x", "\uFFFD", "y", 1, "xRaw", []byte("\xff")), true},
	{"raw of ours before it", req, exec("xRaw", []byte("\xff"), "x", "\uFFFD"), false},
	{"raw of ours twice", req, exec("x", "\uFFFD", "xRaw", []byte("\xff"), "xRaw", []byte("\xff")), false},
	{"raw of bytes of ours", req, exec("x", []byte("\uFFFD"), "xRaw", []byte("\xff")), false},
	{"raw of raw", req, exec("x", "\uFFFD", "xRaw", []byte("\xff"), "xRawRaw", []byte("\xff")), false},
	{"raws in order", req, message(402, M{"requestId", 1, "name", "\uFFFD", "value", "\uFFFD", "nameRaw", []byte("\xf1"), "valueRaw", []byte("\xf2")}), true},
	{"raws out of order", req, message(402, M{"requestId", 1, "name", "\uFFFD", "value", "\uFFFD", "valueRaw", []byte("\xf1"), "nameRaw", []byte("\xf2")}), false},
	{"raw in a nested map of ours", req, exec("x", M{"a", "\uFFFD", "aRaw", []byte("\xff")}), true},
	{"raw in a large map of ours", req, exec("x", many(40, "a", "\uFFFD", "aRaw", []byte("\xff"))), true},
	{"raw of another map", req, exec("x", "\uFFFD", "y", M{"xRaw", []byte("\xff")}), false},
	// §5
	{"unknown extension", other, ext("new", M{"a", 1}), true},
	{"unknown extension, empty", other, ext("new", M{}), true},
	{"unknown extension on a channel", other, chanExt("new-2", M{"a", "\uFFFD", "aRaw", []byte("\xff")}), true},
	{"extension for files", event.KindFile, chanExt("file-open", M{}), true},
	{"extension for files as another kind", other, chanExt("file-open", M{}), false},
	{"extension, data no map", other, ext("new", A{}), false},
	{"extension, data null", other, ext("new", nil), false},
	{"data without the name", req, message(200, M{"requestType", "new@example", "data", M{}}), false},
	{"data with a bad name", other, ext("New", M{}), false},
	{"data with no name", other, ext("", M{}), false},
	{"name of 64", other, ext(strings.Repeat("x", 64), M{}), true},
	{"name of 65", other, ext(strings.Repeat("x", 65), M{}), false},
	{"name without data", req, message(200, M{"requestType", "summary@sshtrail"}), true},
	{"name without data on a channel", req, message(400, M{"requestId", 3, "requestType", "gap@sshtrail", "payload", []byte("x")}), true},
	{"extension with another key", other, message(200, M{"requestType", "new@sshtrail", "data", M{}, "x", 1}), false},
	{"extension with a key before", other, message(200, M{"requestType", "new@sshtrail", "x", 1, "data", M{}}), false},
	{"extension with a request number", other, message(400, M{"requestId", 1, "requestType", "new@sshtrail", "payload", []byte{}, "data", M{}}), false},
	{"extension with a payload", other, message(400, M{"requestId", 0, "requestType", "new@sshtrail", "payload", []byte("x"), "data", M{}}), false},
	{"data of another type", req, exec("programRaw", []byte("l\xff"), "data", 1), true},
	{"gap", other, ext("gap", M{"messages", nil, "bytes", 5, "since", 3, "reason", "full"}), true},
	{"gap with a key less", other, ext("gap", M{"messages", nil, "bytes", 5, "since", 3}), false},
	{"gap of another type", other, ext("gap", M{"messages", "1", "bytes", 5, "since", 3, "reason", ""}), false},
	{"gap on a channel", other, chanExt("gap", M{"messages", nil, "bytes", 5, "since", 3, "reason", "full"}), false},
	{"gap with its bytes", other, ext("gap", M{"messages", nil, "bytes", 5, "since", 3, "reason", "\uFFFD", "reasonRaw", []byte("\xff")}), true},
	{"auth-none as the page has it", other, ext("auth-none", M{"username", "x"}), true},
	{"auth-partial", other, ext("auth-partial", M{"username", "x", "method", "password", "next", A{"publickey"}}), true},
	{"auth-partial, next of numbers", other, ext("auth-partial", M{"username", "x", "method", "password", "next", A{1}}), false},
	{"request-accepted", other, chanExt("request-accepted", M{"requestId", 1}), true},
	{"gateway-start as the page has it", other, ext("gateway-start", M{"version", "1", "config", ""}), true},
	{"recovered", other, ext("recovered", M{"log", "x", "saved", 1}), true},
	// §6
	{"summary in the middle", other, ext("summary", M{"version", 1}), false},
	// §3
	{"another kind", event.KindStdout, message(500, M{"stream", 2, "data", []byte("x")}), false},
}

func TestMessages(t *testing.T) {
	for _, tt := range messageTests {
		want := Complete
		if !tt.good {
			want = Tampered
		}
		if tt.good && tt.kind <= event.KindStderr {
			continue // the summary's count of bytes is that of the stand-in: TestStreams has them
		}
		if v, err := verdictOf(t, around(t, tt.kind, tt.msg)); v != want {
			t.Errorf("%s: %v (%v), want %v", tt.name, v, err, want)
		}
	}
}

// TestMessagesCut cuts within each message under test, at every third byte. What comes of it is truncated
// up to the byte that is wrong, and tampered from there.
func TestMessagesCut(t *testing.T) {
	for _, tt := range messageTests {
		msg := enc(tt.msg)
		bad := false
		cuts := make([]int, 0, 400)
		for cut := 1; cut < len(msg); cut += 3 + len(msg)/4096*len(msg)/8 {
			cuts = append(cuts, cut)
		}
		for _, cut := range append(cuts, len(msg)) {
			v, err := verdictOf(t, cutLog(t, tt.kind, msg[:cut]))
			if v != Truncated && v != Tampered || bad && v == Truncated || v == Tampered && tt.good {
				t.Fatalf("%s: cut at %d of %d: %v (%v)", tt.name, cut, len(msg), v, err)
			}
			bad = v == Tampered
		}
		if bad == tt.good {
			t.Errorf("%s: the whole message in a log that is cut behind it: tampered %t, want %t", tt.name, bad, !tt.good)
		}
	}
}

// cutLog returns a log whose first block is cut behind this part of its second message.
func cutLog(t *testing.T, kind event.Kind, part string) []byte {
	first, err := AppendMessage(nil, &event.Event{Conn: testConn, Time: 7, Body: &event.Connect{}})
	if err != nil {
		t.Fatal(err)
	}
	c := newChain()
	h := c.next()
	h.size, h.messages, h.from, h.to, h.kinds = maxMember, 3, 7, 7, 1<<event.KindOther|1<<kind
	log := h.append([]byte(fileHeader))
	for rest := append(first, part...); len(rest) > 0; { // stored, so that nothing is left in a compressor
		n := min(len(rest), math.MaxUint16)
		log = append(log, 0)
		log = binary.LittleEndian.AppendUint16(log, uint16(n))
		log = binary.LittleEndian.AppendUint16(log, ^uint16(n))
		log = append(log, rest[:n]...)
		rest = rest[n:]
	}
	return log
}

func TestStreams(t *testing.T) {
	for stream := range event.Stream(3) {
		for _, more := range []M{nil, {"x", 1}} {
			l := newLogMaker(t)
			l.add(event.Event{Time: 7, Body: &event.Connect{}})
			ev := event.Event{Time: 7, Body: &event.IO{Stream: stream, Data: []byte("abc")}}
			l.raw(ev, []byte(enc(message(500, append(M{"stream", int(stream), "data", []byte("abc")}, more...)))))
			if v, err := verdictOf(t, l.end()); v != Complete {
				t.Errorf("stream %d with %v: %v (%v), want complete", stream, more, v, err)
			}
		}
	}
}
