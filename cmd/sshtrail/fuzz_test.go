package main

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzText prints any string in each way that there is: nothing that acts on a terminal
// comes out, and what was quoted can be had back.
func FuzzText(f *testing.F) {
	f.Fuzz(func(t *testing.T, s string) {
		for name, text := range map[string]string{
			"shown": shown(s), "word": word(s), "brief": brief(s, 100), "quote": quote(s),
			"shortID": shortID(s), "listed": listed([]string{shown(s), shown(s), unlisted(s)}),
		} {
			if !utf8.ValidString(text) || strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
				t.Fatalf("%s(%q) = %q", name, s, text)
			}
		}
		if text := harmless(s); !utf8.ValidString(text) || strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) >= 0 {
			t.Fatalf("harmless(%q) = %q", s, text)
		}
		for _, text := range []string{shown(s), word(s), unlisted(s)} {
			if back, err := strconv.Unquote(text); text != s && (err != nil || back != s) {
				t.Fatalf("%q is shown as %s, which is %q (%v)", s, text, back, err)
			}
			if text == s && s[0] == '"' {
				t.Fatalf("%q is shown as it is, and looks quoted", s)
			}
		}
		if w := word(s); w[0] != '"' && strings.Contains(w, " ") {
			t.Fatalf("word(%q) = %q, two words", s, w)
		}
	})
}

// FuzzCell fits any text into a column of any width.
func FuzzCell(f *testing.F) {
	f.Fuzz(func(t *testing.T, s string, width uint8, right, last bool) {
		c := column{right: right, width: 1 + int(width)}
		text := c.cell(shown(s), last)
		if n := textWidth(text); n > c.width || n < c.width && !(last && !right) {
			t.Fatalf("%q in a column of %d is %q, %d wide", s, c.width, text, n)
		}
	})
}

// FuzzSafeJSON makes any JSON harmless, whole and in two pieces: it stays what it was.
func FuzzSafeJSON(f *testing.F) {
	f.Fuzz(func(t *testing.T, s string, cut uint) {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		safe := safeJSON{w: &out}
		at := int(cut % uint(len(text)+1))
		for at < len(text) && !utf8.RuneStart(text[at]) {
			at++
		}
		for _, piece := range [][]byte{text[:at], text[at:]} {
			if n, err := safe.Write(piece); n != len(piece) || err != nil {
				t.Fatalf("Write of %d bytes = %d, %v", len(piece), n, err)
			}
		}
		if got := out.String(); got != string(appendSafeJSON(nil, text)) || strings.IndexFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
			t.Fatalf("%q in two pieces is %q", text, got)
		}
		var was, is string
		if err := json.Unmarshal(text, &was); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(out.String()), &is); err != nil || is != was {
			t.Fatalf("%q became %q, %v", was, is, err)
		}
	})
}
