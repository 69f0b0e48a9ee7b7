package inflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	fast "github.com/klauspost/compress/flate"
)

// contents are texts of different nature and size.
func contents() map[string][]byte {
	random, source := make([]byte, 70_000), rand.New(rand.NewPCG(1, 2))
	for i := range random {
		random[i] = byte(source.Uint32())
	}
	var text bytes.Buffer
	for i := range 900 {
		fmt.Fprintf(&text, "Nov 22 12:%02d:%02d host sshd[%d]: line %x\n", i/60%60, i%60, i*7%999, i*i)
	}
	return map[string][]byte{
		"empty": {}, "one": {'x'}, "zeros": make([]byte, 100_000), "random": random, "text": text.Bytes(),
		"short": []byte("hello, hello, hello"), "mixed": append(text.Bytes()[:3000:3000], random[:3000]...),
	}
}

// compressed calls f with contents in many spellings.
func compressed(t *testing.T, f func(t *testing.T, plain, data []byte)) {
	for name, plain := range contents() {
		for _, level := range []int{-2, 0, 1, 2, 5, 6, 9} {
			t.Run(fmt.Sprintf("%s/%d", name, level), func(t *testing.T) {
				var a, b bytes.Buffer
				w, err := flate.NewWriter(&a, level)
				if err != nil {
					t.Fatal(err)
				}
				v, err := fast.NewWriter(&b, level)
				if err != nil {
					t.Fatal(err)
				}
				for part := range bytes.SplitSeq(plain, []byte("7: line")) { // some flushes
					w.Write(part)
					v.Write(part)
					if len(plain) < 10_000 {
						w.Flush()
						v.Flush()
					}
				}
				w.Close()
				v.Close()
				plain := bytes.ReplaceAll(plain, []byte("7: line"), nil)
				f(t, plain, a.Bytes())
				f(t, plain, b.Bytes())
			})
		}
	}
}

func TestDecode(t *testing.T) {
	var d Decoder
	compressed(t, func(t *testing.T, plain, data []byte) {
		src := append(bytes.Clone(data), "what follows"...)
		got, used, err := d.Decode([]byte("before"), src, len(plain))
		if err != nil || used != len(data) || !bytes.Equal(got, append([]byte("before"), plain...)) {
			t.Fatalf("Decode = %d bytes, used %d, %v; want %d, %d, nil", len(got), used, err, len(plain)+6, len(data))
		}
		if len(plain) == 0 {
			return
		}
		var corrupt *CorruptError
		if _, _, err = d.Decode(nil, data, len(plain)-1); !errors.As(err, &corrupt) {
			t.Fatalf("Decode with too low a limit = %v, want a CorruptError", err)
		}
	})
}

func TestDecodeCut(t *testing.T) {
	var d Decoder
	compressed(t, func(t *testing.T, plain, data []byte) {
		step := 1 + len(data)/40
		for cut := 0; cut < len(data); cut += step {
			got, _, err := d.Decode(nil, data[:cut], len(plain))
			if err != ErrMore || !bytes.HasPrefix(plain, got) {
				t.Fatalf("Decode of the first %d of %d bytes = %v, prefix %t; want ErrMore, true", cut, len(data), err, bytes.HasPrefix(plain, got))
			}
		}
	})
}

// TestDecodeFlipped compares with the standard library on data with one bit changed.
func TestDecodeFlipped(t *testing.T) {
	var d Decoder
	compressed(t, func(t *testing.T, plain, data []byte) {
		step := 1 + len(data)*8/40
		for bit := 0; bit < len(data)*8; bit += step {
			flipped := bytes.Clone(data)
			flipped[bit/8] ^= 1 << (bit % 8)
			same(t, &d, flipped)
		}
	})
}

// same compares Decode with the standard library. Ours is stricter in two things:
// bits that mean nothing, and a block that can't end.
func same(t *testing.T, d *Decoder, data []byte) {
	t.Helper()
	const limit = 1 << 20
	got, used, err := d.Decode(nil, data, limit)
	r := bytes.NewReader(data)
	want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(r), limit+1))
	if len(want) > limit {
		if err == nil {
			t.Fatalf("Decode(%x) = nil error, want too long", data)
		}
		return
	}
	switch {
	case err == nil:
		if wantErr != nil || used != len(data)-r.Len() || !bytes.Equal(got, want) {
			t.Fatalf("Decode(%x) = %x, %d used, nil; want %x, %d, %v", data, got, used, want, len(data)-r.Len(), wantErr)
		}
	case err == ErrMore:
		// The library keeps back the last codes: it wants as many bits as the end of the
		// block would take.
		if wantErr != io.ErrUnexpectedEOF || !bytes.HasPrefix(got, want) {
			t.Fatalf("Decode(%x) = %x, %v; want %x, %v", data, got, err, want, wantErr)
		}
	case wantErr == nil:
		var corrupt *CorruptError
		if !errors.As(err, &corrupt) || corrupt.Why != "bits that mean nothing are not zero" && corrupt.Why != "a block that can't end" {
			t.Fatalf("Decode(%x) = %v, want nil", data, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	n := 0
	for _, plain := range contents() {
		for _, level := range []int{-2, 0, 1, 9} {
			var b bytes.Buffer
			w, _ := flate.NewWriter(&b, level)
			w.Write(plain[:min(len(plain), 500)])
			w.Close()
			f.Add(b.Bytes())
			n++
		}
	}
	if n == 0 {
		f.Fatal("no seeds")
	}
	f.Fuzz(func(t *testing.T, data []byte) { same(t, new(Decoder), data) })
}

// TestDecodeNothingHidden has data that decompressors take, with something in it that
// they pass over.
func TestDecodeNothingHidden(t *testing.T) {
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"bits after the end", []byte{0x03, 0x04}, "bits that mean nothing are not zero"},
		{"bits before a stored block", []byte{0x01 | 0x80, 0, 0, 0xff, 0xff}, "bits that mean nothing are not zero"},
		{"reserved type", []byte{0x07}, "block of the reserved type"},
		{"stored complement", []byte{0x01, 2, 0, 0xfc, 0xff}, "the length of a stored block does not match its complement"},
		{"stored complement, cut", []byte{0x01, 2, 0, 0xfc}, "the length of a stored block does not match its complement"},
		{"stored too long, cut", []byte{0x01, 0xff, 0xff}, "more than 100 bytes come out"},
		{"distance before the start", []byte{0x4b, 0x04, 0x12, 0, 0}, ""},
	}
	for _, tt := range tests {
		var corrupt *CorruptError
		_, _, err := new(Decoder).Decode(nil, tt.data, 100)
		if !errors.As(err, &corrupt) || tt.want != "" && corrupt.Why != tt.want {
			t.Errorf("%s: Decode = %v, want %q", tt.name, err, tt.want)
		}
	}
}

