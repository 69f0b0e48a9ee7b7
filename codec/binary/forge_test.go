package binary

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"strings"
	"testing"
)

// forge rebuilds a log whose members were changed by change: chain and end mark fit
// what the headers then say, so that only what was changed is wrong.
func forge(t *testing.T, log []byte, change func(number int, member []byte) []byte) []byte {
	t.Helper()
	out := append([]byte(nil), log[:len(fileHeader)]...)
	c := newChain()
	for at, n := len(fileHeader), 0; at < len(log); n++ {
		h := parseHead(log[at:])
		member := append([]byte(nil), log[at:at+int(h.size)]...)
		at += int(h.size)
		if h.flags == flagEnd {
			member = c.appendEnd(nil)
		}
		put(member, 44, 4, uint64(c.back))
		copy(member[len(gzipHead)+48:], c.previous[:])
		member = change(n, member)
		out = append(out, member...)
		h = parseHead(member)
		h.size = uint32(len(member))
		c.add(&h, sha256.Sum256(member))
	}
	return out
}

// put writes a little-endian number of size bytes into the 80 bytes of a header.
func put(member []byte, at, size int, v uint64) []byte {
	for i := range size {
		member[len(gzipHead)+at+i] = byte(v >> (8 * i))
	}
	return member
}

func get(member []byte, at int) uint64 { return binary.LittleEndian.Uint64(member[len(gzipHead)+at:]) }

// again returns a member with this deflate data and content, everything else right.
func again(member, data, content []byte) []byte {
	member = append(member[:blockHead:blockHead], data...)
	member = binary.LittleEndian.AppendUint32(member, crc32.ChecksumIEEE(content))
	member = binary.LittleEndian.AppendUint32(member, uint32(len(content)))
	return put(member, 4, 4, uint64(len(member)))
}

// stored returns the member with its content not compressed, and tail behind that.
func stored(t *testing.T, m []byte, content func([]byte) []byte, tail string) []byte {
	o := newBlocks()
	if err := o.open(m, MaxContent); err != nil {
		t.Fatal(err)
	}
	if content != nil {
		o.content = content(o.content)
	}
	n := len(o.content)
	data := append([]byte{1, byte(n), byte(n >> 8), ^byte(n), ^byte(n >> 8)}, o.content...)
	return again(m, append(data, tail...), o.content)
}

