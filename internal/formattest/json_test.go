package formattest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// jsonLines are messages and their lines by §9. $C is the connectionId, $T the timestamp and $S what ours begins
// with in the second message of a log.
func jsonLines() []struct {
	m    message
	line string
} {
	return []struct {
		m    message
		line string
	}{
		{connect(), `{"connectionId":"$C","timestamp":$T,"type":0,"typeId":"connect","typeName":"Connect","payload":{"remoteAddr":"192.0.2.7","country":"XX"},"channelId":null,$S}`},
		{onConn(0, obj{"remoteAddr", "", "country", "DE", "localPort", 22, "localAddr", "::1"}),
			`{"connectionId":"$C","timestamp":$T,"type":0,"typeId":"connect","typeName":"Connect","payload":{"remoteAddr":"","country":"DE","localPort":22,"localAddr":"::1"},"channelId":null,$S}`},
		{disconnect(), `{"connectionId":"$C","timestamp":$T,"type":1,"typeId":"disconnect","typeName":"Disconnect","payload":null,"channelId":null,$S}`},
		{onConn(1, obj{"by", "client", "later", obj{"b", []any{1, nil, true, []byte{0xff}, uint64(1<<64 - 1), int64(-1 << 63)}, "a", obj{}}}),
			`{"connectionId":"$C","timestamp":$T,"type":1,"typeId":"disconnect","typeName":"Disconnect","payload":{"by":"client","later":{"b":[1,null,true,"/w==",18446744073709551615,-9223372036854775808],"a":{}}},"channelId":null,$S}`},
		{onConn(100, obj{"username", "foo", "password", []byte("bar")}),
			`{"connectionId":"$C","timestamp":$T,"type":100,"typeId":"auth_password","typeName":"Password authentication","payload":{"username":"foo","password":"YmFy"},"channelId":null,$S}`},
		{onConn(101, obj{"username", "foo", "password", []byte{}, "passwordHidden", true}),
			`{"connectionId":"$C","timestamp":$T,"type":101,"typeId":"auth_password_successful","typeName":"Password authentication successful","payload":{"username":"foo","password":"","passwordHidden":true},"channelId":null,$S}`},
		{onConn(108, obj{"username", "u", "instruction", "", "questions", []any{obj{"question", "Code: ", "echo", true}}}),
			`{"connectionId":"$C","timestamp":$T,"type":108,"typeId":"auth_keyboard_interactive_challenge","typeName":"Keyboard-interactive authentication challenge","payload":{"username":"u","instruction":"","questions":[{"question":"Code: ","echo":true}]},"channelId":null,$S}`},
		{onConn(198, obj{"reason", "r"}), `{"connectionId":"$C","timestamp":$T,"type":198,"typeId":"handshake_failed","typeName":"Handshake failed","payload":{"reason":"r"},"channelId":null,$S}`},
		{onConn(199, obj{"username", "u"}), `{"connectionId":"$C","timestamp":$T,"type":199,"typeId":"handshake_successful","typeName":"Handshake successful","payload":{"username":"u"},"channelId":null,$S}`},
		{onChannel(403, 7, obj{"requestId", 1, "program", "echo out; echo err >&2\t\"\\\n\x1b[0m"}),
			`{"connectionId":"$C","timestamp":$T,"type":403,"typeId":"exec","typeName":"Execute program","payload":{"requestId":1,"program":"echo out; echo err \u003e\u00262\t\"\\\n\u001b[0m"},"channelId":7,$S}`},
		{onChannel(403, 0, obj{"requestId", 1, "program", "<é\u2028\u2029😀\ufffd", "programRaw", []byte("<é\u2028\u2029😀\xff")}),
			`{"connectionId":"$C","timestamp":$T,"type":403,"typeId":"exec","typeName":"Execute program","payload":{"requestId":1,"program":"\u003cé\u2028\u2029😀` + "\ufffd" + `","programRaw":"PMOp4oCo4oCp8J+YgP8="},"channelId":0,$S}`},
		{message{conn: conn, at: start, typ: 408, payload: obj{"requestId", uint64(1<<64 - 1), "columns", 80, "rows", 24, "width", 0, "height", 1<<32 - 1}, channel: uint64(1<<64 - 1)},
			`{"connectionId":"$C","timestamp":$T,"type":408,"typeId":"window","typeName":"Change window size","payload":{"requestId":18446744073709551615,"columns":80,"rows":24,"width":0,"height":4294967295},"channelId":18446744073709551615,$S}`},
		{output(1, "out\n"), `{"connectionId":"$C","timestamp":$T,"type":500,"typeId":"io","typeName":"I/O","payload":{"stream":1,"data":"b3V0Cg=="},"channelId":0,$S}`},
		{onConn(200, obj{"requestType", "keepalive@openssh.com", "payload", []byte("a")}),
			`{"connectionId":"$C","timestamp":$T,"type":200,"typeId":"global_request_unknown","typeName":"Unknown global request","payload":{"requestType":"keepalive@openssh.com","payload":"YQ=="},"channelId":null,$S}`},
		{extension("gap", obj{"messages", 3, "bytes", nil, "since", 5, "reason", "disk full"}),
			`{"connectionId":"$C","timestamp":$T,"type":200,"typeId":"global_request_unknown","typeName":"Unknown global request","payload":{"requestType":"gap@sshtrail"},"channelId":null,$S,"extension":"gap","data":{"messages":3,"bytes":null,"since":5,"reason":"disk full"}}`},
		{channelExtension("request-accepted", obj{"requestId", 4}),
			`{"connectionId":"$C","timestamp":$T,"type":400,"typeId":"channel_request_unknown","typeName":"Unknown channel request","payload":{"requestId":0,"requestType":"request-accepted@sshtrail","payload":""},"channelId":0,$S,"extension":"request-accepted","data":{"requestId":4}}`},
		{onConn(200, obj{"requestType", "gap@sshtrail"}),
			`{"connectionId":"$C","timestamp":$T,"type":200,"typeId":"global_request_unknown","typeName":"Unknown global request","payload":{"requestType":"gap@sshtrail"},"channelId":null,$S}`},
	}
}

