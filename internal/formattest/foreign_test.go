package formattest_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
)

// foreignGzip is how ContainerSSH's members start: no flag, no time, OS 255.
const foreignGzip = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"

// A foreignFile is one of ContainerSSH's own: items one after the other, in version 1 in an array.
type foreignFile struct {
	version uint64
	items   []string // CBOR, of one message each if they are good
	noArray bool
	open    bool // version 1: without the ff that ends the array
	closed  bool // the gzip member, which ContainerSSH never does
	crc     uint32
	tail    string
}

// build returns the file, and where in it each item is flushed.
func (f foreignFile) build() (file []byte, flushed []int) {
	out := bytes.NewBuffer(append(fileHeader(f.version), foreignGzip...))
	crc, size := uint32(0), uint32(0)
	w, err := flate.NewWriter(out, flate.BestSpeed)
	add := func(s string) {
		if err == nil {
			_, err = w.Write([]byte(s))
		}
		if err == nil {
			err = w.Flush()
		}
		crc, size = crc32.Update(crc, crc32.IEEETable, []byte(s)), size+uint32(len(s))
	}
	if f.version == 1 && !f.noArray {
		add("\x9f")
	}
	for _, item := range f.items {
		add(item)
		flushed = append(flushed, out.Len())
	}
	if f.version == 1 && !f.noArray && !f.open {
		add("\xff")
	}
	if f.closed && err == nil {
		err = w.Close()
		out.Write(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, crc^f.crc), size))
	}
	if err != nil {
		panic("formattest: " + err.Error())
	}
	return append(out.Bytes(), f.tail...), flushed
}

// theirs returns files of both versions with these items between two good ones.
func theirs(items ...string) map[string][]byte {
	files := map[string][]byte{}
	all := append(append([]string{string(connect().encode())}, items...), string(disconnect().encode()))
	for _, version := range []uint64{1, 2} {
		files[fmt.Sprintf("version %d", version)], _ = foreignFile{version: version, items: all}.build()
	}
	return files
}

// theirMessage returns a message of ContainerSSH's with a payload of our choice.
func theirMessage(typ int, payload any) string {
	m := onConn(typ, payload)
	if typ >= 300 {
		m.channel = 0
	}
	return string(m.encode())
}

func usual() []string {
	return []string{string(connect().encode()), theirMessage(403, obj{"requestId", 1, "program", "ls"}),
		theirMessage(500, obj{"stream", 1, "data", []byte("x\n")}), string(disconnect().encode())}
}

// cutForeign returns the verdict for a good file of theirs that is cut to n bytes, 44 or more. The gzip header
// has six NULs there, and a tail of NULs counts as not written: until the next byte, the file may be one of ours.
func cutForeign(version uint64, n int) string {
	if version == 2 && n < headerSize+10 {
		return "truncated"
	}
	return "foreign"
}

func TestForeignFiles(t *testing.T) {
	for _, f := range []foreignFile{{version: 1}, {version: 2}, {version: 2, closed: true}, {version: 1, closed: true}, {version: 1, open: true}, {version: 1, open: true, closed: true}} {
		f.items = usual()
		b, flushed := f.build()
		name := fmt.Sprintf("version %d, open %v, closed %v", f.version, f.open, f.closed)
		for n := headerSize + 4; n <= len(b); n++ {
			got := expect(t, fmt.Sprintf("%s, cut to %d of %d", name, n, len(b)), b[:n], cutForeign(f.version, n))
			want := 0
			for _, at := range flushed {
				if n >= at {
					want++
				}
			}
			if got.messages < want {
				t.Errorf("%s, cut to %d: %d messages, want the %d that are flushed there", name, n, got.messages, want)
			}
		}
		if got := read(t, name, b); got.messages != len(f.items) {
			t.Errorf("%s: %d messages, want %d", name, got.messages, len(f.items))
		}
	}
}