// forgedTests change block 1 of 2, the last one. In all else the log is right.
var forgedTests = []struct {
	name   string
	why    string // "" for a log that is whole
	change func(t *testing.T, m []byte) []byte
}{
	{"nothing", "", func(t *testing.T, m []byte) []byte { return m }},
	{"stored", "", func(t *testing.T, m []byte) []byte { return stored(t, m, nil, "") }},
	{"MTIME", "gzip header", func(t *testing.T, m []byte) []byte { m[4] = 1; return m }},
	{"XFL", "gzip header", func(t *testing.T, m []byte) []byte { m[8] = 2; return m }},
	{"OS", "gzip header", func(t *testing.T, m []byte) []byte { m[9] = 3; return m }},
	{"layout", "layout", func(t *testing.T, m []byte) []byte { return put(m, 0, 1, 2) }},
	{"flags", "flags", func(t *testing.T, m []byte) []byte { return put(m, 1, 1, 4) }},
	{"flags end and recovered", "flags", func(t *testing.T, m []byte) []byte { return put(m, 1, 1, 3) }},
	{"end mark too early", "no summary", func(t *testing.T, m []byte) []byte { return put(m, 1, 1, 1) }},
	{"recovered", "", func(t *testing.T, m []byte) []byte { return put(m, 1, 1, 2) }},
	{"reserved", "reserved", func(t *testing.T, m []byte) []byte { return put(m, 2, 2, 1) }},
	{"size too small", "deflate data is longer", func(t *testing.T, m []byte) []byte { return put(m, 4, 4, uint64(len(m)-1)) }},
	{"size too large", "bytes follow its deflate data", func(t *testing.T, m []byte) []byte { return put(m, 4, 4, uint64(len(m)+1)) }},
	{"size above the limit", "size", func(t *testing.T, m []byte) []byte { return put(m, 4, 4, maxMember+1) }},
	{"size below the limit", "size", func(t *testing.T, m []byte) []byte { return put(m, 4, 4, uint64(blockHead+trailer)) }},
	{"a message less", "bytes follow its last message", func(t *testing.T, m []byte) []byte { return put(m, 8, 4, get(m, 8)&0xffffffff-1) }},
	{"a message more", "not the block's last", func(t *testing.T, m []byte) []byte { return put(m, 8, 4, get(m, 8)&0xffffffff+1) }},
	{"no messages", "number of messages", func(t *testing.T, m []byte) []byte { return put(m, 8, 4, 0) }},
	{"more messages than can be", "number of messages", func(t *testing.T, m []byte) []byte { return put(m, 8, 4, uint64(MaxContent/minMessage+1)) }},
	{"number", "block number", func(t *testing.T, m []byte) []byte { return put(m, 12, 4, 2) }},
	{"first", "first message", func(t *testing.T, m []byte) []byte { return put(m, 16, 8, get(m, 16)+1) }},
	{"from too early", "timestamp", func(t *testing.T, m []byte) []byte { return put(m, 24, 8, get(m, 24)-1) }},
	{"from before the block before", "from", func(t *testing.T, m []byte) []byte { return put(m, 24, 8, 5) }},
	{"from after 2262", "from", func(t *testing.T, m []byte) []byte { return put(m, 24, 8, math.MaxUint64) }},
	{"to too late", "timestamp", func(t *testing.T, m []byte) []byte { return put(m, 32, 8, get(m, 32)+1) }},
	{"to too early", "timestamp", func(t *testing.T, m []byte) []byte { return put(m, 32, 8, get(m, 32)-1) }},
	{"to before from", "its to is", func(t *testing.T, m []byte) []byte { return put(m, 32, 8, get(m, 24)-1) }},
	{"a kind less", "kind 1", func(t *testing.T, m []byte) []byte { return put(m, 40, 4, get(m, 40)&0xffffffff&^2) }},
	{"a kind more", "kinds are", func(t *testing.T, m []byte) []byte { return put(m, 40, 4, get(m, 40)&0xffffffff|8) }},
	{"a kind that is none", "kinds is", func(t *testing.T, m []byte) []byte { return put(m, 40, 4, get(m, 40)&0xffffffff|1<<9) }},
	{"no kinds", "kinds is", func(t *testing.T, m []byte) []byte { return put(m, 40, 4, 0) }},
	{"back", "back", func(t *testing.T, m []byte) []byte { return put(m, 44, 4, get(m, 44)&0xffffffff+1) }},
	{"previous", "hash of the block before", func(t *testing.T, m []byte) []byte { return put(m, 60, 1, get(m, 60)+1) }},
	{"CRC", "CRC", func(t *testing.T, m []byte) []byte { m[len(m)-8]++; return m }},
	{"ISIZE", "CRC", func(t *testing.T, m []byte) []byte { m[len(m)-4]++; return m }},
	{"a byte behind the deflate data", "1 bytes follow", func(t *testing.T, m []byte) []byte { return stored(t, m, nil, "x") }},
	{"a NUL behind the deflate data", "1 bytes follow", func(t *testing.T, m []byte) []byte { return stored(t, m, nil, "\x00") }},
	{"an empty block behind the deflate data", "2 bytes follow", func(t *testing.T, m []byte) []byte { return stored(t, m, nil, "\x03\x00") }},
	{"bits hidden in a stored block", "bits that mean nothing", func(t *testing.T, m []byte) []byte {
		m = stored(t, m, nil, "")
		m[blockHead] |= 0x80
		return m
	}},
	{"content behind the messages", "bytes follow its last message", func(t *testing.T, m []byte) []byte {
		return stored(t, m, func(b []byte) []byte { return append(b, 0xf6) }, "")
	}},
	{"content that is cut", "content ends in message", func(t *testing.T, m []byte) []byte {
		return stored(t, m, func(b []byte) []byte { return b[:len(b)-1] }, "")
	}},
}

