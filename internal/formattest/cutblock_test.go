package formattest_test

import (
	"bytes"
	"fmt"
	"testing"
)

// cut returns a log that ends n bytes after the head of its second block, whose messages are a, b and c at 10, 20
// and 30; n below 0 cuts the head. The content is stored, so that it is there byte for byte.
func cut(n int, change func(*block)) []byte {
	f := file{blocks: []block{{messages: []message{connect()}}, cutBlock()}, noEnd: true, noSummary: true}
	if change != nil {
		change(&f.blocks[1])
	}
	b := f.build()
	return b.bytes[:b.ends[0]+headSize+n]
}

func cutBlock() block {
	return block{messages: []message{output(0, "a").after(10), output(1, "b").after(20), output(2, "c").after(30)}, deflate: stored}
}

// shows returns how much of cut's content there must be to show n messages and more bytes.
func shows(n, more int) int {
	size := 5 + more
	for _, m := range cutBlock().messages[:n] {
		size += len(m.encode())
	}
	return size
}

// cutHead is cut with a change to the head.
func cutHead(n int, change func(*head)) []byte { return cut(n, func(b *block) { b.head = change }) }

// cutContent is cut with other content.
func cutContent(content string, n int) []byte {
	return cut(5+n, func(b *block) {
		b.content = func([]byte) []byte { return []byte(content) }
		b.head = func(h *head) { h.kinds, h.messages = 1<<9-1, 100 }
	})
}

func TestSentencesAboutTheCutBlock(t *testing.T) {
	all := shows(3, 5) // with the last block of compress/flate, which is empty
	runSentences(t, []sentence{
		{text: "In the cut block messages, kinds and to are at least what the part shows", files: map[string][]byte{
			"messages, 2 shown":               cutHead(shows(2, 0), func(h *head) { h.messages = 1 }),
			"messages, a third begun":         cutHead(shows(2, 3), func(h *head) { h.messages = 2 }),
			"kinds, the second's":             cutHead(shows(2, 0), func(h *head) { h.kinds &^= 2 }),
			"kinds, the first's":              cutHead(shows(1, 0), func(h *head) { h.kinds &^= 1 }),
			"to, the second's":                cutHead(shows(2, 0), func(h *head) { h.to = start + 19 }),
			"messages, all and deflate's end": cutHead(all, func(h *head) { h.messages++ }),
			"kinds, all and deflate's end":    cutHead(all, func(h *head) { h.kinds |= 8 }),
			"to, all and deflate's end":       cutHead(all, func(h *head) { h.to++ }),
		}},
		{"at least: more may come", "truncated", map[string][]byte{
			"messages": cutHead(shows(2, 3), func(h *head) { h.messages = 4 }), "kinds": cutHead(shows(2, 0), func(h *head) { h.kinds |= 256; h.messages++ }),
			"to": cutHead(shows(2, 0), func(h *head) { h.to = 1<<63 - 1 }), "size": cutHead(shows(2, 0), func(h *head) { h.size = 4<<20 + 64<<10 }),
			"messages, nothing shown": cutHead(0, func(h *head) { h.messages = 1000 })}},
		{text: "in the cut block each byte that is there fits (head)", files: cutHeads()},
		{text: "in the cut block each byte that is there fits (from)", files: map[string][]byte{
			"less than the first's": cutHead(shows(1, 0), func(h *head) { h.from-- }), "more": cutHead(shows(1, 0), func(h *head) { h.from++ })}},
		{text: "in the cut block each byte that is there fits (deflate, CRC, ISIZE, size)", files: cutStreams(all)},
		{text: "in the cut block each byte that is there fits (messages)", files: cutMessages()},
		{"each byte that is there fits: and may be half of something", "truncated", halves()},
		{text: "In a truncated log the last whole block has only its CRC", files: map[string][]byte{
			"CRC":   lastWhole(func(b *block) { b.whole = func(m []byte) []byte { m[len(m)-8] ^= 1; return m } }),
			"ISIZE": lastWhole(func(b *block) { b.whole = func(m []byte) []byte { m[len(m)-1] ^= 1; return m } })}},
		{text: "The last message is summary@sshtrail, no earlier one is (seen in a cut)", files: cutAroundSummary()},
	})
}

// lastWhole returns a log of whole blocks that ends without an end mark.
func lastWhole(change func(*block)) []byte {
	f := three()
	f.noEnd = true
	change(&f.blocks[2])
	return f.build().bytes
}

