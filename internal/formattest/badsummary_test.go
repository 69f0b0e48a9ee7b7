package formattest_test

import (
	"fmt"
	"strings"
	"testing"
)

// summaries returns logs whose summary has other values for a key.
func summaries(key string, values map[string]any) map[string][]byte {
	files := map[string][]byte{}
	for name, v := range values {
		files[name] = withSummary(func(o obj) obj { return o.with(key, v) })
	}
	return files
}

func TestSentencesAboutTheSummary(t *testing.T) {
	runSentences(t, []sentence{
		{text: "The last message of a complete or recovered log is summary@sshtrail", files: noSummaries()},
		{text: "no earlier one is", files: twoSummaries()},
		{text: "there is at least one message before it", files: just("alone", file{blocks: []block{{}}}.build().bytes)},
		{text: "Its timestamp is that of the message before it or later", files: just("earlier", summaryMessage(func(m *message) { m.at-- }))},
		{text: "its connectionId the first message's", files: map[string][]byte{
			"another": summaryMessage(func(m *message) { m.conn = "other" }), "gateway": summaryMessage(func(m *message) { m.conn = "gateway" })}},
		{text: "data has exactly these keys in this order", files: summaryKeys()},
		{text: "version: 1", files: summaries("version", map[string]any{"0": 0, "2": 2, "text": "1", "null": nil})},
		{text: "username, remoteAddr, auth, target: text or null", files: merged(map[string]map[string][]byte{
			"username": summaries("username", notTextOrNull()), "remoteAddr": summaries("remoteAddr", notTextOrNull()),
			"auth": summaries("auth", notTextOrNull()), "target": summaries("target", notTextOrNull())})},
		{text: "In a log of several connections username, remoteAddr, auth and target are null", files: severalAndNull()},
		{text: "start: the first message's timestamp", files: summaries("start", map[string]any{
			"more": start + 1, "less": start - 1, "null": nil, "text": "0"})},
		{text: "end: that of the last one before the summary", files: merged(map[string]map[string][]byte{
			"": summaries("end", map[string]any{"more": start + 1, "less": start - 1, "null": nil}),
			"of the summary": just("", summaryMessage(func(m *message) {
				m.at += 7
				p := m.payload.(obj)
				m.payload = p.with("data", p.get("data").(obj).with("end", m.at))
			}))})},
		{text: "bytes {stdin, stdout, stderr}: recorded in type 500", files: summaries("bytes", map[string]any{
			"stdin": streams(1, 3, 0), "stdout less": streams(0, 2, 0), "stderr": streams(0, 3, 1), "on another stream": streams(3, 0, 0),
			"null": nil, "an array": []any{0, 3, 0}, "negative": streams(-1, 3, 0), "a key missing": streams(0, 3, 0).without("stderr"),
			"another order": streams(0, 3, 0).swapped(0), "another key": streams(0, 3, 0).with("zz", 0)})},
		{text: "skipped {stdin, stdout, stderr} uint", files: summaries("skipped", map[string]any{
			"null": nil, "negative": streams(0, 0, -1), "text": streams(0, 0, 0).with("stdin", "0"), "a key missing": streams(0, 0, 0).without("stdin"),
			"another order": streams(0, 0, 0).swapped(1), "another key": streams(0, 0, 0).with("zz", 0)})},
		{text: "forwarded {received, sent} uint", files: summaries("forwarded", map[string]any{
			"null": nil, "negative": obj{"received", -1, "sent", 0}, "a key missing": obj{"received", 0}, "another order": obj{"sent", 0, "received", 0},
			"another key": obj{"received", 0, "sent", 0, "zz", 0}, "text": obj{"received", "0", "sent", 0}})},
		{text: "channels [{channelId, channelType, program, subsystem, exitStatus, exitSignal}]", files: channelLists()},
		{text: "at most 256", files: summaries("channels", map[string]any{"257": channelList(257)})},
		{text: "program cut to 1,024 bytes at a character", files: summaries("channels", map[string]any{
			"1,025": []any{channel().with("program", strings.Repeat("x", 1025))}, "too long by a character": []any{channel().with("program", strings.Repeat("é", 512)+"a")}})},
		{text: "channelsOmitted uint", files: summaries("channelsOmitted", map[string]any{"null": nil, "negative": -1, "text": "0"})},
		{text: "kinds [uint × 9]: messages of each kind, the summary not counted", files: summaries("kinds", map[string]any{
			"the summary counted": kinds(0, 1, 0, 0, 0, 0, 0, 3, 0), "one less": kinds(0, 0, 0, 0, 0, 0, 0, 2, 0), "8 of them": kinds(0, 1, 0, 0, 0, 0, 0, 2),
			"10 of them": kinds(0, 1, 0, 0, 0, 0, 0, 2, 0, 0), "null": nil, "a map": obj{}, "file more": kinds(0, 1, 0, 0, 0, 0, 0, 2, 1),
			"text": []any{0, "1", 0, 0, 0, 0, 0, 2, 0}, "none": []any{}})},
		{text: "gaps uint", files: summaries("gaps", map[string]any{"null": nil, "negative": -1, "text": "0"})},
		{text: "index [[offset, from]]", files: summaries("index", map[string]any{
			"null": nil, "none": []any{}, "offset more": point(41, start), "offset less": point(0, start), "from more": point(40, start+1),
			"from less": point(40, start-1), "three in a point": []any{[]any{40, start, 0}}, "one in a point": []any{[]any{40}},
			"one more": []any{[]any{40, start}, []any{140, start}}, "flat": []any{40, start}, "as a map": obj{"40", start}})},
		{text: "index: data blocks 0, step, 2·step … (the summary's included), step the least power of two", files: wrongSteps()},
	})
}

