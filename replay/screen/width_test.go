package screen

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode"
)

func widths11(t *testing.T) map[rune]int {
	t.Helper()
	golden, err := os.ReadFile("testdata/oracle/widths.golden")
	if err != nil {
		t.Fatalf("%v: make terminals", err)
	}
	of := map[rune]int{}
	for line := range strings.Lines(string(golden)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		var first, last rune
		var width int
		if _, err := fmt.Sscanf(line, "%x %x %d", &first, &last, &width); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		for r := first; r <= last; r++ {
			of[r] = width
		}
	}
	return of
}

// younger are characters that Unicode had no place for, or another width, in version 11.
var younger = []span{
	{0x898, 0x89f}, {0x8ca, 0x8d2}, {0xb55, 0xb55}, {0xc3c, 0xc3c}, {0xd81, 0xd81}, {0xece, 0xece}, {0x1734, 0x1734}, {0x180f, 0x180f},
	{0x1abf, 0x1ace}, {0x1dfa, 0x1dfa}, {0x31bb, 0x31bf}, {0xa82c, 0xa82c}, {0xd7b0, 0xd7c6}, {0xd7cb, 0xd7fb}, {0x10eab, 0x10eac}, {0x10efd, 0x10eff},
	{0x10f82, 0x10f85}, {0x11070, 0x11070}, {0x11073, 0x11074}, {0x110c2, 0x110c2}, {0x111cf, 0x111cf}, {0x11241, 0x11241}, {0x1193b, 0x1193c}, {0x1193e, 0x1193e},
	{0x11943, 0x11943}, {0x11f00, 0x11f01}, {0x11f36, 0x11f3a}, {0x11f40, 0x11f40}, {0x11f42, 0x11f42}, {0x13440, 0x13440}, {0x13447, 0x13455}, {0x16fe4, 0x16fe4},
	{0x16ff0, 0x16ff1}, {0x18af3, 0x18cd5}, {0x18d00, 0x18d08}, {0x1aff0, 0x1aff3}, {0x1aff5, 0x1affb}, {0x1affd, 0x1affe}, {0x1b11f, 0x1b122}, {0x1b132, 0x1b132},
	{0x1b155, 0x1b155}, {0x1cf00, 0x1cf2d}, {0x1cf30, 0x1cf46}, {0x1e08f, 0x1e08f}, {0x1e2ae, 0x1e2ae}, {0x1e4ec, 0x1e4ef}, {0x1f6d6, 0x1f6d7}, {0x1f6dc, 0x1f6df},
	{0x1f6fb, 0x1f6fc}, {0x1f7f0, 0x1f7f0}, {0x1f90c, 0x1f90c}, {0x1f93b, 0x1f93b}, {0x1f946, 0x1f946}, {0x1f972, 0x1f972}, {0x1f977, 0x1f979}, {0x1f9a3, 0x1f9a4},
	{0x1f9ab, 0x1f9ad}, {0x1f9cb, 0x1f9cc}, {0x1fa74, 0x1fa77}, {0x1fa7b, 0x1fa7c}, {0x1fa83, 0x1fa88}, {0x1fa96, 0x1fabd}, {0x1fabf, 0x1fac5}, {0x1face, 0x1fadb},
	{0x1fae0, 0x1fae8}, {0x1faf0, 0x1faf8}, {0x2fffe, 0x2ffff}, {0x3fffe, 0x3ffff},
}

// TestWidthsAreOthersToo compares with what xterm.js counts by Unicode 11.
func TestWidthsAreOthersToo(t *testing.T) {
	others := widths11(t)
	for r := rune(0xa0); r <= unicode.MaxRune; r++ {
		want, ok := others[r]
		if !ok {
			want = 1
		}
		switch got := widthOf(r); {
		case got == want, in(younger, r), in(dropped, r):
		case got == 1 && unicode.Is(unicode.Cf, r): // a sign around digits: it is to be seen
		default:
			t.Errorf("widthOf(%#U) = %d, others count %d", r, got, want)
		}
	}
}

// TestMarksJoin holds the table to what the language knows of Unicode.
func TestMarksJoin(t *testing.T) {
	for r := rune(0xa0); r <= unicode.MaxRune; r++ {
		mark := unicode.In(r, unicode.Mn, unicode.Me)
		// A newer version of Go may know marks that the table does not.
		if got := widthOf(r); mark && unicode.Version == "15.0.0" && got != 0 && !in(dropped, r) {
			t.Errorf("widthOf(%#U) = %d", r, got)
		}
	}
}

func TestTablesAreSorted(t *testing.T) {
	for name, spans := range map[string][]span{"wide": wide, "joining": joining, "dropped": dropped} {
		before := rune(0)
		for _, s := range spans {
			if s.first <= before || s.last < s.first {
				t.Errorf("%s has %#x-%#x after %#x", name, s.first, s.last, before)
			}
			before = s.last
		}
	}
}

func TestControlsAreNoCharacters(t *testing.T) {
	for r := range rune(0xa0) {
		if control := r < ' ' || r >= 0x7f; control != (widthOf(r) == none) {
			t.Errorf("widthOf(%#x) = %d", r, widthOf(r))
		}
	}
}
