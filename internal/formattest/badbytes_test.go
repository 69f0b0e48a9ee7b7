package formattest_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// three is a log of three blocks, the summary in the last, that the files of §1 are made from.
func three() file {
	f := file{blocks: oneEach(connect(), output(1, "a").after(10), disconnect().after(20))}
	f.blocks[0].messages = append(f.blocks[0].messages, output(0, "b").after(5))
	return f
}

// each returns one file for each block of three, with the change made to that block alone.
func each(change func(*block)) map[string][]byte {
	files := map[string][]byte{}
	for i := range 3 {
		f := three()
		change(&f.blocks[i])
		files[fmt.Sprintf("block %d", i)] = f.build().bytes
	}
	return files
}

// eachHead is each, for changes to the header.
func eachHead(change func(*head)) map[string][]byte {
	return each(func(b *block) { b.head = change })
}

// withEnd returns three with a change in the end mark.
func withEnd(change func(*head)) []byte {
	f := three()
	f.end = change
	return f.build().bytes
}

// merged joins files, their names after a prefix.
func merged(groups map[string]map[string][]byte) map[string][]byte {
	all := map[string][]byte{}
	for prefix, files := range groups {
		for name, b := range files {
			all[prefix+", "+name] = b
		}
	}
	return all
}

func just(name string, b []byte) map[string][]byte { return map[string][]byte{name: b} }

func TestSentencesAboutTheHeader(t *testing.T) {
	header := func(change func([]byte)) []byte {
		h := fileHeader(2)
		change(h)
		f := three()
		f.header = h
		return f.build().bytes
	}
	magic := map[string][]byte{
		"other letters":     header(func(h []byte) { h[0] = 'c' }),
		"no NUL padding":    header(func(h []byte) { h[31] = 1 }),
		"padded with space": header(func(h []byte) { copy(h[21:], "           ") }),
		"text":              []byte("this is not a log at all, but a text that is longer than a header"),
		"a short text":      []byte("this"),
		"NULs after text":   append([]byte("this"), make([]byte, 60)...),
	}
	versions := map[string][]byte{
		"0": header(func(h []byte) { h[32] = 0 }), "3": header(func(h []byte) { h[32] = 3 }),
		"2^56+2": header(func(h []byte) { h[39] = 1 }), "big endian": header(func(h []byte) { h[32], h[39] = 0, 2 }),
		"3, cut": header(func(h []byte) { h[32] = 3 })[:33], "258, cut": header(func(h []byte) { h[33] = 1 })[:34],
	}
	runSentences(t, []sentence{
		{"the magic is another", "not a log", magic},
		{"the version is neither 1 nor 2", "not a log", versions},
	})
}

func TestSentencesAboutMembers(t *testing.T) {
	runSentences(t, []sentence{
		{text: "starts with these 16 bytes and no others", files: gzipStarts()},
		{text: "CM 8", files: eachHead(func(h *head) { h.gzip[2] = 7 })},
		{text: "one subfield ST of 80 bytes", files: subfields()},
		{text: "Nothing else is in a member", files: inMembers()},
		{text: "then the deflate data", files: merged(map[string]map[string][]byte{
			"block type 3":                     each(func(b *block) { b.deflate = func([]byte) []byte { return []byte{7, 0} } }),
			"no final block":                   each(func(b *block) { b.deflate = func([]byte) []byte { return emptyStored(3) } }),
			"stored length and its complement": each(func(b *block) { b.deflate = stored; b.stream = func(s []byte) []byte { s[3] ^= 1; return s } }),
		})},
		{text: "CRC", files: each(func(b *block) { b.whole = func(m []byte) []byte { m[len(m)-8] ^= 1; return m } })},
		{text: "and ISIZE of the content", files: each(func(b *block) { b.whole = func(m []byte) []byte { m[len(m)-4] ^= 1; return m } })},
		{text: "data blocks, one or more", files: just("none", file{}.build().bytes)},
		{text: "block 0 stands at offset 40", files: junkBefore()},
	})
}