func filled(line, ours string) string {
	return strings.NewReplacer("$C", conn, "$T", fmt.Sprint(start), "$S", ours).Replace(line)
}

const secondOfLog = `"seq":1,"time":"2026-11-22T10:32:16.000000000Z"`

func TestJSON(t *testing.T) {
	for _, c := range jsonLines() {
		got := expect(t, c.line, alone(c.m), "complete")
		if len(got.json) != 4 {
			t.Errorf("%s: %d messages, want 4", c.line, len(got.json))
			continue
		}
		if want := filled(c.line, secondOfLog); got.json[1] != want {
			t.Errorf("JSON is\n%s, want\n%s", got.json[1], want)
		}
	}
	// All nine digits of a time, and the first and the last of them.
	for at, want := range map[int64]string{0: "1970-01-01T00:00:00.000000000Z", 1: "1970-01-01T00:00:00.000000001Z", 1<<63 - 1: "2262-04-11T23:47:16.854775807Z", 1625081015047410200: "2021-06-30T19:23:35.047410200Z"} {
		got := read(t, want, file{blocks: []block{{messages: []message{{conn: conn, at: at, typ: 1}}}}}.build().bytes)
		if len(got.json) != 2 || !strings.HasSuffix(got.json[0], `,"seq":0,"time":"`+want+`"}`) {
			t.Errorf("JSON of time %d is\n%s, want it to end in %s", at, got.json, want)
		}
	}
}

// TestJSONOfTypes compares ids and names with the table of ContainerSSH's, and what JSON makes of each line with
// what was encoded.
func TestJSONOfTypes(t *testing.T) {
	names := typeNames(t)
	for _, row := range types() {
		m := row.message(true)
		got := read(t, fmt.Sprintf("type %d", row.typ), alone(m))
		if len(got.json) != 4 {
			t.Errorf("type %d: %d messages, want 4 (%v)", row.typ, len(got.json), got.err)
			continue
		}
		want := names[fmt.Sprint(row.typ)]
		head := filled(fmt.Sprintf(`{"connectionId":"$C","timestamp":$T,"type":%d,"typeId":%q,"typeName":%q,"payload":`, row.typ, want[0], want[1]), "")
		if !strings.HasPrefix(got.json[1], head) {
			t.Errorf("type %d: JSON is\n%s, want it to begin with\n%s", row.typ, got.json[1], head)
		}
		payload := strings.TrimPrefix(got.json[1], head)
		for _, f := range append(append([]field{}, row.known...), row.ours...) {
			value, err := json.Marshal(plain(f.good))
			if err != nil {
				t.Fatal(err)
			}
			_, after, ok := strings.Cut(payload, fmt.Sprintf("%q:%s", f.key, value))
			if payload = after; !ok {
				t.Errorf("type %d: %q with %s is not in its place in\n%s", row.typ, f.key, value, got.json[1])
			}
		}
	}
}