// bitWriter writes as RFC 1951 §3.1.1 says: numbers lowest bit first, codes highest first.
type bitWriter struct {
	b []byte
	n int
}

func (w *bitWriter) bit(v int) {
	if w.n%8 == 0 {
		w.b = append(w.b, 0)
	}
	w.b[w.n/8] |= byte(v << (w.n % 8))
	w.n++
}

func (w *bitWriter) number(v, bits int) {
	for i := range bits {
		w.bit(v >> i & 1)
	}
}

func (w *bitWriter) code(code string) {
	for _, c := range code {
		w.bit(int(c - '0'))
	}
}

// dynamic begins a block whose code lengths are written with the codes 0 for 0, 10 for
// 1 and 11 for many zeros (symbol 18).
func dynamic() *bitWriter {
	w := new(bitWriter)
	w.number(1, 1)
	w.number(2, 2)
	w.number(0, 5)  // 257 literals and lengths
	w.number(0, 5)  // 1 distance
	w.number(14, 4) // 18 lengths of code lengths
	for _, symbol := range lenOrder[:18] {
		w.number(map[uint8]int{0: 1, 1: 2, 18: 2}[symbol], 3)
	}
	return w
}

func TestDecodeCodes(t *testing.T) {
	zeros := func(w *bitWriter, n int) {
		w.code("11")
		w.number(n-11, 7)
	}
	corrupt := func(name, why string, w *bitWriter) {
		t.Helper()
		var got *CorruptError
		if _, _, err := new(Decoder).Decode(nil, w.b, 100); !errors.As(err, &got) || got.Why != why {
			t.Errorf("%s: Decode = %v, want %q", name, err, why)
		}
	}
	w := dynamic()
	w.code("1010") // the literals 0 and 1
	zeros(w, 138)
	zeros(w, 117)
	w.code("10") // the distance
	corrupt("no end of block", "a block that can't end", w)

	w = dynamic()
	w.code("101010") // three codes of one bit
	corrupt("too many codes, cut behind them", "more codes than there can be", w)

	w = dynamic()
	w.code("10")
	for range 3 {
		zeros(w, 138)
	}
	corrupt("too many lengths", "more code lengths than were announced", w)

	w = dynamic()
	w.code("10")
	zeros(w, 138)
	zeros(w, 117)
	w.code("10") // the end of the block
	w.code("0")  // no distance
	w.code("001")
	if got, _, err := new(Decoder).Decode(nil, w.b, 100); err != nil || string(got) != "\x00\x00" {
		t.Errorf("a good block: Decode = %x, %v; want 0000, nil", got, err)
	}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	plain := contents()["text"]
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, 6)
	w.Write(plain)
	w.Close()
	dst, d := make([]byte, 0, len(plain)), new(Decoder)
	d.Decode(dst, b.Bytes(), len(plain))
	if n := testing.AllocsPerRun(10, func() { d.Decode(dst, b.Bytes(), len(plain)) }); n != 0 {
		t.Errorf("Decode allocates %v times, want 0", n)
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"text", "random", "zeros"} {
		plain := contents()[name]
		var buf bytes.Buffer
		w, _ := fast.NewWriter(&buf, 1)
		w.Write(plain)
		w.Close()
		b.Run(name, func(b *testing.B) {
			dst, d := make([]byte, 0, len(plain)), new(Decoder)
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				d.Decode(dst, buf.Bytes(), len(plain))
			}
		})
		b.Run(name+"/klauspost", func(b *testing.B) {
			r := fast.NewReader(nil)
			b.SetBytes(int64(len(plain)))
			dst := make([]byte, len(plain))
			for b.Loop() {
				r.(fast.Resetter).Reset(bytes.NewReader(buf.Bytes()), nil)
				io.ReadFull(r, dst)
			}
		})
	}
}