// gzipStarts returns files in which one of the 16 bytes is another.
func gzipStarts() map[string][]byte {
	files := map[string][]byte{}
	for i := range 16 {
		for _, x := range []byte{1, 0x80} {
			for name, b := range eachHead(func(h *head) { h.gzip[i] ^= x }) {
				files[fmt.Sprintf("byte %d xor %#x, %s", i, x, name)] = b
			}
			files[fmt.Sprintf("byte %d xor %#x, end mark", i, x)] = withEnd(func(h *head) { h.gzip[i] ^= x })
		}
	}
	return files
}

// subfields returns files whose extra field has something after the 80 bytes; every gzip reader takes them.
func subfields() map[string][]byte {
	more := func(xlen byte, extra string) func(b *block) {
		return func(b *block) {
			b.head = func(h *head) { h.gzip[10] = xlen; h.size += uint32(len(extra)) }
			b.whole = func(m []byte) []byte {
				return append(append(append([]byte{}, m[:headSize]...), extra...), m[headSize:]...)
			}
		}
	}
	return merged(map[string]map[string][]byte{
		"a second subfield":       each(more(0x58, "XX\x00\x00")),
		"a byte after it":         each(more(0x55, "\x00")),
		"a file name (FNAME)":     each(func(b *block) { more(0x54, "n\x00")(b); flag(b, 8) }),
		"a comment (FCOMMENT)":    each(func(b *block) { more(0x54, "n\x00")(b); flag(b, 16) }),
		"other letters":           eachHead(func(h *head) { h.gzip[13] = 'U' }),
		"81 bytes said, 84 there": eachHead(func(h *head) { h.gzip[14] = 81 }),
	})
}

// flag sets a gzip flag beside what a block's header is changed to.
func flag(b *block, bit byte) {
	before := b.head
	b.head = func(h *head) { before(h); h.gzip[3] |= bit }
}

