package cbor

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
)

// scanTests are items, each read by a function, and whether they are good.
var scanTests = []struct {
	name string
	data string
	read func(*Scanner) error
	good bool
}{
	{"smallest", "\x00", uintIn(0, math.MaxUint64), true},
	{"23", "\x17", uintIn(0, 23), true},
	{"24", "\x18\x18", uintIn(24, 24), true},
	{"23 in two bytes", "\x18\x17", uintIn(0, 100), false},
	{"256", "\x19\x01\x00", uintIn(256, 256), true},
	{"255 in three bytes", "\x19\x00\xff", uintIn(0, 1000), false},
	{"65,535 in five bytes", "\x1a\x00\x00\xff\xff", uintIn(0, math.MaxUint32), false},
	{"2^32-1 in nine bytes", "\x1b\x00\x00\x00\x00\xff\xff\xff\xff", uintIn(0, math.MaxUint64), false},
	{"2^64-1", "\x1b\xff\xff\xff\xff\xff\xff\xff\xff", uintIn(0, math.MaxUint64), true},
	{"2^64-1 where 2^63 is the most", "\x1b\xff\xff\xff\xff\xff\xff\xff\xff", uintIn(0, 1<<63), false},
	{"below the least", "\x19\x01\x00", uintIn(257, 300), false},
	{"reserved head", "\x1c", uintIn(0, math.MaxUint64), false},
	{"indefinite number", "\x1f", uintIn(0, math.MaxUint64), false},
	{"negative where none may be", "\x20", uintIn(0, math.MaxUint64), false},
	{"text", "\x63a\u00e9", textIn(0, 10), true},
	{"text of another length", "\x63a\u00e9", textIn(4, 10), false},
	{"longer text than may be", "\x63a\u00e9", textIn(0, 2), false},
	{"text that ends in half a character", "\x62a\xc3", textIn(0, 10), false},
	{"text that goes on as no text can", "\x64\xe2\x28\xa1a", textIn(0, 10), false},
	{"a character that leaves no room", "\x63ab\xe2", textIn(0, 10), false},
	{"bytes where text must be", "\x41a", textIn(0, 10), false},
	{"text longer than the limit", "\x79\x04\x00", textIn(0, math.MaxInt), false},
	{"map", "\xa2", func(s *Scanner) error { _, err := s.Map(0, 2); return err }, true},
	{"map of too many keys", "\xb8\x18", func(s *Scanner) error { _, err := s.Map(0, 20); return err }, false},
	{"map larger than the limit", "\xb9\x04\x00", func(s *Scanner) error { _, err := s.Map(0, 5000); return err }, false},
	{"indefinite map", "\xbf", func(s *Scanner) error { _, err := s.Map(0, 20); return err }, false},
	{"array", "\x98\x18", func(s *Scanner) error { _, err := s.Array(24, 24); return err }, true},
	{"array larger than the limit", "\x99\x08\x00", func(s *Scanner) error { _, err := s.Array(0, 5000); return err }, false},
	{"least int64", "\x3b\x7f\xff\xff\xff\xff\xff\xff\xff", func(s *Scanner) error { _, err := s.Int64(); return err }, true},
	{"below int64", "\x3b\x80\x00\x00\x00\x00\x00\x00\x00", func(s *Scanner) error { _, err := s.Int64(); return err }, false},
	{"above int64", "\x1b\x80\x00\x00\x00\x00\x00\x00\x00", func(s *Scanner) error { _, err := s.Int64(); return err }, false},
	{"any integer above int64", "\x1b\x80\x00\x00\x00\x00\x00\x00\x00", func(s *Scanner) error { _, _, err := s.Int(); return err }, true},
	{"true", "\xf5", func(s *Scanner) error { _, err := s.Bool(); return err }, true},
	{"null for true", "\xf6", func(s *Scanner) error { _, err := s.Bool(); return err }, false},
	{"bytes", "\x58\x18" + strings.Repeat("\xff", 24), func(s *Scanner) error { _, err := s.Bytes(); return err }, true},
}

func uintIn(lo, hi uint64) func(*Scanner) error {
	return func(s *Scanner) error { _, err := s.Uint(lo, hi); return err }
}

func textIn(lo, hi int) func(*Scanner) error {
	return func(s *Scanner) error { _, err := s.Text(lo, hi); return err }
}

