package files

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"io"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/event"
)

// form is a kind of hostile file.
type form struct {
	name   string
	status int // of verify, show and decode
	make   func(t testing.TB, n int) []byte
}

// forms are files that are small, and large or deep or many in what they hold. What they
// hold is in proportion to n.
func forms() []form {
	return append(foreignForms(), ownForms()...)
}

func foreignForms() []form {
	f := func(name string, status int, content func(n int) string) form {
		return form{"foreign " + name, status, func(t testing.TB, n int) []byte { return foreign(t, content(n)) }}
	}
	return []form{
		f("zeros", 4, func(n int) string { return repeated("\x00", n<<24) }),
		f("bytes of zeros without end", 4, func(n int) string {
			return "\xa2\x64type\x18\x4d\x67payload\x5b\x7f\xff\xff\xff\xff\xff\xff\xff" + repeated("\x00", n<<24)
		}),
		f("many messages of zeros", 0, func(n int) string {
			return repeated(message("\x5a\x00\x10\x00\x00"+repeated("\x00", 1<<20)), n<<4)
		}),
		f("messages without facts", 0, func(n int) string { return repeated("\xa1\x64type\x18\x4d", n*50_000) }),
		f("array of 2^63", 0, func(n int) string { return message("\x9b\x7f\xff\xff\xff\xff\xff\xff\xff" + repeated("\x01", n<<20)) }),
		f("array of 2^64-1 that does not end", 4, func(n int) string {
			return message("\x9b\xff\xff\xff\xff\xff\xff\xff\xff" + repeated("\x01", 1<<24) + repeated("\x00", n))
		}),
		f("map of 2^63", 0, func(n int) string {
			return message("\xbb\x7f\xff\xff\xff\xff\xff\xff\xff" + repeated("\x01\x02", n<<19))
		}),
		f("text of 2^63", 4, func(int) string { return message("\x7b\x7f\xff\xff\xff\xff\xff\xff\xff") }),
		f("text of 2^64-1", 4, func(int) string { return message("\x7b\xff\xff\xff\xff\xff\xff\xff\xff") }),
		f("arrays a million deep", 4, func(n int) string { return message(repeated("\x81", n*1_000_000)) }),
		f("endless arrays a million deep", 4, func(n int) string { return message(repeated("\x9f", n*1_000_000)) }),
		f("tags a million deep", 4, func(n int) string { return message(repeated("\xc0", n*1_000_000)) }),
		f("maps a million deep", 4, func(n int) string { return message(repeated("\xa1\x00", n*1_000_000)) }),
		f("keys a million deep", 4, func(n int) string { return message(repeated("\xa1", n*1_000_000)) }),
		f("endless text in tiny chunks", 0, func(n int) string { return message("\x7f" + repeated("\x61\x1b", n<<18) + "\xff") }),
		f("endless text in empty chunks", 4, func(n int) string { return message("\x7f" + repeated("\x60", n<<24) + "\xff") }),
		f("one key over and over", 0, func(n int) string {
			return message("\xbf" + repeated("\x61a\x01", n*100_000) + "\xff")
		}),
		f("long equal keys", 0, func(n int) string {
			return message("\xbf" + repeated("\x79\xff\xff"+repeated("k", 65535)+"\x01", n*40) + "\xff")
		}),
		f("deep maps in every key", 0, func(n int) string {
			return message("\xbf" + repeated(repeated("\xa1\x80", 27)+"\x80\x01", n*2000) + "\xff")
		}),
		f("a text of controls", 0, func(n int) string { return message("\x7a\x00" + size24(n<<21) + repeated("\x1b", n<<21)) }),
		f("a text of what is no UTF-8", 0, func(n int) string { return message("\x7a\x00" + size24(n<<20) + repeated("\xff", n<<20)) }),
		f("bytes that are large", 0, func(n int) string { return message("\x5a\x00" + size24(n<<21) + repeated("\xff", n<<21)) }),
		f("large ids", 0, func(n int) string {
			return repeated("\xa2\x6cconnectionId\x79\x40\x00"+repeated("\u202e", 1<<14/3)+"x"+"\x64type\x00", n*20)
		}),
	}
}

func size24(n int) string { return string([]byte{byte(n >> 16), byte(n >> 8), byte(n)}) }

// message is a message of ContainerSSH's, of a type that has no name.
func message(payload string) string { return "\xa2\x64type\x18\x4d\x67payload" + payload }