// cutHeads returns logs that end just after a field of the head that is wrong, or, where it ends in NULs, which
// count as not written, just after the next byte that is none.
func cutHeads() map[string][]byte {
	files := map[string][]byte{}
	add := func(name string, at int, change func(*head)) {
		files[name] = cutHead(at-headSize, change)
	}
	for i := range 16 {
		add(fmt.Sprintf("gzip byte %d", i), i+1, func(h *head) { h.gzip[i] ^= 0x20 })
	}
	add("version", 17, func(h *head) { h.version = 2 })
	add("flags", 18, func(h *head) { h.flags = 4 })
	add("flags of an end mark", 18, func(h *head) { h.flags = 1 })
	add("zero", 19, func(h *head) { h.zero = 1 })
	add("size too large", 24, func(h *head) { h.size = 4<<20 + 64<<10 + 1 })
	add("size 0", 25, func(h *head) { h.size = 0 })
	add("size smaller than a head", 25, func(h *head) { h.size = 95 })
	add("messages 0", 29, func(h *head) { h.messages = 0 })
	add("block, first byte", 29, func(h *head) { h.block = 2 })
	add("first, first byte", 33, func(h *head) { h.first = 2 })
	add("from before the last block's to", 48, func(h *head) { h.from = start - 1 })
	add("to before from", 56, func(h *head) { h.to = h.from - 1 })
	add("kinds none", 61, func(h *head) { h.kinds = 0 })
	add("kinds, more than messages", 61, func(h *head) { h.kinds = 15 })
	add("kinds unknown", 60, func(h *head) { h.kinds = 1 << 31 })
	add("kinds unknown, the first", 61, func(h *head) { h.kinds = 512 })
	add("back, first byte", 61, func(h *head) { h.back++ })
	add("previous, first byte", 65, func(h *head) { h.previous[0] ^= 1 })
	add("previous, last byte", 96, func(h *head) { h.previous[31] ^= 1 })
	f := file{blocks: []block{{messages: []message{connect()}, flags: flagRecovered}, cutBlock()}, noEnd: true, noSummary: true}
	b := f.build()
	files["flag 2 is gone"] = b.bytes[:b.ends[0]+21]
	b = file{}.build()
	files["an end mark after no block"] = b.bytes[:headerSize+18]
	return files
}

// cutStreams returns logs whose cut block goes wrong after its head.
func cutStreams(all int) map[string][]byte {
	whole := func(change func([]byte)) func(*block) {
		return func(b *block) { b.whole = func(m []byte) []byte { change(m); return m } }
	}
	return map[string][]byte{
		"block type 3":              cut(1, func(b *block) { b.stream = func(s []byte) []byte { s[0] = 7; return s } }),
		"stored length":             cut(5, func(b *block) { b.stream = func(s []byte) []byte { s[3] ^= 1; return s } }),
		"stored length, first byte": cut(4, func(b *block) { b.stream = func(s []byte) []byte { s[3] ^= 1; return s } }),
		"CRC":                       cut(all+4, whole(func(m []byte) { m[len(m)-8] ^= 1 })),
		"CRC, first byte":           cut(all+1, whole(func(m []byte) { m[len(m)-8] ^= 1 })),
		"ISIZE, first byte":         cut(all+5, whole(func(m []byte) { m[len(m)-4] ^= 1 })),
		"size more than deflate's":  cutHead(all, func(h *head) { h.size++ }),
		"size more, and all there":  cutHead(all+8, func(h *head) { h.size += 100 }),
		"content over 4 MiB":        contentOver(),
	}
}

// contentOver returns a log whose cut block shows good messages of more than 4 MiB.
func contentOver() []byte {
	return cut(5500, func(b *block) { // of about 6,100
		b.messages = []message{sized(2 << 20).after(10), sized(2 << 20).after(10), sized(2 << 20).after(10)}
		b.deflate = dynamic
	})
}