// TestScan reads items, and each beginning of them: of a good one more is needed, of a
// bad one at some point it is clear that nothing good can come.
func TestScan(t *testing.T) {
	for _, tt := range scanTests {
		bad := false
		for n := range len(tt.data) + 1 {
			var s Scanner
			s.Reset([]byte(tt.data[:n]), 0, 1000)
			err := tt.read(&s)
			var syntax *SyntaxError
			switch isBad := errors.As(err, &syntax); {
			case tt.good && n < len(tt.data) && err != ErrMore:
				t.Errorf("%s: the first %d bytes: %v, want ErrMore", tt.name, n, err)
			case tt.good && n == len(tt.data) && (err != nil || s.Pos() != n):
				t.Errorf("%s: %v at %d, want nil at %d", tt.name, err, s.Pos(), n)
			case !tt.good && (bad && !isBad || n == len(tt.data) && !isBad || err == nil):
				t.Errorf("%s: the first %d bytes: %v, want a SyntaxError, or ErrMore before", tt.name, n, err)
			default:
				bad = isBad
			}
		}
	}
}

// TestScanEagerly has beginnings of numbers that can no longer be within their bounds.
func TestScanEagerly(t *testing.T) {
	tests := []struct {
		data   string
		lo, hi uint64
		more   bool
	}{
		{"\x19\x01", 256, 511, true},
		{"\x19\x01", 512, 1000, false},
		{"\x19\x02", 100, 511, false},
		{"\x19\x00", 0, 1000, false}, // would be shorter
		{"\x1a\x00", 0, math.MaxUint32, true},
		{"\x1a\x00\x00", 0, math.MaxUint32, false},
		{"\x18", 0, 23, false},
		{"\x1b", 0, math.MaxUint32, false},
		{"\x1b", 0, math.MaxUint64, true},
	}
	for _, tt := range tests {
		var s Scanner
		s.Reset([]byte(tt.data), 0, 1000)
		if _, err := s.Uint(tt.lo, tt.hi); (err == ErrMore) != tt.more {
			t.Errorf("Uint(%d, %d) of %x = %v, want ErrMore %t", tt.lo, tt.hi, tt.data, err, tt.more)
		}
	}
}

func TestLiteral(t *testing.T) {
	var s Scanner
	s.Reset([]byte("abcab"), 0, 10)
	if !s.Literal("abc") || s.Literal("abc") || s.Cut("abc") != ErrMore {
		t.Error("Literal: want abc, then a beginning of it")
	}
	var syntax *SyntaxError
	if err := s.Cut("ax"); !errors.As(err, &syntax) || syntax.Offset != 3 {
		t.Errorf("Cut of another literal = %v, want a SyntaxError at 3", err)
	}
}

func TestAppend(t *testing.T) {
	tests := []struct {
		got  []byte
		want string
	}{
		{AppendUint(nil, 23), "\x17"},
		{AppendUint(nil, 24), "\x18\x18"},
		{AppendUint(nil, 255), "\x18\xff"},
		{AppendUint(nil, 256), "\x19\x01\x00"},
		{AppendUint(nil, 65536), "\x1a\x00\x01\x00\x00"},
		{AppendUint(nil, 1<<32), "\x1b\x00\x00\x00\x01\x00\x00\x00\x00"},
		{AppendInt(nil, -1), "\x20"},
		{AppendInt(nil, -500), "\x39\x01\xf3"},
		{AppendInt(nil, math.MinInt64), "\x3b\x7f\xff\xff\xff\xff\xff\xff\xff"},
		{AppendBytes(nil, "\xff"), "\x41\xff"},
		{AppendText(nil, "IETF"), "\x64IETF"},
		{AppendArray(nil, 3), "\x83"},
		{AppendMap(nil, 25), "\xb8\x19"},
		{AppendBool(AppendBool(nil, true), false), "\xf5\xf4"},
		{AppendNull([]byte("x")), "x\xf6"},
	}
	for _, tt := range tests {
		if string(tt.got) != tt.want {
			t.Errorf("got %x, want %x", tt.got, tt.want)
		}
	}
}

func TestAppendThenScan(t *testing.T) {
	b := AppendText(AppendInt(AppendBytes(nil, bytes.Repeat([]byte("x"), 300)), -7), "é")
	var s Scanner
	s.Reset(b, 0, len(b))
	p, err := s.Bytes()
	if err != nil || len(p) != 300 {
		t.Fatalf("Bytes = %d bytes, %v", len(p), err)
	}
	if v, err := s.Int64(); err != nil || v != -7 {
		t.Fatalf("Int64 = %d, %v", v, err)
	}
	if p, err = s.Text(0, 10); err != nil || string(p) != "é" {
		t.Fatalf("Text = %q, %v", p, err)
	}
}
