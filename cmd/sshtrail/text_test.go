package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestShown(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"ls -la", "ls -la"},
		{"naïve 日本 привет שלום", "naïve 日本 привет שלום"},
		{`printf '\x1b[2J'`, `printf '\x1b[2J'`}, // a backslash is one
		{"printf '\x1b[2J'", `"printf '\x1b[2J'"`},
		{"", `""`},
		{"-", `"-"`},
		{" a", `" a"`},
		{"a ", `"a "`},
		{"a  b", `"a  b"`},       // two cells
		{`"a"`, `"\"a\""`},       // quoted already
		{"(shell)", `"(shell)"`}, // a mark of ours
		{"a\tb\n", `"a\tb\n"`},
		{"a\u202eb", `"a\u202eb"`},
		{"a\u00a0b", `"a\u00a0b"`},
		{"\xff", `"\xff"`},
		{"\ufffd", "\ufffd"},
		{"e\u0301", "e\u0301"},
		{"\u0301", `"\u0301"`},
		{"e" + strings.Repeat("\u0301", 4), `"e\u0301\u0301\u0301\u0301"`},
	} {
		if got := shown(c.in); got != c.want {
			t.Errorf("shown(%q) = %s, want %s", c.in, got, c.want)
		}
	}
}

func TestWordHasNoSpaces(t *testing.T) {
	if got, want := word("root 192.0.2.1"), `"root 192.0.2.1"`; got != want {
		t.Errorf("word = %s, want %s", got, want)
	}
	if got, want := word("root"), "root"; got != want {
		t.Errorf("word = %s, want %s", got, want)
	}
}

func TestBriefSaysHowLongItWas(t *testing.T) {
	if got, want := brief("añb", 2), `"a"… (4 bytes, decode has them all)`; got != want {
		t.Errorf("brief = %s, want %s", got, want)
	}
	if got, want := brief("añb", 4), "añb"; got != want {
		t.Errorf("brief = %s, want %s", got, want)
	}
	if got, want := cut("\x80\x80\x80\x80\x80\x80\x80\x80", 6), 2; len(got) < want {
		t.Errorf("cut leaves %d bytes of what is not UTF-8, want at least %d", len(got), want)
	}
}

func TestHarmless(t *testing.T) {
	in := "one\ntwo \x1b[2J\u202e\x9b\xff ñ\x7f"
	if got, want := harmless(in), "one\ntwo \\x1b[2J\\u202e\\x9b\\xff ñ\\x7f"; got != want {
		t.Errorf("harmless(%q) = %q, want %q", in, got, want)
	}
}

func TestSafeJSONIsTheSameJSON(t *testing.T) {
	in := "a\u007f\u009b\u202e\u2028\U000e0041\U0001f600ñ日"
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	got := string(appendSafeJSON(nil, text))
	if want := `"a\u007f\u009b\u202e\u2028\udb40\udc41` + "\U0001f600ñ日\""; got != want {
		t.Errorf("appendSafeJSON = %s, want %s", got, want)
	}
	var out string
	if err := json.Unmarshal([]byte(got), &out); err != nil || out != in {
		t.Errorf("read again: %q, %v; want %q", out, err, in)
	}
}

func TestLasting(t *testing.T) {
	for _, c := range []struct {
		ns   int64
		want string
	}{
		{-1, "-"}, {0, "0s"}, {999, "0s"}, {1234567, "1ms"}, {999_600_000, "1s"}, {1_234_000_000, "1.23s"},
		{83_000_000_000, "1m23s"}, {3_720_000_000_000, "1h02m"}, {400_000_000_000_000, "111h06m"},
	} {
		if got := lasting(c.ns); got != c.want {
			t.Errorf("lasting(%d) = %s, want %s", c.ns, got, c.want)
		}
	}
}

func TestSized(t *testing.T) {
	for _, c := range []struct {
		n    int64
		want string
	}{{0, "0B"}, {1023, "1023B"}, {1024, "1.0KB"}, {10189, "10KB"}, {1 << 20, "1.0MB"}, {1<<63 - 1, "8.0EB"}} {
		if got := sized(c.n); got != c.want {
			t.Errorf("sized(%d) = %s, want %s", c.n, got, c.want)
		}
	}
}
