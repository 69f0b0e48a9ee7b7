package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// TestHostileTexts has all commands read a log that has every byte that could act on a
// terminal, wherever a peer can put one.
func TestHostileTexts(t *testing.T) {
	dir := t.TempDir()
	log, err := sampleHostile().bytes()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, string(sampleConn))
	if err := os.WriteFile(name, log, 0o600); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(dir, "cut.partial")
	if err := os.WriteFile(cut, log[:len(log)-110], 0o600); err != nil {
		t.Fatal(err)
	}
	tampered := filepath.Join(dir, "x\x1b]0;t\x07\u202e")
	if err := os.WriteFile(tampered, log[:len(log)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"ls", dir}, {"ls", "--json", dir},
		{"show", name}, {"show", "--json", name}, {"show", cut}, {"show", tampered}, {"show", "-"},
		{"decode", name}, {"decode", "--file", cut}, {"decode", tampered},
		{"verify", name, cut, tampered}, {"verify", "--json", name, cut, tampered, tampered + "?", dir + "/\x1b[2J\u202e"},
	} {
		t.Run(strings.Join(args[:2], " "), func(t *testing.T) {
			var out, messages bytes.Buffer
			run(t.Context(), args, stdio{bytes.NewReader(log), &out, &messages})
			checkHarmless(t, "output", out.Bytes())
			checkHarmless(t, "messages", messages.Bytes())
			if out.Len() == 0 {
				t.Errorf("no output; messages: %s", messages.Bytes())
			}
			if args[0] == "decode" || args[1] == "--json" {
				checkJSON(t, out.Bytes())
			}
		})
	}
}

// checkHarmless wants UTF-8 of printable characters and the white space that lines and
// tables need.
func checkHarmless(t *testing.T, what string, out []byte) {
	t.Helper()
	for i := 0; i < len(out); {
		r, size := utf8.DecodeRune(out[i:])
		if r == utf8.RuneError && size == 1 || r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			t.Fatalf("%s has %U (%x) at %d, after %q", what, r, out[i:i+size], i, out[max(0, i-40):i])
		}
		i += size
	}
}

func checkJSON(t *testing.T, out []byte) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(out))
	for d.More() {
		var v any
		if err := d.Decode(&v); err != nil {
			t.Fatalf("not JSON: %v", err)
		}
	}
}