func streams(in, out, err int) obj { return obj{"stdin", in, "stdout", out, "stderr", err} }

func kinds(counts ...any) []any { return counts }

func point(offset int, from int64) []any { return []any{[]any{offset, from}} }

func notTextOrNull() map[string]any {
	return map[string]any{"int": 1, "bytes": []byte("a"), "array": []any{"a"}, "map": obj{}, "false": false}
}

func summaryMessage(change func(*message)) []byte {
	f := one(output(1, "abc"))
	f.summaryMessage = change
	return f.build().bytes
}

func noSummaries() map[string][]byte {
	files := map[string][]byte{}
	for name, f := range map[string]file{"one block": one(), "three": three(), "nothing after connect": {blocks: oneEach(connect())}} {
		f.noSummary = true
		files[name] = f.build().bytes
	}
	for i := range 3 {
		f := three()
		s := summaryFor(f)
		f.blocks[2].messages = append(f.blocks[2].messages, s, [...]message{output(1, "a"), disconnect(), gatewayStart()}[i].after(20))
		f.noSummary = true
		files[fmt.Sprintf("a message after it, %d", i)] = f.build().bytes
	}
	f := three()
	f.blocks[2].messages = append(f.blocks[2].messages, onConn(200, obj{"requestType", "summary@sshtrail"}).after(20))
	f.noSummary = true
	files["a peer's request of the name"] = f.build().bytes
	return files
}

func twoSummaries() map[string][]byte {
	files := map[string][]byte{}
	f := one()
	f.blocks[0].messages = append(f.blocks[0].messages, summaryFor(one()))
	files["in a block"] = f.build().bytes
	f.apart = true
	files["in two blocks"] = f.build().bytes
	f = one(output(1, "a"))
	f.blocks[0].messages = append([]message{connect(), summaryFor(file{blocks: oneEach(connect())})}, f.blocks[0].messages[1:]...)
	files["in the middle"] = f.build().bytes
	return files
}

func summaryKeys() map[string][]byte {
	files := map[string][]byte{}
	keys := summaryData(nil, nil)
	for i := 0; i < len(keys); i += 2 {
		key := keys[i].(string)
		files["no "+key] = withSummary(func(o obj) obj { return o.without(key) })
		files[key+" spelled otherwise"] = withSummary(func(o obj) obj { return renamed(o, key, key+"s") })
		if i+2 < len(keys) {
			files[key+" after the next"] = withSummary(func(o obj) obj { return o.swapped(i / 2) })
		}
	}
	files["one more at the end"] = withSummary(func(o obj) obj { return append(o, "zz", 1) })
	files["one more at the start"] = withSummary(func(o obj) obj { return append(obj{"zz", 1}, o...) })
	files["empty"] = withSummary(func(obj) obj { return obj{} })
	return files
}

