package formattest_test

import (
	"fmt"
	"strings"
	"testing"
)

// one returns a log with one block: connect, the messages, disconnect, summary.
func one(messages ...message) file {
	all := append([]message{connect()}, messages...)
	return file{blocks: []block{{messages: append(all, disconnect())}}}
}

// logs returns right logs of many shapes.
func logs() map[string]file {
	all := map[string]file{
		"minimal":                       {blocks: []block{{messages: []message{connect()}}}},
		"no message but a gateway's":    {blocks: []block{{messages: []message{gatewayStart()}}}},
		"one block":                     one(output(1, "hello\n")),
		"summary in a block of its own": {blocks: one().blocks, apart: true},
		"a message a block":             {blocks: oneEach(connect(), output(0, "a"), output(1, "b"), output(2, "c"), disconnect())},
		"times grow":                    {blocks: oneEach(connect(), output(0, "a").after(1), output(1, "b").after(1), disconnect().after(1<<40))},
		"the summary is later":          {blocks: one().blocks, summaryMessage: func(m *message) { m.at += 5 }},
		"several connections":           severalConnections(),
		"several channels":              severalChannels(7),
		"300 channels":                  severalChannels(300),
		"channel 2^64-1":                one(message{conn: conn, at: start, typ: 405, payload: obj{"requestId", 0}, channel: uint64(1<<64 - 1)}),
		"time 0":                        {blocks: []block{{messages: []message{{conn: conn, typ: 1}}}}},
		"time 2^63-1":                   {blocks: []block{{messages: []message{{conn: conn, typ: 1, at: 1<<63 - 1}}}}},
		"a connectionId of 255 bytes":   {blocks: []block{{messages: []message{{conn: strings.Repeat("~", 255), at: start, typ: 1}}}}},
		"a connectionId of 1 byte":      {blocks: []block{{messages: []message{{conn: "!", at: start, typ: 1}}}}},
		"1,024 blocks":                  manyBlocks(1024),
		"1,025 blocks":                  manyBlocks(1025),
		"2,049 blocks":                  manyBlocks(2049),
		"a message of 2 MiB":            one(sized(2 << 20)),
		"content of 4 MiB":              {blocks: []block{{messages: []message{sized(2 << 20), sized(2 << 20)}, deflate: stored}}, apart: true},
		"a member of 4 MiB + 64 KiB":    largestMember(0),
	}
	for name, deflate := range map[string]func([]byte) []byte{"stored": stored, "fixed": fixed, "dynamic": dynamic, "flushed": flushed} {
		f := one(output(1, strings.Repeat("the same line\r\n", 500)), output(1, "\x00\xff\x80"))
		f.blocks[0].deflate = deflate
		all["deflate, "+name] = f
	}
	return all
}

func gatewayStart() message {
	m := extension("gateway-start", obj{"version", "1", "config", strings.Repeat("0f", 32)})
	m.conn = "gateway"
	return m
}

// oneEach returns blocks of one message.
func oneEach(messages ...message) []block {
	var blocks []block
	for _, m := range messages {
		blocks = append(blocks, block{messages: []message{m}})
	}
	return blocks
}

func severalConnections() file {
	f := file{blocks: []block{{messages: []message{gatewayStart()}}, {}}}
	for i := range 5 {
		for _, m := range []message{connect(), disconnect()} {
			m.conn = fmt.Sprintf("%s%d", conn[:31], i)
			f.blocks[1].messages = append(f.blocks[1].messages, m)
		}
	}
	return f
}

func severalChannels(n int) file {
	var messages []message
	for i := range n {
		messages = append(messages, onChannel(300, i, obj{"channelType", "session"}), onChannel(301, i, obj{"channelType", "session"}))
	}
	for i := range n {
		messages = append(messages, onChannel(497, i, obj{"by", "client", "received", 0, "sent", 0}))
	}
	return one(messages...)
}

func manyBlocks(n int) file {
	var messages []message
	for i := range int64(n) {
		messages = append(messages, output(1, "x").after(i))
	}
	return file{blocks: oneEach(messages...)}
}

// sized returns a message whose CBOR has n bytes, n above 70,000.
func sized(n int) message {
	data := 1 << 16 // where the length's own head has all of its five bytes
	return output(1, strings.Repeat("x", data+n-len(output(1, strings.Repeat("x", data)).encode())))
}

// largestMember returns a log with a member of 4 MiB + 64 KiB and some bytes more, most of them stored blocks
// without content.
func largestMember(more int) file {
	const limit = 4<<20 + 64<<10
	for n := 1; ; n++ {
		f := one(output(1, strings.Repeat("x", n)))
		f.blocks[0].deflate = func(content []byte) []byte {
			last := stored(content)
			return append(emptyStored((limit+more-headSize-8-len(last))/5), last...)
		}
		if len(f.build().bytes) == headerSize+limit+more+endSize {
			return f
		}
	}
}

func TestLogsAreAsThePageHasThem(t *testing.T) {
	for name, f := range logs() {
		b := f.build()
		if p, err := parse(b.bytes); err != nil {
			t.Errorf("%s: the log of this test is wrong: %v", name, err)
		} else if p.digest != b.digest {
			t.Errorf("%s: digest = %s, want %s", name, p.digest, b.digest)
		}
		got := expect(t, name, b.bytes, "complete")
		if got.digest != b.digest {
			t.Errorf("%s: digest = %q, want %q", name, got.digest, b.digest)
		}
		if got.messages != len(b.messages) {
			t.Errorf("%s: %d messages, want %d", name, got.messages, len(b.messages))
		}
	}
}
