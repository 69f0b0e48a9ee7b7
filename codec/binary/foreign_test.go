package binary

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sshtrail/sshtrail/event"
)

// readJSON reads a log to its end and returns its messages as lines of JSON.
func readJSON(log []byte) (lines []byte, r *Reader, err error) {
	r = NewReader(bytes.NewReader(log))
	for {
		m, err := r.Next()
		if err != nil {
			return lines, r, err
		}
		lines = append(m.AppendJSON(lines), '\n')
	}
}

// TestContainerSSH reads logs that ContainerSSH wrote. Beside them is what its own
// decoder prints, which is ours without what stands behind its last key.
func TestContainerSSH(t *testing.T) {
	logs, err := filepath.Glob("testdata/containerssh/*.log")
	if err != nil || len(logs) != 3 {
		t.Fatalf("Glob = %q, %v; want 3 logs", logs, err)
	}
	for _, name := range logs {
		t.Run(filepath.Base(name), func(t *testing.T) {
			log, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(name, ".log") + ".jsonl")
			if err != nil {
				t.Fatal(err)
			}
			got, r, err := readJSON(log)
			if r.Verdict() != Foreign {
				t.Fatalf("Verdict = %v (%v), want foreign", r.Verdict(), err)
			}
			var seven bytes.Buffer
			for line := range strings.Lines(string(got)) {
				head, _, found := strings.Cut(line, `,"seq":`)
				if !found {
					t.Fatalf("no seq in %s", line)
				}
				seven.WriteString(head + "}\n")
			}
			if seven.String() != string(want) {
				t.Errorf("JSON = %s\nwant %s", seven.String(), want)
			}
			compareGolden(t, strings.TrimSuffix(name, ".log")+".full.jsonl", got)
		})
	}
}

