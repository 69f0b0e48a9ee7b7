package tapetest

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Recordings returns the logs of the terminals in replay/screen/testdata, by name, as functions
// that make them. A step of one is at least 40 ms after the one before, and 1.2 s after what
// is to be seen in the golden files there.
func Recordings(t testing.TB) map[string]func(testing.TB) *Tape {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	files, err := filepath.Glob(filepath.Join(filepath.Dir(here), "..", "..", "replay", "screen", "testdata", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("found %d recordings in replay/screen/testdata, want at least 20", len(files))
	}
	all := map[string]func(testing.TB) *Tape{}
	for _, file := range files {
		all[strings.TrimSuffix(filepath.Base(file), ".txt")] = func(t testing.TB) *Tape { return recording(t, file) }
	}
	return all
}

// recording makes a log of a recording: see golden_test.go there for what one looks like.
func recording(t testing.TB, file string) *Tape {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w := New(t)
	const step, look = 40 * time.Millisecond, 1200 * time.Millisecond
	after := step
	for line := range strings.Lines(string(text)) {
		command, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		var columns, rows int
		switch command {
		case "#":
			continue
		case "show":
			after = look
			continue
		case "size", "resize":
			if _, err := fmt.Sscanf(rest, "%d %d", &columns, &rows); err != nil {
				t.Fatalf("%s: line %q: %v", file, line, err)
			}
			if command == "size" {
				w.Session(0, columns, rows, "")
			} else {
				w.Resize(after, 0, columns, rows)
			}
		case "out":
			w.Print(after, 0, unquoted(t, rest))
		default:
			t.Fatalf("%s: line %q: unknown command", file, line)
		}
		after = step
	}
	w.Exit(after, 0, 0)
	return w
}

func unquoted(t testing.TB, s string) string {
	t.Helper()
	var out []byte
	s = strings.TrimSuffix(strings.TrimPrefix(s, `"`), `"`)
	for len(s) > 0 {
		switch {
		case strings.HasPrefix(s, `\x`) && len(s) >= 4:
			b, err := hex.DecodeString(s[2:4])
			if err != nil {
				t.Fatal(err)
			}
			out, s = append(out, b...), s[4:]
		case s[0] == '\\' && len(s) >= 2:
			out, s = append(out, s[1]), s[2:]
		default:
			out, s = append(out, s[0]), s[1:]
		}
	}
	return string(out)
}