// cutMessages returns logs that end in a message that can't become a good one.
func cutMessages() map[string][]byte {
	good := output(0, "a").after(10)
	whole := string(good.encode())
	files := map[string][]byte{}
	for i := range len(whole) {
		// No message has the byte fc but in a length (15) or a time (59 to 66), up to the value of its type.
		if bad := whole[:i] + "\xfc"; i < 72 && i != 15 && (i < 59 || i > 66) {
			files[fmt.Sprintf("byte %d of a message", i)] = cutContent(bad+whole, len(bad))
		}
	}
	for name, fields := range map[string]obj{
		"connectionId too long": {"connectionId", raw("\x79\x01\x00")},
		"connectionId empty":    {"connectionId", ""},
		"timestamp negative":    {"connectionId", conn, "timestamp", raw("\x20")},
		"timestamp before":      {"connectionId", conn, "timestamp", start - 1},
		"type unknown":          {"connectionId", conn, "timestamp", start + 10, "type", 2},
		"type not known, begun": {"connectionId", conn, "timestamp", start + 10, "type", raw("\x1a")},
		"payload null for 500":  {"connectionId", conn, "timestamp", start + 10, "type", 500, "payload", nil},
		"payload empty for 500": {"connectionId", conn, "timestamp", start + 10, "type", 500, "payload", raw("\xa0")},
		"stream 3":              {"connectionId", conn, "timestamp", start + 10, "type", 500, "payload", raw("\xa2\x66stream\x03")},
		"data is text":          {"connectionId", conn, "timestamp", start + 10, "type", 500, "payload", raw("\xa2\x66stream\x00\x64data\x61")},
		"data over 2 MiB":       {"connectionId", conn, "timestamp", start + 10, "type", 500, "payload", raw("\xa2\x66stream\x00\x64data\x5a\x00\x20\x00\x01")},
		"array over 65,536":     {"connectionId", conn, "timestamp", start + 10, "type", 1, "payload", raw("\xa1\x62zz\x9a\x00\x01\x00\x01")},
		"17 deep":               {"connectionId", conn, "timestamp", start + 10, "type", 1, "payload", raw("\xa1\x62zz") + nested(15)},
		"text not UTF-8":        {"connectionId", conn, "timestamp", start + 10, "type", 1, "payload", raw("\xa1\x62zz\x69a\xffb")},
		"channelId for 1":       {"connectionId", conn, "timestamp", start + 10, "type", 1, "payload", nil, "channelId", 1},
	} {
		part := append([]byte{0xa5}, enc(fields)[1:]...)
		files[name] = cutContent(string(part)+whole, len(part))
	}
	return files
}

// halves returns logs that end in the middle of something good that the cuts of TestCuts do not have.
func halves() map[string][]byte {
	files := map[string][]byte{}
	program := "a\u00e9\u20ac\U0001f600"
	m := exec(program).after(10)
	text := bytes.Index(m.encode(), []byte(program))
	for i := range len(program) {
		files[fmt.Sprintf("text, %d bytes of it", i)] = cutContent(string(m.encode()), text+i)
	}
	long := sized(2 << 20).after(10)
	files["a long message's head"] = cutContent(string(long.encode()), 200)
	files["nothing of the content"] = cut(0, nil)
	files["stored length, half"] = cut(2, nil)
	files["whole messages, and no more"] = cut(shows(2, 0), nil)
	return files
}

// cutAroundSummary returns logs in which the summary's place is wrong already.
func cutAroundSummary() map[string][]byte {
	files := map[string][]byte{}
	f := three()
	s := summaryFor(f)
	f.noSummary, f.noEnd = true, true
	f.blocks[2].messages = append(f.blocks[2].messages, s)
	f.blocks = append(f.blocks, cutBlock())
	b := f.build()
	for _, n := range []int{21, 40, headSize, headSize + 20} {
		files[fmt.Sprintf("a data block after it, %d bytes", n)] = b.bytes[:b.ends[2]+n]
	}
	f = three()
	f.noSummary = true
	b = f.build()
	for _, n := range []int{18, 40, headSize, headSize + 1} {
		files[fmt.Sprintf("an end mark without it, %d bytes", n)] = b.bytes[:b.ends[2]+n]
	}
	f = three()
	f.noEnd = true
	f.summary = func(o obj) obj { return o.with("end", start) }
	files["it is wrong, no end mark"] = f.build().bytes
	right := three().build()
	for i := right.ends[2]; i < len(right.bytes); i++ {
		c := bytes.Clone(right.bytes[:i+1])
		c[i] ^= 0x80
		files[fmt.Sprintf("end mark, byte %d is another, and no more", i-right.ends[2])] = c
	}
	return files
}