// inMembers returns files with bytes in a member that belong to nothing.
func inMembers() map[string][]byte {
	grow := func(n int, change func([]byte) []byte) map[string][]byte {
		return each(func(b *block) {
			b.head = func(h *head) { h.size += uint32(n) }
			b.whole = change
		})
	}
	return merged(map[string]map[string][]byte{
		"NUL after ISIZE":    grow(1, func(m []byte) []byte { return append(m, 0) }),
		"8 NULs after ISIZE": grow(8, func(m []byte) []byte { return append(m, make([]byte, 8)...) }),
		"an empty gzip member": grow(20, func(m []byte) []byte {
			return append(m, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
		}),
		"between data and CRC": grow(1, func(m []byte) []byte { return append(append(append([]byte{}, m[:len(m)-8]...), 0), m[len(m)-8:]...) }),
		"a second final block": each(func(b *block) { b.stream = func(s []byte) []byte { return append(s, 3, 0) } }),
		"the trailer twice":    grow(8, func(m []byte) []byte { return append(m, m[len(m)-8:]...) }),
	})
}

// junkBefore returns files with something between the header and block 0, and without the hash being wrong.
func junkBefore() map[string][]byte {
	files := map[string][]byte{}
	for _, junk := range []string{"\x00", "junk", strings.Repeat("\x00", 512), "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"} {
		b := three().build().bytes
		files[fmt.Sprintf("%.20q", junk)] = append(append(append([]byte{}, b[:headerSize]...), junk...), b[headerSize:]...)
	}
	return files
}

func TestSentencesAboutBlockHeaders(t *testing.T) {
	skewed := func(change func(*head)) map[string][]byte { return eachHead(change) }
	runSentences(t, []sentence{
		{text: "version: 1", files: merged(map[string]map[string][]byte{
			"0": skewed(func(h *head) { h.version = 0 }), "2": skewed(func(h *head) { h.version = 2 })})},
		{text: "flags: 1 end mark", files: merged(map[string]map[string][]byte{
			"set in a data block": skewed(func(h *head) { h.flags |= flagEnd })})},
		{text: "the other bits 0", files: otherFlags()},
		{text: "once a block has it, all later data blocks have, else tampered", files: recoveredOnce()},
		{text: "u16 0", files: merged(map[string]map[string][]byte{
			"1": skewed(func(h *head) { h.zero = 1 }), "0x100": skewed(func(h *head) { h.zero = 0x100 })})},
		{text: "size: of the whole member: where the next one starts", files: merged(map[string]map[string][]byte{
			"one less": skewed(func(h *head) { h.size-- }), "one more": skewed(func(h *head) { h.size++ }),
			"0": skewed(func(h *head) { h.size = 0 }), "96": skewed(func(h *head) { h.size = headSize }),
			"2^31": skewed(func(h *head) { h.size |= 1 << 31 })})},
		{text: "At most 4 MiB + 64 KiB", files: just("one byte more", largestMember(1).build().bytes)},
		{text: "messages: at least 1", files: noMessages()},
		{text: "messages (their number)", files: merged(map[string]map[string][]byte{
			"one less": skewed(func(h *head) { h.messages-- }), "one more": skewed(func(h *head) { h.messages++ }),
			"2^32-1": skewed(func(h *head) { h.messages = 1<<32 - 1 })})},
		{text: "block: number, from 0", files: merged(map[string]map[string][]byte{
			"one more": skewed(func(h *head) { h.block++ }), "one less": skewed(func(h *head) { h.block-- })})},
		{text: "first: number of the first message, from 0", files: merged(map[string]map[string][]byte{
			"one more": skewed(func(h *head) { h.first++ }), "one less": skewed(func(h *head) { h.first-- })})},
		{text: "from: timestamp of the first message", files: merged(map[string]map[string][]byte{
			"one more": skewed(func(h *head) { h.from++ }), "one less": skewed(func(h *head) { h.from-- }),
			"negative": skewed(func(h *head) { h.from = -1 })})},
		{text: "to: timestamp of the last one", files: merged(map[string]map[string][]byte{
			"one more": skewed(func(h *head) { h.to++ }), "one less": skewed(func(h *head) { h.to-- })})},
		{text: "kinds: exactly the union of its messages' kinds", files: wrongKinds()},
		{text: "back: size of the previous block, 0 in block 0", files: merged(map[string]map[string][]byte{
			"one more": skewed(func(h *head) { h.back++ }), "one less": skewed(func(h *head) { h.back-- })})},
		{text: "previous: SHA-256 of the previous block's bytes; of the 40-byte header in block 0", files: merged(map[string]map[string][]byte{
			"first byte": skewed(func(h *head) { h.previous[0] ^= 1 }), "last byte": skewed(func(h *head) { h.previous[31] ^= 0x80 }),
			"zero": skewed(func(h *head) { h.previous = [32]byte{} })})},
	})
}

func otherFlags() map[string][]byte {
	files := map[string][]byte{}
	for bit := 2; bit < 8; bit++ {
		for name, b := range eachHead(func(h *head) { h.flags |= 1 << bit }) {
			files[fmt.Sprintf("bit %d, %s", bit, name)] = b
		}
	}
	return files
}

func recoveredOnce() map[string][]byte {
	files := map[string][]byte{}
	for _, flags := range []string{"200", "020", "220", "202"} {
		f := three()
		for i := range f.blocks {
			f.blocks[i].flags = flags[i] - '0'
		}
		files["flags "+flags] = f.build().bytes
	}
	return files
}

// noMessages returns files with a block in which nothing is, all its numbers right.
func noMessages() map[string][]byte {
	files := map[string][]byte{}
	for i := range 3 {
		f := three()
		f.blocks = append(append(append([]block{}, f.blocks[:i]...), block{}), f.blocks[i:]...)
		files[fmt.Sprintf("before block %d", i)] = f.build().bytes
	}
	f := three()
	f.blocks[2].messages = append(f.blocks[2].messages, summaryFor(f))
	f.noSummary = true
	f.blocks = append(f.blocks, block{})
	files["after the summary"] = f.build().bytes
	return files
}

// summaryFor returns the summary that a file would get.
func summaryFor(f file) message {
	b := f.build()
	return b.messages[len(b.messages)-1]
}

func wrongKinds() map[string][]byte {
	files := map[string][]byte{}
	for bit := range 32 {
		for name, b := range eachHead(func(h *head) { h.kinds ^= 1 << bit }) {
			files[fmt.Sprintf("bit %d, %s", bit, name)] = b
		}
	}
	return files
}

func TestSentencesAboutTheEndMark(t *testing.T) {
	ends := func(changes map[string]func(*head)) map[string][]byte {
		files := map[string][]byte{}
		for name, change := range changes {
			files[name] = withEnd(change)
		}
		return files
	}
	right := three().build()
	runSentences(t, []sentence{
		{text: "flags exactly 1", files: ends(map[string]func(*head){
			"3": func(h *head) { h.flags = 3 }, "0": func(h *head) { h.flags = 0 }, "129": func(h *head) { h.flags = 129 }})},
		{text: "size 106", files: ends(map[string]func(*head){"105": func(h *head) { h.size-- }, "107": func(h *head) { h.size++ }})},
		{text: "messages 0", files: ends(map[string]func(*head){"1": func(h *head) { h.messages = 1 }})},
		{text: "block the number of data blocks", files: ends(map[string]func(*head){
			"one less": func(h *head) { h.block-- }, "one more": func(h *head) { h.block++ }})},
		{text: "first the number of messages", files: ends(map[string]func(*head){
			"one less": func(h *head) { h.first-- }, "one more": func(h *head) { h.first++ }})},
		{text: "from = to = the last data block's to", files: ends(map[string]func(*head){
			"from less": func(h *head) { h.from-- }, "to more": func(h *head) { h.to++ }, "both more": func(h *head) { h.from++; h.to++ }})},
		{text: "kinds the union of all", files: ends(map[string]func(*head){
			"one less": func(h *head) { h.kinds &^= 1 }, "one more": func(h *head) { h.kinds |= 4 }, "one that is none": func(h *head) { h.kinds |= 512 }})},
		{text: "back and previous of the last data block", files: ends(map[string]func(*head){
			"back": func(h *head) { h.back++ }, "previous": func(h *head) { h.previous[31] ^= 1 }})},
		{text: "then 03 00 and eight zero bytes", files: endTails(right.bytes)},
		{text: "any byte after the end mark", files: map[string][]byte{
			"NUL": append(bytes.Clone(right.bytes), 0), "4,096 NULs": append(bytes.Clone(right.bytes), make([]byte, 4096)...),
			"newline": append(bytes.Clone(right.bytes), '\n'), "the end mark again": append(bytes.Clone(right.bytes), right.bytes[len(right.bytes)-endSize:]...),
			"the file again": append(bytes.Clone(right.bytes), right.bytes...)}},
	})
}

// endTails returns files whose end mark ends in another way.
func endTails(right []byte) map[string][]byte {
	files := map[string][]byte{}
	for i := len(right) - 10; i < len(right); i++ {
		b := bytes.Clone(right)
		b[i] ^= 4
		files[fmt.Sprintf("byte %d", i-len(right)+endSize)] = b
	}
	b := append(bytes.Clone(right[:len(right)-10]), 1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0)
	files["an empty stored block"] = b
	longer := bytes.Clone(b)
	binary.LittleEndian.PutUint32(longer[len(b)-109+20:], 109)
	files["an empty stored block and its size"] = longer
	return files
}