// TestForeignTailsOfNULs is "what follows the last whole message, NULs too, is passed over in silence": they must
// neither spoil the file nor be read as compressed data, which would invent messages. Of each file, the first cut
// that goes wrong with each verdict is told.
func TestForeignTailsOfNULs(t *testing.T) {
	for _, version := range []uint64{1, 2} {
		b, flushed := foreignFile{version: version, items: usual()}.build()
		wrong := map[string]int{}
		for n := headerSize + 4; n <= flushed[len(flushed)-1]; n++ {
			want := read(t, "without NULs", b[:n])
			for _, nuls := range []int{1, 8, 4096} {
				got := read(t, "with NULs", append(bytes.Clone(b[:n]), make([]byte, nuls)...))
				if got.verdict == want.verdict && slices.Equal(got.json, want.json) {
					continue
				}
				if wrong[got.verdict]++; wrong[got.verdict] == 1 {
					t.Errorf("version %d, cut to %d of %d, and %d NULs: verdict = %q (%v), messages\n%s\nwant %q,\n%s", version, n, len(b), nuls,
						got.verdict, got.err, strings.Join(got.json, "\n"), want.verdict, strings.Join(want.json, "\n"))
				}
			}
		}
		if len(wrong) > 0 {
			t.Errorf("version %d: files that are wrong, by verdict: %v", version, wrong)
		}
	}
}

func TestForeignFilesThatAreGood(t *testing.T) {
	two, _ := foreignFile{version: 2, items: usual(), closed: true}.build()
	runSentences(t, []sentence{
		{"a closed member and another with FLG 0", "foreign", map[string][]byte{"two members": append(bytes.Clone(two), two[headerSize:]...)}},
		{"no member has an extra field", "foreign", map[string][]byte{"ours without them": withoutExtra(three())}},
		{"Any well-formed CBOR", "foreign", merged(map[string]map[string][]byte{
			"indefinite map":   theirs("\xbf" + string(disconnect().encode()[1:]) + "\xff"),
			"indefinite text":  theirs(theirMessage(403, obj{"requestId", 1, "program", raw("\x7f\x62ls\x61 \xff")})),
			"indefinite bytes": theirs(theirMessage(500, obj{"stream", 1, "data", raw("\x5f\x41a\x41b\xff")})),
			"indefinite array": theirs(theirMessage(109, obj{"username", "", "answers", raw("\x9f\xff")})),
			"long integers":    theirs(theirMessage(500, obj{"stream", raw("\x1b\x00\x00\x00\x00\x00\x00\x00\x01"), "data", []byte{}})),
			"other order":      theirs(theirMessage(403, obj{"program", "ls", "requestId", 1})),
			"unknown values":   theirs(theirMessage(1, obj{"a", raw("\xf9\x3c\x00"), "b", raw("\xc1\x00"), "c", raw("\xf7"), "d", raw("\xf8\xff"), "e", raw("\x3b\xff\xff\xff\xff\xff\xff\xff\xff")})),
			"keys of any type": theirs(string(enc(append(disconnect().fields(), 1, 2, []byte("a"), 3, nil, 4, []any{}, 5)))),
		})},
		{"nesting up to 32", "foreign", merged(map[string]map[string][]byte{
			"arrays": just("version 2", theirs(theirMessage(1, obj{"a", nested(30)}))["version 2"]), "maps": just("version 2", theirs(theirMessage(1, obj{"a", nestedMaps(30)}))["version 2"])})},
		{"the first of two equal keys", "foreign", merged(map[string]map[string][]byte{
			"payload": theirs(theirMessage(403, obj{"requestId", 1, "program", "first", "program", "second"})),
			"message": theirs(string(enc(append(disconnect().fields(), "type", 0))))})},
		{"null may stand for empty bytes and arrays", "foreign", merged(map[string]map[string][]byte{
			"data": theirs(theirMessage(500, obj{"stream", 1, "data", nil})), "answers": theirs(theirMessage(109, obj{"username", "", "answers", nil})),
			"modelist": theirs(theirMessage(404, obj{"requestId", 0, "term", "", "columns", 0, "rows", 0, "width", 0, "height", 0, "modelist", nil}))})},
		{"unknown types are shown", "foreign", merged(map[string]map[string][]byte{
			"2": theirs(theirMessage(2, obj{"a", 1})), "599": theirs(theirMessage(599, nil)), "1<<40": theirs(theirMessage(1<<40, obj{}))})},
		{"bad UTF-8 is shown", "foreign", theirs(theirMessage(403, obj{"requestId", 1, "program", "a\xff"}))},
		{"times may decrease", "foreign", theirs(string(disconnect().after(-5).encode()))},
		{"Any well-formed CBOR: but a map and its type, nothing is asked for", "foreign", odd()},
		{"up to 16 MiB", "foreign", theirs(string(sized(16 << 20).encode()))},
	})
}