// plain turns what is encoded into what encoding/json encodes alike.
func plain(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	var out []json.RawMessage
	for _, item := range list {
		var pairs []string
		o := item.(obj)
		for i := 0; i < len(o); i += 2 {
			value, _ := json.Marshal(o[i+1])
			pairs = append(pairs, fmt.Sprintf("%q:%s", o[i], value))
		}
		out = append(out, json.RawMessage("{"+strings.Join(pairs, ",")+"}"))
	}
	return out
}

// typeNames returns id and name of each type.
func typeNames(t *testing.T) map[string][2]string {
	t.Helper()
	text, err := os.ReadFile("testdata/containerssh-types.tsv")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string][2]string{}
	for line := range strings.Lines(string(text)) {
		columns := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		names[columns[0]] = [2]string{columns[1], columns[2]}
	}
	if len(names) != len(types())+1 {
		t.Fatalf("testdata has %d types, want %d and the heading", len(names), len(types()))
	}
	return names
}

func TestJSONOfForeignFiles(t *testing.T) {
	for _, c := range []struct {
		name, item, line string
	}{
		{"bad UTF-8", theirMessage(403, obj{"requestId", 1, "program", "a\xffb"}),
			`{"connectionId":"$C","timestamp":$T,"type":403,"typeId":"exec","typeName":"Execute program","payload":{"requestId":1,"program":"a` + "\ufffd" + `b","programRaw":"Yf9i"},"channelId":0,$S}`},
		{"null for bytes", theirMessage(500, obj{"stream", 1, "data", nil}),
			`{"connectionId":"$C","timestamp":$T,"type":500,"typeId":"io","typeName":"I/O","payload":{"stream":1,"data":""},"channelId":0,$S}`},
		{"null for an array", theirMessage(109, obj{"username", "", "answers", nil}),
			`{"connectionId":"$C","timestamp":$T,"type":109,"typeId":"auth_keyboard_interactive_answer","typeName":"Keyboard-interactive authentication answer","payload":{"username":"","answers":[]},"channelId":null,$S}`},
		{"the first of two", theirMessage(403, obj{"requestId", 1, "program", "first", "program", "second"}),
			`{"connectionId":"$C","timestamp":$T,"type":403,"typeId":"exec","typeName":"Execute program","payload":{"requestId":1,"program":"first"},"channelId":0,$S}`},
		{"unknown type", theirMessage(2, obj{"a", 1}),
			`{"connectionId":"$C","timestamp":$T,"type":2,"typeId":"unknown","typeName":"unknown","payload":{"a":1},"channelId":null,$S}`},
	} {
		for version, b := range theirs(c.item) {
			got := expect(t, c.name+", "+version, b, "foreign")
			if len(got.json) != 3 {
				t.Errorf("%s, %s: %d messages, want 3", c.name, version, len(got.json))
			} else if want := filled(c.line, secondOfLog); got.json[1] != want {
				t.Errorf("%s, %s: JSON is\n%s, want\n%s", c.name, version, got.json[1], want)
			}
		}
	}
}

// theirFolder has files that ContainerSSH wrote, and what its own decoder prints for them.
const theirFolder = "../../codec/binary/testdata/containerssh/"

// TestContainerSSHFiles reads files that ContainerSSH wrote, and compares the seven keys with its own decoder's.
func TestContainerSSHFiles(t *testing.T) {
	for _, name := range []string{"containerssh-v1", "containerssh-v2-exec", "containerssh-v2-pty"} {
		log, err := os.ReadFile(theirFolder + name + ".log")
		if err != nil {
			t.Fatal(err)
		}
		lines, err := os.ReadFile(theirFolder + name + ".jsonl")
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Split(strings.TrimSuffix(string(lines), "\n"), "\n")
		got := expect(t, name, log, "foreign").json
		if len(got) != len(want) {
			t.Errorf("%s: %d messages, want %d", name, len(got), len(want))
			continue
		}
		for i := range want {
			if !strings.HasPrefix(got[i], strings.TrimSuffix(want[i], "}")+fmt.Sprintf(`,"seq":%d,"time":"`, i)) {
				t.Errorf("%s: line %d is\n%s, want the keys of\n%s", name, i, got[i], want[i])
			}
		}
		for n := headerSize + 4; n < len(log); n++ {
			cut := expect(t, fmt.Sprintf("%s, cut to %d of %d", name, n, len(log)), log[:n], cutForeign(uint64(log[32]), n)).json
			for i := range cut {
				if cut[i] != got[i] {
					t.Errorf("%s, cut to %d: line %d is\n%s, want\n%s", name, n, i, cut[i], got[i])
				}
			}
		}
	}
}