func severalAndNull() map[string][]byte {
	files := map[string][]byte{}
	for _, key := range []string{"username", "remoteAddr", "auth", "target"} {
		f := severalConnections()
		f.summary = func(o obj) obj { return o.with(key, "x") }
		files[key] = f.build().bytes
		f.summary = func(o obj) obj { return o.with(key, "") }
		files[key+", empty"] = f.build().bytes
	}
	return files
}

func channel() obj {
	return obj{"channelId", 0, "channelType", "session", "program", nil, "subsystem", nil, "exitStatus", nil, "exitSignal", nil}
}

func channelList(n int) []any {
	list := []any{}
	for i := range n {
		list = append(list, channel().with("channelId", i))
	}
	return list
}

func channelLists() map[string][]byte {
	values := map[string]any{"null": nil, "a map": channel(), "ints": []any{1}, "empty maps": []any{obj{}}, "one more key": []any{channel().with("zz", 1)}}
	for i := range 6 {
		key := channel()[2*i].(string)
		values["no "+key] = []any{channel().without(key)}
		values[key+" is bytes"] = []any{channel().with(key, []byte("a"))}
		values[key+" is negative"] = []any{channel().with(key, -1)}
		if i < 5 {
			values[key+" after the next"] = []any{channel().swapped(i)}
		}
	}
	values["channelId null"] = []any{channel().with("channelId", nil)}
	values["channelType null"] = []any{channel().with("channelType", nil)}
	return summaries("channels", values)
}

// wrongSteps returns logs whose index has another step than the number of blocks gives.
func wrongSteps() map[string][]byte {
	files := map[string][]byte{}
	indexed := func(name string, n int, choose func(all []any) []any) {
		f := manyBlocks(n)
		b := f.build()
		all := []any{}
		for i := range n {
			offset := headerSize
			if i > 0 {
				offset = b.ends[i-1]
			}
			all = append(all, []any{offset, start + int64(i)})
		}
		f.summary = func(o obj) obj { return o.with("index", choose(all)) }
		files[name] = f.build().bytes
	}
	every := func(step int) func([]any) []any {
		return func(all []any) []any {
			points := []any{}
			for i := 0; i < len(all); i += step {
				points = append(points, all[i])
			}
			return points
		}
	}
	indexed("step 2 for 1,024", 1024, every(2))
	indexed("step 1 for 1,025", 1025, every(1))
	indexed("step 4 for 2,048", 2048, every(4))
	indexed("step 3 for 2,049", 2049, every(3))
	indexed("the last block is missing", 3, func(all []any) []any { return all[:2] })
	indexed("the first block is missing", 3, func(all []any) []any { return all[1:] })
	indexed("out of order", 3, func(all []any) []any { return []any{all[0], all[2], all[1]} })
	indexed("twice", 3, func(all []any) []any { return []any{all[0], all[1], all[1]} })
	return files
}

func TestSentencesAboutTheSummaryThatAllowIt(t *testing.T) {
	runSentences(t, []sentence{
		{"text or null", "complete", merged(map[string]map[string][]byte{
			"username": summaries("username", map[string]any{"text": "root", "U+FFFD": "\ufffd"}), "target": summaries("target", map[string]any{"text": "db1"})})},
		{"null where there is none; at most 256; program cut to 1,024 bytes", "complete", summaries("channels", map[string]any{
			"256":   channelList(256),
			"1,024": []any{channel().with("program", strings.Repeat("é", 512)).with("exitStatus", 1<<32-1).with("subsystem", "sftp").with("exitSignal", "KILL")}})},
		{"skipped, forwarded, channelsOmitted", "complete", merged(map[string]map[string][]byte{
			"": summaries("skipped", map[string]any{"large": streams(1<<40, 0, 7)}), "f": summaries("forwarded", map[string]any{"large": obj{"received", uint64(1<<64 - 1), "sent", 1}})})},
	})
}
