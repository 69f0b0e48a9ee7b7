package binary

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"
)

// TestJSONText compares with package encoding/json, which ContainerSSH's decoder uses.
// Only what acts on a terminal is escaped beyond it.
func TestJSONText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawText(t, true)
		got := string(appendJSONText(nil, []byte(s)))
		var back string
		if err := json.Unmarshal([]byte(got), &back); err != nil || back != s {
			t.Fatalf("appendJSONText(%q) = %s, which is %q, %v", s, got, back, err)
		}
		if i := strings.IndexFunc(got, unicode.IsControl); i >= 0 {
			t.Fatalf("appendJSONText(%q) = %q with a control at %d", s, got, i)
		}
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if strings.IndexFunc(string(want), unicode.IsControl) < 0 && got != string(want) {
			t.Fatalf("appendJSONText(%q) = %s, want %s", s, got, want)
		}
	})
}

func TestJSONTextControls(t *testing.T) {
	in := "\x00\b\t\n\f\r\x1b[2J\x7f\u0080\u009b\u009f\u00a0\u2028\u2029<>&\"\\/\xff\uFFFD😀"
	want := `"\u0000\b\t\n\f\r\u001b[2J\u007f\u0080\u009b\u009f` + "\u00a0" + `\u2028\u2029\u003c\u003e\u0026\"\\/` + "\uFFFD\uFFFD😀" + `"`
	if got := string(appendJSONText(nil, []byte(in))); got != want {
		t.Errorf("appendJSONText(%q) = %s, want %s", in, got, want)
	}
}

func TestTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ns := rapid.Int64().Draw(t, "ns")
		want := time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000000000Z")
		if got := string(appendTime(nil, ns)); got != want {
			t.Fatalf("appendTime(%d) = %s, want %s", ns, got, want)
		}
	})
}