func TestSentencesAboutForeignFiles(t *testing.T) {
	good, _ := foreignFile{version: 2, items: usual(), closed: true}.build()
	runSentences(t, []sentence{
		{text: "FLG is 0 in all: any other flag is not ContainerSSH's and is tampered", files: foreignFlags(good)},
		{text: "any FEXTRA in any member makes it ours", files: map[string][]byte{
			"the first": replaced(good, headerSize+3, 4), "the second": append(bytes.Clone(good), replaced(good, headerSize+3, 4)[headerSize:]...),
			"one of ours after": append(bytes.Clone(good), one().build().bytes[headerSize:]...),
			"theirs after ours": append(one().build().bytes, good[headerSize:]...),
		}},
		{text: "A deflate error", files: merged(map[string]map[string][]byte{"": {
			"block type 3": append(append(fileHeader(2), foreignGzip...), 7), "version 1": append(append(fileHeader(1), foreignGzip...), 7),
			"after messages":    withTail(foreignFile{version: 2, items: usual(), tail: "\x07"}),
			"after messages, 1": withTail(foreignFile{version: 1, items: usual(), open: true, tail: "\x07"}),
			"a stored length":   withTail(foreignFile{version: 2, items: usual(), tail: "\x00\x01\x00\x01\x01"})}})},
		{text: "a wrong CRC of a closed member", files: map[string][]byte{
			"version 1": withTail(foreignFile{version: 1, items: usual(), closed: true, crc: 1}), "version 2": withTail(foreignFile{version: 2, items: usual(), closed: true, crc: 1 << 31}),
			"ISIZE": replaced(good, len(good)-1, 1)}},
		{text: "what follows a closed member and is not another with FLG 0", files: map[string][]byte{
			"text": append(bytes.Clone(good), "text"...), "half a magic and more": append(bytes.Clone(good), "\x1f\x8bx"...),
			"a header": append(bytes.Clone(good), fileHeader(2)...), "method 7": append(bytes.Clone(good), "\x1f\x8b\x07\x00\x00\x00\x00\x00\x00\xff\x03\x00"...)}},
		{text: "CBOR that is not well formed (other than cut at the end)", files: merged(map[string]map[string][]byte{
			"break":               theirs("\xff\xff"),
			"reserved":            theirs("\x1c"),
			"reserved, in a map":  theirs(theirMessage(1, obj{"a", raw("\xfc")})),
			"break in a map":      theirs(theirMessage(1, obj{"a", raw("\xff")})),
			"simple below 32":     theirs(theirMessage(1, obj{"a", raw("\xf8\x1f")})),
			"text of bytes":       theirs(theirMessage(1, obj{"a", raw("\x7f\x41a\xff")})),
			"text in text":        theirs(theirMessage(1, obj{"a", raw("\x7f\x7f\xff\xff")})),
			"indefinite integer":  theirs(theirMessage(1, obj{"a", raw("\x1f")})),
			"indefinite tag":      theirs(theirMessage(1, obj{"a", raw("\xdf\x00")})),
			"odd indefinite map":  theirs(theirMessage(1, obj{"a", raw("\xbf\x01\xff")})),
			"33 deep":             just("version 2", theirs(theirMessage(1, obj{"a", nested(31)}))["version 2"]),
			"33 deep, maps":       just("version 2", theirs(theirMessage(1, obj{"a", nestedMaps(31)}))["version 2"]),
			"100,000 deep":        theirs(theirMessage(1, obj{"a", nested(100000)})),
			"100,000 deep, begun": theirs(strings.Repeat("\x9f", 100000)),
		})},
		{text: "an item that is no map", files: merged(map[string]map[string][]byte{
			"null": theirs("\xf6"), "int": theirs("\x00"), "text": theirs("\x61a"), "array": theirs("\x80"), "tagged map": theirs("\xd9\xd9\xf7" + string(disconnect().encode()))})},
		{text: "or has no integer type", files: merged(map[string]map[string][]byte{
			"none": theirs("\xa0"), "text": theirs(string(enc(disconnect().fields().with("type", "1")))), "null": theirs(string(enc(disconnect().fields().with("type", nil)))),
			"float": theirs(string(enc(disconnect().fields().with("type", raw("\xf9\x3c\x00"))))), "another name": theirs(string(enc(renamed(disconnect().fields(), "type", "typ"))))})},
		{text: "one over 16 MiB", files: theirs(string(sized(16<<20 + 1).encode()))},
		{text: "anything after the end of version 1's array", files: map[string][]byte{
			"a message": afterArray(string(disconnect().encode())), "another array": afterArray("\x9f\xff"), "a break": afterArray("\xff"), "half a message": afterArray("\xa5"), "a NUL": afterArray("\x00"),
			"a second member": append(withTail(foreignFile{version: 1, items: usual(), closed: true}), foreignGzip+"\x01\x01\x00\xfe\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00"...)}},
		{text: "version 1: one CBOR array of indefinite length", files: map[string][]byte{
			"no array": withTail(foreignFile{version: 1, items: usual(), noArray: true}), "definite": withTail(foreignFile{version: 1, items: append([]string{"\x84"}, usual()...), noArray: true}),
			"a map": withTail(foreignFile{version: 1, items: []string{"\xbf"}, noArray: true})}},
	})
}

