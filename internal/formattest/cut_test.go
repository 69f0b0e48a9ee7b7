package formattest_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// shapes returns small logs to cut and to flip bits in, and their verdicts.
func shapes() map[string]file {
	blocks := three()
	blocks.blocks[1].messages[0] = exec("a\ufffd").after(10).written(func(o obj) obj {
		return o.with("payload", obj{"requestId", 1, "program", "a\ufffd", "programRaw", []byte("a\xff")})
	})
	blocks.apart = true
	recovered := severalConnections()
	recovered.blocks[1].deflate, recovered.blocks[1].flags = stored, flagRecovered
	single := one(output(1, "hello\n"))
	single.blocks[0].deflate = fixed
	return map[string]file{"complete, one block": single, "complete, four blocks": blocks, "recovered, stored": recovered}
}

// TestCuts cuts logs after every byte. The decoder must show the messages of the whole blocks and no others.
func TestCuts(t *testing.T) {
	for name, f := range shapes() {
		b := f.build()
		verdict, _, _ := strings.Cut(name, ",")
		expect(t, name, b.bytes, verdict)
		for n := range b.bytes {
			got := expect(t, fmt.Sprintf("%s, cut to %d of %d", name, n, len(b.bytes)), b.bytes[:n], "truncated")
			want := 0
			for i, end := range b.ends {
				if n >= end {
					want = b.counts[i]
				}
			}
			if got.messages != want {
				t.Errorf("%s, cut to %d: %d messages, want the %d of whole blocks", name, n, got.messages, want)
			}
			if got.digest != "" {
				t.Errorf("%s, cut to %d: digest = %q, want none", name, n, got.digest)
			}
		}
	}
}

// TestFlips changes every bit of complete and recovered logs.
func TestFlips(t *testing.T) {
	for name, f := range shapes() {
		b := f.build().bytes
		for i := range 8 * len(b) {
			c := bytes.Clone(b)
			c[i/8] ^= 1 << (i % 8)
			want := "tampered"
			if i/8 < headerSize {
				want = "not a log"
			}
			expect(t, fmt.Sprintf("%s, bit %d of byte %d", name, i%8, i/8), c, want)
		}
	}
}

// TestFlipsOfCutLogs changes every bit of logs that a crash left: none of them may look whole, or foreign.
func TestFlipsOfCutLogs(t *testing.T) {
	for name, f := range shapes() {
		b := f.build()
		for _, n := range []int{b.ends[len(b.ends)-1], b.ends[0] - 5} {
			for i := range 8 * n {
				c := bytes.Clone(b.bytes[:n])
				c[i/8] ^= 1 << (i % 8)
				name := fmt.Sprintf("%s, cut to %d, bit %d of byte %d", name, n, i%8, i/8)
				switch got := read(t, name, c).verdict; {
				case i/8 < headerSize && got != "not a log", i/8 >= headerSize && got != "tampered" && got != "truncated":
					t.Errorf("%s: verdict = %q", name, got)
				}
			}
		}
	}
}

// TestTailsOfNULs is "A tail of NUL bytes counts as not written".
func TestTailsOfNULs(t *testing.T) {
	for name, f := range shapes() {
		b := f.build().bytes
		for n := headerSize; n < len(b)-9; n++ { // the end mark itself ends in nine
			for _, nuls := range []int{1, 4096} {
				c := append(bytes.Clone(b[:n]), make([]byte, nuls)...)
				expect(t, fmt.Sprintf("%s, cut to %d, then %d NULs", name, n, nuls), c, "truncated")
			}
		}
		for n := len(b) - 9; n < len(b); n++ {
			c := append(bytes.Clone(b[:n]), make([]byte, len(b)-n)...)
			if !bytes.Equal(b, c) {
				t.Fatal("an end mark does not end in nine NULs")
			}
			expect(t, fmt.Sprintf("%s, cut to %d, then 4,096 NULs", name, n), append(c, make([]byte, 4096)...), "tampered")
		}
	}
}

// TestTailsOfOtherBytes puts what no cut leaves after a cut, and after NULs.
func TestTailsOfOtherBytes(t *testing.T) {
	for name, f := range shapes() {
		b := f.build()
		for _, n := range append([]int{headerSize}, b.ends...) {
			for _, tail := range []string{"x", "\x00x", "\x1f\x8b\x08\x01", "\x1f\x8b\x08\x04\x01", strings.Repeat("\x00", 4096) + "\x01", "\x1f\x8c"} {
				c := append(bytes.Clone(b.bytes[:n]), tail...)
				expect(t, fmt.Sprintf("%s, cut to %d, then %.30q", name, n, tail), c, "tampered")
			}
		}
	}
}

// TestBeginnings is "A file of fewer than 40 bytes that begin a header, an empty one too, is truncated", and what
// a file of NULs is: none of its bytes counts as written, so it is an empty one.
func TestBeginnings(t *testing.T) {
	for n := range headerSize {
		for _, version := range []uint64{1, 2} {
			h := fileHeader(version)[:n]
			expect(t, fmt.Sprintf("%d bytes of version %d", n, version), h, "truncated")
		}
		expect(t, fmt.Sprintf("%d bytes and NULs", n), append(fileHeader(2)[:n:n], make([]byte, 100)...), "truncated")
		wrong := fileHeader(2)[:n+1]
		wrong[n] ^= 0x80
		expect(t, fmt.Sprintf("%d bytes and another one", n), wrong, "not a log")
	}
	start := append(fileHeader(2), 0x1f, 0x8b, 8)
	for n := 40; n <= 43; n++ {
		expect(t, fmt.Sprintf("%d bytes", n), start[:n], "truncated")
	}
	for _, tail := range []string{"\x1e", "\x1f\x8a", "\x1f\x8b\x07", "x"} {
		expect(t, fmt.Sprintf("40 bytes and %q", tail), append(fileHeader(2), tail...), "tampered")
	}
}