func TestForgedBlocks(t *testing.T) {
	log := sessionLog(t)
	for _, tt := range forgedTests {
		forged := forge(t, log, func(n int, m []byte) []byte {
			if n == 1 {
				return tt.change(t, m)
			}
			return m
		})
		v, err := verdictOf(t, forged)
		if good := v == Complete || v == Recovered; good != (tt.why == "") || !good && (v != Tampered || !strings.Contains(err.Error(), tt.why)) {
			t.Errorf("%s: %v (%v), want %q", tt.name, v, err, tt.why)
		}
	}
}

// TestForgedBlocksCut cuts forged blocks near their end, or where cut says. What is
// wrong is seen as soon as it is there.
func TestForgedBlocksCut(t *testing.T) {
	tests := []struct {
		name   string
		cut    int // from the start of the block, or if negative from its end
		want   Verdict
		change func(t *testing.T, m []byte) []byte
	}{
		{"nothing", -1, Truncated, func(t *testing.T, m []byte) []byte { return stored(t, m, nil, "") }},
		{"nothing, in the CRC", -7, Truncated, func(t *testing.T, m []byte) []byte { return stored(t, m, nil, "") }},
		{"CRC", -7, Tampered, func(t *testing.T, m []byte) []byte { m[len(m)-8]++; return m }},
		{"CRC that is not there", -8, Truncated, func(t *testing.T, m []byte) []byte { m[len(m)-8]++; return m }},
		{"ISIZE", -3, Tampered, func(t *testing.T, m []byte) []byte { m[len(m)-4]++; return m }},
		{"a size that is too large, behind the deflate data", -8, Tampered, func(t *testing.T, m []byte) []byte {
			m = stored(t, m, nil, "")
			return put(m, 4, 4, uint64(len(m)+5))
		}},
		{"a size that is too large, before its end", -12, Truncated, func(t *testing.T, m []byte) []byte { return put(m, 4, 4, uint64(len(m)+5)) }},
		{"a size that is too small, before its end", -12, Tampered, func(t *testing.T, m []byte) []byte { return put(m, 4, 4, uint64(len(m)-4)) }},
		{"a kind more, behind the messages", -8, Tampered, func(t *testing.T, m []byte) []byte { return put(m, 40, 4, get(m, 40)&0xffffffff|8) }},
		{"a kind more, in the messages", 200, Truncated, func(t *testing.T, m []byte) []byte { return put(m, 40, 4, get(m, 40)&0xffffffff|8) }},
		{"a kind less", 500, Tampered, func(t *testing.T, m []byte) []byte {
			return put(stored(t, m, nil, ""), 40, 4, get(m, 40)&0xffffffff&^2)
		}},
		{"a message less, in the messages", 400, Truncated, func(t *testing.T, m []byte) []byte {
			return put(stored(t, m, nil, ""), 8, 4, get(m, 8)&0xffffffff-1)
		}},
		{"two messages less", 900, Tampered, func(t *testing.T, m []byte) []byte {
			return put(stored(t, m, nil, ""), 8, 4, 3)
		}},
		{"more messages than fit", 300, Tampered, func(t *testing.T, m []byte) []byte {
			return put(stored(t, m, nil, ""), 8, 4, uint64(MaxContent/minMessage))
		}},
		{"as many messages as fit", 97, Truncated, func(t *testing.T, m []byte) []byte {
			return put(stored(t, m, nil, ""), 8, 4, uint64(MaxContent/minMessage))
		}},
		{"size, one byte of it", len(gzipHead) + 5, Truncated, func(t *testing.T, m []byte) []byte { return put(m, 4, 4, 1) }},
		{"size, four bytes of it, too large", len(gzipHead) + 8, Tampered, func(t *testing.T, m []byte) []byte { return put(m, 4, 4, 0x01000001) }},
		{"size, three bytes of it, too large", len(gzipHead) + 7, Tampered, func(t *testing.T, m []byte) []byte { return put(m, 4, 4, 0x500000) }},
		{"two kinds in one message", len(gzipHead) + 46, Tampered, func(t *testing.T, m []byte) []byte {
			return put(put(put(m, 8, 4, 1), 32, 8, get(m, 24)), 40, 4, 3)
		}},
		{"from and to of one message", len(gzipHead) + 40, Tampered, func(t *testing.T, m []byte) []byte { return put(m, 8, 4, 1) }},
		{"recovered", 90, Truncated, func(t *testing.T, m []byte) []byte { return put(m, 1, 1, 2) }},
		{"the end mark's flag", len(gzipHead) + 2, Tampered, func(t *testing.T, m []byte) []byte { return put(m, 1, 1, 1) }},
	}
	log := sessionLog(t)
	for _, tt := range tests {
		cut := 0
		forged := forge(t, log, func(n int, m []byte) []byte {
			if n == 1 {
				m = tt.change(t, m)
				if cut = tt.cut; cut < 0 {
					cut += len(m)
				}
			}
			return m
		})
		if v, err := verdictOf(t, forged[:534+cut]); v != tt.want {
			t.Errorf("%s: %v (%v), want %v", tt.name, v, err, tt.want)
		}
	}
}