// odd returns files with messages whose fields are missing or of types that ContainerSSH does not write.
func odd() map[string][]byte {
	files := map[string]map[string][]byte{
		"a type alone": theirs(string(enc(obj{"type", 500}))), "a type that is negative": theirs(string(enc(obj{"type", -1 << 63}))),
		"a type of 2^64-1": theirs(string(enc(obj{"type", uint64(1<<64 - 1)}))),
		"another key":      theirs(string(enc(append(disconnect().fields(), "more", "\x1b]0;x\x07")))),
	}
	for i, v := range []any{nil, -1, uint64(1<<64 - 1), "text \x1b[2J\u0085\u2028", "\xff\xfe", []byte{0xff}, []any{obj{}}, obj{"a\xff", 1, 2, 3}, true, raw("\xf9\x7e\x00"), raw("\xf7"), raw("\xc1\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00")} {
		for _, key := range []string{"connectionId", "timestamp", "payload", "channelId"} {
			files[fmt.Sprintf("%s, value %d", key, i)] = theirs(string(enc(output(1, "a").fields().with(key, v))))
		}
		for _, key := range []string{"stream", "data"} {
			files[fmt.Sprintf("%s, value %d", key, i)] = theirs(theirMessage(500, obj{"stream", 1, "data", []byte("a")}.with(key, v)))
		}
		for _, key := range []string{"requestType", "data"} {
			files[fmt.Sprintf("extension's %s, value %d", key, i)] = theirs(theirMessage(200, obj{"requestType", "gap@sshtrail", "data", obj{}}.with(key, v)))
		}
		files[fmt.Sprintf("answers, value %d", i)] = theirs(theirMessage(109, obj{"username", v, "answers", []any{v, obj{"question", v}}}))
	}
	return merged(files)
}

// withoutExtra returns our log with the extra field, and its flag, taken out of every member.
func withoutExtra(f file) []byte {
	b := f.build()
	out := bytes.Clone(b.bytes[:headerSize])
	at := headerSize
	for _, end := range append(b.ends, len(b.bytes)) {
		out = append(append(out, foreignGzip...), b.bytes[at+headSize:end]...)
		at = end
	}
	return out
}

func withTail(f foreignFile) []byte {
	b, _ := f.build()
	return b
}

// afterArray returns a file of version 1 with more content behind the array.
func afterArray(more string) []byte {
	return withTail(foreignFile{version: 1, items: append(append([]string{"\x9f"}, usual()...), "\xff"+more), noArray: true})
}

func replaced(b []byte, at int, c byte) []byte {
	b = bytes.Clone(b)
	b[at] = c
	return b
}

func foreignFlags(good []byte) map[string][]byte {
	files := map[string][]byte{}
	for _, bit := range []int{0, 1, 3, 4, 5, 6, 7} {
		bad := replaced(good, headerSize+3, 1<<bit)
		files[fmt.Sprintf("bit %d", bit)] = bad
		files[fmt.Sprintf("bit %d, in the second member", bit)] = append(bytes.Clone(good), bad[headerSize:]...)
		files[fmt.Sprintf("bit %d, cut", bit)] = bad[:headerSize+4]
		b := append(fileHeader(1), bad[headerSize:]...)
		files[fmt.Sprintf("bit %d, version 1", bit)] = b
	}
	return files
}
