package main

import (
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/codec/binary"
)

func TestLinesFitTheTerminal(t *testing.T) {
	user, addr, start := "administrator-of-everything", "2001:db8:1234:5678:9abc:def0:1234:5678", "x"
	program := "日本語 " + strings.Repeat("make all; ", 100)
	duration := int64(83_000_000_000)
	row := &logRow{Log: sampleConn, Username: &user, RemoteAddr: &addr, Start: &start, DurationNs: &duration,
		Size: 12345, verdict: binary.Complete, Verdict: "complete"}
	row.Error = &program // is shown in the widest column
	for width := 80; width <= 300; width++ {
		l := newLogTable(screen{terminal: true, width: width})
		for _, line := range []string{l.head(), l.line(row)} {
			if got := textWidth(line); got > width {
				t.Fatalf("width %d: line of %d columns: %s", width, got, line)
			}
		}
		if line := l.line(row); !strings.HasSuffix(line, "complete") || !strings.HasPrefix(line, sampleConn[:16]+" ") {
			t.Fatalf("width %d: no id or no verdict: %s", width, line)
		}
	}
}

func TestNarrowTerminalsHaveFewerColumns(t *testing.T) {
	for _, c := range []struct {
		width int
		want  string
	}{
		{60, "id start user ran verdict"},
		{80, "id start user from ran verdict"},
		{110, "id start user from duration ran verdict"},
		{117, "id start user from duration ran size verdict"},
		{120, "id start user from duration ran size casts verdict"},
	} {
		l := newLogTable(screen{terminal: true, width: c.width})
		if got := strings.Join(strings.Fields(l.head()), " "); got != c.want {
			t.Errorf("width %d: %s, want %s", c.width, got, c.want)
		}
	}
}

func TestColoursOnTerminalsOnly(t *testing.T) {
	row := &logRow{Log: "a", verdict: binary.Tampered, Verdict: "tampered"}
	plain := newLogTable(screen{terminal: true, width: 100}).line(row)
	coloured := newLogTable(screen{terminal: true, width: 100, colours: true}).line(row)
	if strings.Contains(plain, "\x1b") {
		t.Errorf("colours in %q", plain)
	}
	if !strings.HasSuffix(coloured, "\x1b[1;31mtampered\x1b[0m") {
		t.Errorf("%q does not end with tampered in red", coloured)
	}
}

func TestClip(t *testing.T) {
	for _, c := range []struct {
		in   string
		most int
		want string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"日本語", 6, "日本語"}, {"日本語", 5, "日本…"}, {"日本語", 4, "日…"},
		{"e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"}, {"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
	} {
		if got := clip(c.in, c.most); got != c.want || textWidth(got) > c.most {
			t.Errorf("clip(%q, %d) = %q, want %q", c.in, c.most, got, c.want)
		}
	}
}
