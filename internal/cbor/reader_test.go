package cbor

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// TestReader has items of RFC 8949 appendix A, and those of appendix F that are not
// well-formed.
func TestReader(t *testing.T) {
	good := []string{
		"\x00", "\x1b\xff\xff\xff\xff\xff\xff\xff\xff", "\x3b\xff\xff\xff\xff\xff\xff\xff\xff", "\xf9\x00\x00", "\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a",
		"\xf4", "\xf6", "\xf7", "\xf0", "\xf8\xff", "\xc1\x1a\x51\x4b\x67\xb0", "\xd8\x20\x63abc", "\x44\x01\x02\x03\x04", "\x64IETF", "\x62\xc3\x28",
		"\x80", "\x83\x01\x82\x02\x03\x82\x04\x05", "\xa2\x61a\x01\x61b\x82\x02\x03", "\x5f\x42\x01\x02\x43\x03\x04\x05\xff", "\x7f\x65strea\x64ming\xff",
		"\x9f\xff", "\x9f\x01\x82\x02\x03\x9f\x04\x05\xff\xff", "\xbf\x63Fun\xf5\x63Amt\x21\xff", "\x18\x01",
	}
	for _, data := range good {
		got, err := NewReader(bufio.NewReader(strings.NewReader(data+"x")), 1000, 4).Append([]byte("before"))
		if err != nil || string(got) != "before"+data {
			t.Errorf("Append of %x = %x, %v", data, got, err)
		}
		if rest := Item(data + "x").Rest(); string(rest) != "x" {
			t.Errorf("Rest of %x = %x, want 78", data, []byte(rest))
		}
		for n := 1; n < len(data); n++ {
			_, err := NewReader(bufio.NewReader(strings.NewReader(data[:n])), 1000, 4).Append(nil)
			if err != io.ErrUnexpectedEOF {
				t.Errorf("Append of %x = %v, want an unexpected EOF", data[:n], err)
			}
		}
	}
	bad := []string{
		"\x1c", "\x3d", "\x5e", "\x7c", "\x9d", "\xbe", "\xdc", "\xfc", "\x1f", "\x3f", "\xdf", "\xff", "\xf8\x00", "\xf8\x1f", "\x81\xff", "\x82\x01\xff",
		"\xa1\xff", "\xa1\x01\xff", "\xbf\x01\xff", "\xc1\xff", "\x5f\x01\xff", "\x5f\x61a\xff", "\x7f\x41a\xff", "\x5f\x5f\x41a\xff\xff",
		"\x81\x81\x81\x81\x81\x01", "\xc1\xc1\xc1\xc1\xc1\x01", "\x59\x04\x00", "\x9f" + strings.Repeat("\x01", 1000),
	}
	for _, data := range bad {
		_, err := NewReader(bufio.NewReader(strings.NewReader(data+strings.Repeat("\x01", 2000))), 1000, 4).Append(nil)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("Append of %.20x = %v, want a SyntaxError", data, err)
		}
	}
	if _, err := NewReader(bufio.NewReader(strings.NewReader("")), 1000, 4).Append(nil); err != io.EOF {
		t.Errorf("Append of nothing = %v, want EOF", err)
	}
}

func TestItem(t *testing.T) {
	it := Item("\xbf\x61a\x82\x01\xc1\x02\x7f\x61b\x61c\xff\x9f\xf6\xff\xffx")
	var got []string
	for key, value := range it.Pairs() {
		for item := range value.Items() {
			m, arg, _ := item.Untagged().Head()
			got = append(got, fmt.Sprintf("%s %d %d", key.Contents(), m, arg))
		}
	}
	if want := "[a 0 1 a 0 2 bc 7 22]"; fmt.Sprint(got) != want {
		t.Errorf("Pairs and Items = %v, want %s", got, want)
	}
	if alone := it.Alone(); string(alone) != string(it[:len(it)-1]) {
		t.Errorf("Alone = %x", []byte(alone))
	}
}

func FuzzReader(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		item, err := NewReader(bufio.NewReader(strings.NewReader(string(data))), 1000, 32).Append(nil)
		if err != nil {
			return
		}
		if alone := Item(data).Alone(); string(alone) != string(item) {
			t.Fatalf("Alone of %x = %x, Append %x", data, []byte(alone), item)
		}
	})
}
