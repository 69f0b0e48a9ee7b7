package binary

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// TestJSONText compares with package encoding/json, which ContainerSSH's decoder uses.
// Only what acts on a terminal is escaped beyond it.
func TestJSONText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawText(t, true)
		got := `"` + string(appendJSONText(nil, []byte(s))) + `"`
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
	if got := `"` + string(appendJSONText(nil, []byte(in))) + `"`; got != want {
		t.Errorf("appendJSONText(%q) = %s, want %s", in, got, want)
	}
}

// pieces keeps what is written to it, and how.
type pieces struct {
	all     []byte
	longest int
	broken  int // pieces that end within a character
}

func (p *pieces) Write(b []byte) (int, error) {
	p.all = append(p.all, b...)
	p.longest = max(p.longest, len(b))
	if !utf8.Valid(b) {
		p.broken++
	}
	return len(b), nil
}

// TestWriteJSON writes large messages in pieces, wherever a piece may end.
func TestWriteJSON(t *testing.T) {
	large := func(s string) string { return strings.Repeat(s, 5*jsonPiece/len(s)) }
	var buf []byte
	for _, content := range []string{
		enc(M{"type", 77, "payload", large("\x1b")}),
		enc(M{"type", 77, "payload", large("😀")}),
		enc(M{"type", 77, "payload", "x" + large("日本")}),
		enc(M{"type", 403, "payload", M{"program", "xy" + large("\xff\x80\x80\x80\x80\u2028")}}),
		enc(M{"type", 500, "payload", M{"stream", 1, "data", []byte(large("xyz") + "x")}}),
		enc(M{"type", 77, "payload", R("\x9a\x00\x02\x00\x00" + strings.Repeat("\x18\xff", 2<<16))}),
		enc(M{"type", 0}),
	} {
		r := NewReader(bytes.NewReader(foreignLog(t, false, content)))
		m, err := r.Next()
		if err != nil {
			t.Fatalf("%.60q: %v", content, err)
		}
		var p pieces
		if buf, err = m.WriteJSON(&p, buf); err != nil {
			t.Fatal(err)
		}
		if want := m.AppendJSON(nil); !bytes.Equal(p.all, want) {
			t.Errorf("%.60q: WriteJSON writes %d bytes, %.100q…, AppendJSON %d, %.100q…", content, len(p.all), p.all, len(want), want)
		}
		if p.longest > 8*jsonPiece || p.broken > 0 {
			t.Errorf("%.60q: a piece of %d bytes, and %d that end within a character", content, p.longest, p.broken)
		}
	}
}

func TestWriteJSONReportsItsWriter(t *testing.T) {
	r := NewReader(bytes.NewReader(foreignLog(t, false, enc(M{"type", 77, "payload", strings.Repeat("x", 5*jsonPiece)}))))
	m, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	gone, other := io.Pipe()
	gone.CloseWithError(io.ErrNoProgress)
	if _, err := m.WriteJSON(other, nil); err != io.ErrNoProgress {
		t.Errorf("WriteJSON = %v, want the writer's error", err)
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