// TestRawCut cuts within the bytes of a Raw key, which must become the text before it.
func TestRawCut(t *testing.T) {
	tests := []struct {
		text, part string // part: of the byte string, its head included
		want       Verdict
	}{
		{"l\uFFFD", "\x42", Truncated},
		{"l\uFFFD", "\x43", Tampered}, // two bytes give four
		{"l\uFFFD", "\x44", Tampered},
		{"l\uFFFD", "\x42l", Truncated},
		{"l\uFFFD", "\x42m", Tampered},
		{"\uFFFD\uFFFDA", "\x43\xe2\x82", Truncated},
		{"\uFFFDA", "\x42\xe2", Truncated},
		{"€\uFFFD", "\x44\xe2\x82", Truncated},
		{"€\uFFFD", "\x44\xe2\x83", Tampered},
		{"€\uFFFD", "\x44\xff", Tampered},
		{"€", "\x41", Tampered}, // nothing in it was replaced
	}
	for _, tt := range tests {
		msg := enc(message(403, M{"requestId", 1, "program", tt.text, "programRaw", R("")}))
		msg = msg[:strings.Index(msg, "programRaw")+len("programRaw")] + tt.part
		if v, err := verdictOf(t, cutLog(t, req, msg)); v != tt.want {
			t.Errorf("%q with bytes that begin %x: %v (%v), want %v", tt.text, tt.part, v, err, tt.want)
		}
	}
}

func TestForgedEndMark(t *testing.T) {
	log := sessionLog(t)
	for i := range endSize {
		forged := forge(t, log, func(n int, m []byte) []byte {
			if n == 2 {
				m[i] ^= 0x10
			}
			return m
		})
		if v, err := verdictOf(t, forged); v != Tampered {
			t.Errorf("byte %d of the end mark: %v (%v), want tampered", i, v, err)
		}
	}
}

func TestRecoveredThenNot(t *testing.T) {
	forged := forge(t, sessionLog(t), func(n int, m []byte) []byte {
		if n == 0 {
			put(m, 1, 1, flagRecovered)
		}
		return m
	})
	if v, err := verdictOf(t, forged); v != Tampered {
		t.Errorf("recovered, then not: %v (%v), want tampered", v, err)
	}
}

func TestFaultSaysWhere(t *testing.T) {
	forged := forge(t, sessionLog(t), func(n int, m []byte) []byte {
		if n == 1 {
			put(m, 16, 8, 99)
		}
		return m
	})
	_, err := verdictOf(t, forged)
	var fault *Fault
	if !errors.As(err, &fault) || fault.Block != 1 || fault.Message != 6 || fault.Offset <= 40 || !strings.Contains(fault.Why, "99 where 6 must be") {
		t.Errorf("fault = %+v, want block 1, message 6, and why", fault)
	}
}