// foreign is a file of ContainerSSH's with this content.
func foreign(t testing.TB, content string) []byte {
	t.Helper()
	var out bytes.Buffer
	out.WriteString(header2)
	z := gzip.NewWriter(&out)
	if _, err := io.WriteString(z, content); err != nil {
		t.Fatal(err)
	}
	if err := z.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func ownForms() []form {
	return []form{
		{"empty members", 0, func(_ testing.TB, n int) []byte {
			const empty = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"
			return []byte(header2 + strings.Repeat(empty, n*100_000))
		}},
		{"members in members", 0, func(t testing.TB, n int) []byte {
			inner := []byte("\xa1\x64type\x00")
			for range 40 {
				inner = gzipped(t, inner, gzip.Header{OS: 255})
			}
			return append([]byte(header2), gzipped(t, []byte("\xa2\x64type\x00\x61x\x58"+string(rune(40))+string(inner[:40])), gzip.Header{OS: 255})...)
		}},
		{"member with a name", 4, func(t testing.TB, _ int) []byte {
			return append([]byte(header2), gzipped(t, []byte("\xa1\x64type\x00"), gzip.Header{Name: "../../etc/passwd", OS: 255})...)
		}},
		{"member with a comment", 4, func(t testing.TB, _ int) []byte {
			return append([]byte(header2), gzipped(t, []byte("\xa1\x64type\x00"), gzip.Header{Comment: "c", OS: 255})...)
		}},
		{"member with a field", 4, func(t testing.TB, _ int) []byte {
			return append([]byte(header2), gzipped(t, []byte("\xa1\x64type\x00"), gzip.Header{Extra: []byte("ST\x50\x00" + repeated("x", 80)), OS: 255})...)
		}},
		{"member with a CRC of its header", 4, func(testing.TB, int) []byte {
			return []byte(header2 + "\x1f\x8b\x08\x02\x00\x00\x00\x00\x00\xff\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00")
		}},
		{"version 1 without end", 0, func(t testing.TB, n int) []byte {
			log := foreign(t, "\x9f"+repeated("\xa1\x64type\x00", n*50_000))
			return append([]byte(header1), log[len(header1):]...)
		}},
		{"a block of zeros", 4, func(t testing.TB, n int) []byte { return forged(t, make([]byte, n<<24), 1) }},
		{"tiny messages", 0, tiny},
		{"tiny messages, cut", 3, func(t testing.TB, n int) []byte { log := tiny(t, n); return log[:len(log)-1] }},
		{"the largest messages", 0, func(t testing.TB, n int) []byte {
			m := newMaker(t)
			for range n * 4 {
				m.add(&event.IO{Stream: event.Stdout, Data: make([]byte, 2<<20-400)})
			}
			return m.end()
		}},
		{"the largest texts of controls", 0, func(t testing.TB, n int) []byte {
			m := newMaker(t)
			for range n * 2 {
				m.add(&event.Exec{Program: repeated("\x1b\u009b", (2<<20-400)/3)})
			}
			return m.end()
		}},
		{"a name in each message", 0, func(t testing.TB, n int) []byte {
			m := newMaker(t)
			for i := range n * 500 {
				m.add(&event.NewChannelSuccessful{ChannelType: repeated("\x1b]0;", 1000) + string(rune(i))})
			}
			return m.end()
		}},
		{"small blocks", 0, func(t testing.TB, n int) []byte {
			m := newMaker(t)
			for range n * 5000 {
				m.add(&event.Disconnect{})
				m.flush()
			}
			return m.end()
		}},
		{"a tail of NULs", 3, func(t testing.TB, n int) []byte {
			log := small(t)
			return append(log[:len(log)-110:len(log)-110], make([]byte, n<<24)...)
		}},
		{"NULs behind the end", 4, func(t testing.TB, n int) []byte { return append(small(t), make([]byte, n<<24)...) }},
		{"a header and NULs", 3, func(_ testing.TB, n int) []byte { return append([]byte(header2), make([]byte, n<<24)...) }},
		{"only NULs", 3, func(_ testing.TB, n int) []byte { return make([]byte, n<<24) }},
		{"other bytes", 1, func(_ testing.TB, n int) []byte { return bytes.Repeat([]byte{'x'}, n<<24) }},
	}
}

func gzipped(t testing.TB, b []byte, h gzip.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Header = h
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// forged is a log whose only block has this content and says that it is so many messages.
func forged(t testing.TB, content []byte, messages uint32) []byte {
	t.Helper()
	var data bytes.Buffer
	z, err := flate.NewWriter(&data, 9)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	log := small(t)[:len(header2)+96]
	binary.LittleEndian.PutUint32(log[len(header2)+20:], uint32(96+data.Len()+8))
	binary.LittleEndian.PutUint32(log[len(header2)+24:], messages)
	log = append(log, data.Bytes()...)
	log = binary.LittleEndian.AppendUint32(log, crc32.ChecksumIEEE(content))
	return binary.LittleEndian.AppendUint32(log, uint32(len(content)))
}