// foreignLog makes a version 2 log as ContainerSSH does: one member, flushed after
// each item and never closed unless close is set.
func foreignLog(t testing.TB, closed bool, items ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	out.WriteString(fileHeader)
	w := gzip.NewWriter(&out)
	for _, item := range items {
		if _, err := w.Write([]byte(item)); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if closed {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// version1Log makes a version 1 log of this content.
func version1Log(t testing.TB, content string) []byte {
	log := foreignLog(t, false, content)
	log[len(magic)] = 1
	return log
}

// item is a message of ContainerSSH's.
func item(typ int, payload any, more ...any) string {
	return enc(append(M{"connectionId", "c", "timestamp", 5, "type", typ, "payload", payload, "channelId", nil}, more...))
}

func TestForeignVerdicts(t *testing.T) {
	one := item(0, M{"remoteAddr", "::1", "country", "XX"})
	nuls := func(log []byte) []byte { return append(bytes.Clone(log), make([]byte, 100_000)...) }
	member := func(log []byte) string { return string(log[len(fileHeader):]) }
	flg := func(flag byte) []byte {
		log := foreignLog(t, true, one)
		log[len(fileHeader)+3] = flag
		return log
	}
	badCRC := foreignLog(t, true, one)
	badCRC[len(badCRC)-8]++
	badSize := foreignLog(t, true, one)
	badSize[len(badSize)-3]++
	nested := func(n int) string { return item(0, M{"x", deep(n)}) }
	tests := []struct {
		name     string
		log      []byte
		want     Verdict
		messages uint64
	}{
		{"header alone", []byte(fileHeader), Truncated, 0},
		{"43 bytes", []byte(fileHeader + gzipMagic), Truncated, 0},
		{"43 bytes and NULs", nuls([]byte(fileHeader + gzipMagic)), Truncated, 0},
		{"header and NULs", nuls([]byte(fileHeader)), Truncated, 0},
		{"header, NULs and more", append(nuls([]byte(fileHeader)), 'x'), Tampered, 0},
		{"NULs alone", make([]byte, 100_000), Truncated, 0},
		{"header and something else", []byte(fileHeader + "\x1f\x8c"), Tampered, 0},
		{"header and no deflate", []byte(fileHeader + gzipMagic + "\x01"), Tampered, 0},
		{"44 bytes", []byte(fileHeader + gzipMagic + "\x04"), Truncated, 0},
		{"49 bytes", []byte(fileHeader + gzipMagic + "\x00\x00\x00\x00\x00\x00\xff"), Foreign, 0},
		{"one", foreignLog(t, false, one), Foreign, 1},
		{"one, closed", foreignLog(t, true, one), Foreign, 1},
		{"two members", append(foreignLog(t, true, one), member(foreignLog(t, false, one, one))...), Foreign, 3},
		{"many empty members", append(foreignLog(t, true, one), strings.Repeat(member(foreignLog(t, true)), 100_000)...), Foreign, 1},
		{"NULs behind", nuls(foreignLog(t, false, one)), Foreign, 1},
		{"NULs behind, closed", nuls(foreignLog(t, true, one)), Foreign, 1},
		{"FTEXT", flg(1), Tampered, 0},
		{"FHCRC", flg(2), Tampered, 0},
		{"FNAME", flg(8), Tampered, 0},
		{"FEXTRA", flg(4), Tampered, 0},
		{"a second member of ours", append(foreignLog(t, true, one), sessionLog(t)[40:]...), Tampered, 1},
		{"a first member of ours", append(sessionLog(t)[:534], member(foreignLog(t, true, one))...), Tampered, 6},
		{"something behind a closed member", append(foreignLog(t, true, one), 'x'), Tampered, 1},
		{"half a member behind a closed one", append(foreignLog(t, true, one), "\x1f\x8b"...), Foreign, 1},
		{"CRC", badCRC, Tampered, 1},
		{"ISIZE", badSize, Tampered, 1},
		{"half a message", foreignLog(t, false, one, one[:20]), Foreign, 1},
		{"an array", foreignLog(t, false, one, enc(A{1})), Tampered, 1},
		{"no type", foreignLog(t, false, enc(M{"timestamp", 5})), Tampered, 0},
		{"a type that is text", foreignLog(t, false, enc(M{"type", "0"})), Tampered, 0},
		{"a type alone", foreignLog(t, false, enc(M{"type", 1})), Foreign, 1},
		{"an unknown type", foreignLog(t, false, item(77, M{"x", 1})), Foreign, 1},
		{"a negative type", foreignLog(t, false, item(-77, M{"x", 1})), Foreign, 1},
		{"a break", foreignLog(t, false, one, "\xff"), Tampered, 1},
		{"a reserved head", foreignLog(t, false, one, "\x1c"), Tampered, 1},
		{"a chunk of another type", foreignLog(t, false, one, "\xa1\x7f\x41a\xff\x01"), Tampered, 1},
		{"a map of indefinite length with half a pair", foreignLog(t, false, one, "\xbf\x61a\xff"), Tampered, 1},
		{"32 deep", foreignLog(t, false, nested(30)), Foreign, 1},
		{"33 deep", foreignLog(t, false, nested(31)), Tampered, 0},
		{"deep without an end", foreignLog(t, false, strings.Repeat("\xa1", 1_000_000)), Tampered, 0},
		{"deep in tags", foreignLog(t, false, strings.Repeat("\xc1", 1_000_000)), Tampered, 0},
		{"16 MiB announced", foreignLog(t, false, "\xa1\x5a\x01\x00\x00\x00"), Tampered, 0},
		{"2^64 bytes announced", foreignLog(t, false, "\xa1\x5b\xff\xff\xff\xff\xff\xff\xff\xff"), Tampered, 0},
		{"2^64 keys announced", foreignLog(t, false, "\xbb\xff\xff\xff\xff\xff\xff\xff\xff"), Foreign, 0},
		{"version 1", version1Log(t, "\x9f"+one+one+"\xff"), Foreign, 2},
		{"version 1 without its end", version1Log(t, "\x9f"+one+one[:9]), Foreign, 1},
		{"version 1, empty", version1Log(t, "\x9f\xff"), Foreign, 0},
		{"version 1, something behind the array", version1Log(t, "\x9f"+one+"\xff\x00"), Tampered, 1},
		{"version 1, no array", version1Log(t, one), Tampered, 0},
		{"version 1, a definite array", version1Log(t, "\x81"+one), Tampered, 0},
		{"version 1, header alone", []byte(magic + version1), Foreign, 0},
		{"version 1, 39 bytes", []byte(magic + version1)[:39], Truncated, 0},
		{"version 1, a member of ours", append([]byte(magic+version1), sessionLog(t)[40:]...), Tampered, 0},
	}
	for _, tt := range tests {
		r := NewReader(bytes.NewReader(tt.log))
		var err error
		for err == nil {
			_, err = r.Next()
		}
		if r.Verdict() != tt.want || r.Messages() != tt.messages {
			t.Errorf("%s: %v (%v) with %d messages, want %v with %d", tt.name, r.Verdict(), err, r.Messages(), tt.want, tt.messages)
		}
	}
}

// TestForeignCut cuts ContainerSSH's logs at every offset, with and without NUL bytes
// behind: they are foreign still, and never have a message that was not whole.
func TestForeignCut(t *testing.T) {
	for _, name := range []string{"containerssh-v1", "containerssh-v2-exec", "containerssh-v2-pty"} {
		log, err := os.ReadFile("testdata/containerssh/" + name + ".log")
		if err != nil {
			t.Fatal(err)
		}
		all, _, _ := readJSON(log)
		for cut := range len(log) {
			for _, nuls := range []int{0, 3, 300} {
				part := append(bytes.Clone(log[:cut]), make([]byte, nuls)...)
				got, r, err := readJSON(part)
				want := Foreign
				switch {
				case len(part) < len(fileHeader), part[len(magic)] == 0:
					want = Truncated
				case part[len(magic)] == 2 && len(bytes.TrimRight(part[len(fileHeader):], "\x00")) <= len(gzipMagic):
					want = Truncated // without the NULs it begins one of ours just as well
				}
				if r.Verdict() != want {
					t.Fatalf("%s cut at %d with %d NULs: %v (%v), want %v", name, cut, nuls, r.Verdict(), err, want)
				}
				if !bytes.HasPrefix(all, got) {
					t.Fatalf("%s cut at %d with %d NULs has other messages:\n%s", name, cut, nuls, got)
				}
			}
		}
	}
}

// TestForeignForms has what ContainerSSH could have written otherwise, and what our
// writer would have made of it.
func TestForeignForms(t *testing.T) {
	tests := []struct{ name, item, want string }{
		{"order", enc(M{"type", 403, "payload", M{"program", "ls", "x", 1, "requestId", 2}, "channelId", 3, "timestamp", 5, "connectionId", "c"}),
			`{"connectionId":"c","timestamp":5,"type":403,"typeId":"exec","typeName":"Execute program","payload":{"requestId":2,"program":"ls","x":1},"channelId":3`},
		{"null for bytes", item(100, M{"username", "x", "password", nil}),
			`{"connectionId":"c","timestamp":5,"type":100,"typeId":"auth_password","typeName":"Password authentication","payload":{"username":"x","password":""},"channelId":null`},
		{"null for an array", item(109, M{"username", "x", "answers", nil}),
			`{"connectionId":"c","timestamp":5,"type":109,"typeId":"auth_keyboard_interactive_answer","typeName":"Keyboard-interactive authentication answer","payload":{"username":"x","answers":[]},"channelId":null`},
		{"bad UTF-8", item(402, M{"requestId", 1, "name", "a\xff", "value", "b\xfe", "z", "c\xfd"}),
			`{"connectionId":"c","timestamp":5,"type":402,"typeId":"setenv","typeName":"Set environment variable","payload":{"requestId":1,"name":"a` + "\uFFFD" + `","value":"b` + "\uFFFD" + `","nameRaw":"Yf8=","valueRaw":"Yv4=","z":"c` + "\uFFFD" + `","zRaw":"Y/0="},"channelId":null`},
		{"nested", item(108, M{"username", "", "instruction", "", "questions", A{M{"echo", true, "question", "\xff"}}}),
			`{"connectionId":"c","timestamp":5,"type":108,"typeId":"auth_keyboard_interactive_challenge","typeName":"Keyboard-interactive authentication challenge","payload":{"username":"","instruction":"","questions":[{"question":"` + "\uFFFD" + `","echo":true,"questionRaw":"/w=="}]},"channelId":null`},
		{"twice", enc(M{"connectionId", "c", "connectionId", "d", "timestamp", 5, "type", 77, "payload", M{"a", 1, "b", 2, "a", 3}, "channelId", nil}),
			`{"connectionId":"c","timestamp":5,"type":77,"typeId":"unknown","typeName":"unknown","payload":{"a":1,"b":2},"channelId":null`},
		{"known key twice", item(403, M{"program", "ls", "requestId", 1, "program", "rm"}),
			`{"connectionId":"c","timestamp":5,"type":403,"typeId":"exec","typeName":"Execute program","payload":{"requestId":1,"program":"ls"},"channelId":null`},
		{"chunks", item(403, R("\xbf"+enc("requestId")+"\x18\x01\x7f\x67program\xff\x7f\x61l\x61s\xff\xff")),
			`{"connectionId":"c","timestamp":5,"type":403,"typeId":"exec","typeName":"Execute program","payload":{"requestId":1,"program":"ls"},"channelId":null`},
		{"other values", item(77, M{"f", R("\xf9\x3e\x00"), "i", R("\xfa\x47\x00\x00\x00"), "t", R("\xc1\x05"), "u", R("\xf7"), "n", R("\x3b\xff\xff\xff\xff\xff\xff\xff\xff"), 5, R("\x9f\x01\xff"), R("\x41a"), nil}),
			`{"connectionId":"c","timestamp":5,"type":77,"typeId":"unknown","typeName":"unknown","payload":{"f":"1.5","i":32768,"t":5,"u":null,"n":"-18446744073709551616","5":[1],"a":null},"channelId":null`},
		{"values of another type", item(403, M{"requestId", "one", "program", []byte("ls")}),
			`{"connectionId":"c","timestamp":5,"type":403,"typeId":"exec","typeName":"Execute program","payload":{"requestId":"one","program":"bHM="},"channelId":null`},
		{"packed anew", enc(ext("new", M{"b", 1, "a", 2})),
			`{"connectionId":"` + testConn + `","timestamp":7,"type":200,"typeId":"global_request_unknown","typeName":"Unknown global request","payload":{"requestType":"new@sshtrail"},"channelId":null`},
	}
	for _, tt := range tests {
		lines, r, err := readJSON(foreignLog(t, false, tt.item))
		if got, _, _ := strings.Cut(string(lines), `,"seq":`); got != tt.want || r.Verdict() != Foreign {
			t.Errorf("%s: %v (%v)\n%s\nwant\n%s", tt.name, r.Verdict(), err, got, tt.want)
		}
	}
}

// TestForeignEvents has values that their fields can't hold.
func TestForeignEvents(t *testing.T) {
	log := foreignLog(t, false,
		item(403, M{"requestId", "one", "program", "ls", "x", "\xff"}),
		item(500, M{"stream", 7, "data", []byte("x")}),
		item(108, M{"username", "x", "questions", A{1}}),
		item(77, nil))
	var got []event.Event
	for ev, err := range NewReader(bytes.NewReader(log)).Events() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ev)
	}
	want := []event.Event{
		{Seq: 0, Conn: "c", Time: 5, Body: &event.Exec{Program: "ls"}, More: event.Map{{Key: "requestId", Value: "one"}, {Key: "x", Value: "\xff"}}},
		{Seq: 1, Conn: "c", Time: 5, Body: &event.IO{Data: []byte("x")}, More: event.Map{{Key: "stream", Value: int64(7)}}},
		{Seq: 2, Conn: "c", Time: 5, Body: &event.AuthKeyboardInteractiveChallenge{Username: "x"}, More: event.Map{{Key: "questions", Value: []any{int64(1)}}}},
		{Seq: 3, Conn: "c", Time: 5, Body: &event.Unknown{Number: 77}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Events (-want +got):\n%s", diff)
	}
}
