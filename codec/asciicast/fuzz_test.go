package asciicast_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sshtrail/sshtrail/codec/asciicast"
	"github.com/sshtrail/sshtrail/event"
)

// printed is all that a cast prints.
func printed(t testing.TB, cast string) string {
	t.Helper()
	var all strings.Builder
	_, entries := read(t, cast)
	for _, e := range entries {
		if e.Code == 'o' {
			all.WriteString(e.Data)
		}
	}
	return all.String()
}

// split makes events of output that is cut where cuts says.
func split(data, cuts []byte) []event.Event {
	var l log
	l.add(0, 0, &event.NewChannel{ChannelType: "session"})
	for i := 0; len(data) > 0; i++ {
		n := len(data)
		if i < len(cuts) {
			n = min(n, int(cuts[i]))
		}
		l.add(0, 1000, &event.IO{Stream: event.Stdout, Data: data[:n]})
		data = data[n:]
	}
	return l.events
}

// next are the bytes that may come second in a character that begins with b, and how many
// bytes it has (Unicode 15, table 3-7).
func next(b byte) (low, high byte, size int) {
	switch {
	case b < 0xc2 || b > 0xf4:
		return 0, 0, 1
	case b < 0xe0:
		return 0x80, 0xbf, 2
	case b == 0xe0:
		return 0xa0, 0xbf, 3
	case b == 0xed:
		return 0x80, 0x9f, 3
	case b < 0xf0:
		return 0x80, 0xbf, 3
	case b == 0xf0:
		return 0x90, 0xbf, 4
	case b == 0xf4:
		return 0x80, 0x8f, 4
	}
	return 0x80, 0xbf, 4
}

// replaced is what browsers make of bytes, and how many of them are no part of a character.
func replaced(data []byte) (text string, bad int) {
	var b strings.Builder
	for len(data) > 0 {
		low, high, size := next(data[0])
		n := 1
		for n < size && n < len(data) && data[n] >= low && data[n] <= high {
			n, low, high = n+1, 0x80, 0xbf
		}
		if n < size || size == 1 && data[0] >= utf8.RuneSelf {
			b.WriteString("\uFFFD")
			bad += n
		} else {
			b.Write(data[:n])
		}
		data = data[n:]
	}
	return b.String(), bad
}

// FuzzSplit has output that is cut anywhere: what the cast prints does not depend on where,
// and is the output itself if that is UTF-8.
func FuzzSplit(f *testing.F) {
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		want, bad := replaced(data)
		if utf8.Valid(data) && (want != string(data) || bad != 0) {
			t.Fatalf("the test is wrong about %q", data)
		}
		for _, version := range []asciicast.Version{asciicast.V2, asciicast.V3} {
			casts, stats := encode(t, asciicast.Options{Version: version}, split(data, cuts))
			if len(data) == 0 {
				continue
			}
			if got := printed(t, casts[0]); got != want || stats.Replaced != uint64(bad) {
				t.Errorf("%q, cut as %v: printed %q with %d bytes replaced, want %q with %d", data, cuts, got, stats.Replaced, want, bad)
			}
			checkHarmless(t, casts[0])
		}
	})
}

// checkHarmless wants nothing but line ends that acts on a terminal.
func checkHarmless(t testing.TB, cast string) {
	t.Helper()
	if !utf8.ValidString(cast) || strings.ContainsFunc(cast, func(r rune) bool { return r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0) }) {
		t.Errorf("the cast %q would act on a terminal", cast)
	}
}

// FuzzReader has casts of anybody's. Whatever they are, reading them ends, and what is
// read keeps to what a reader says.
func FuzzReader(f *testing.F) {
	f.Fuzz(func(t *testing.T, cast []byte) {
		r, err := asciicast.NewReader(bytes.NewReader(cast))
		if err != nil {
			return
		}
		if h := r.Header(); h.Columns < 1 || h.Rows < 1 || h.Version != asciicast.V2 && h.Version != asciicast.V3 {
			t.Errorf("header %+v", h)
		}
		for {
			e, err := r.Next()
			if err != nil {
				if _, again := r.Next(); again != err {
					t.Errorf("after the error %v comes %v", err, again)
				}
				return
			}
			if e.Time < 0 || !strings.ContainsRune("oimrx", rune(e.Code)) {
				t.Errorf("entry %+v", e)
			}
		}
	})
}

func TestReaderRefuses(t *testing.T) {
	const v2, v3 = `{"version": 2, "width": 80, "height": 24}`, `{"version": 3, "term": {"cols": 80, "rows": 24}}`
	for name, c := range map[string]struct{ cast, want string }{
		"nothing":   {"", "it is empty"},
		"no header": {"hello", "line 1: no header"},
		"version":   {`{"version": 1, "width": 80, "height": 24}`, "version 1: 2 and 3 can be read"},
		"no size":   {`{"version": 3}`, "a terminal of 0×0"},
		"large":     {`{"version": 2, "width": 80, "height": 65536}`, "a terminal of 80×65536"},
		"no event":  {v2 + "\n{}", "line 2: no event"},
		"parts":     {v2 + "\n[1, \"o\"]", "line 2: an event has 3 parts, not 2"},
		"time":      {v2 + "\n[-1, \"o\", \"\"]", "a time of -1 s"},
		"late":      {v2 + "\n[1e300, \"o\", \"\"]", "a time of 1e+300 s"},
		"sum":       {v3 + "\n[8e9, \"o\", \"\"]\n[8e9, \"o\", \"\"]", "line 3: a time of 8e+09 s"},
		"no time":   {v2 + "\n[\"1\", \"o\", \"\"]", "no time"},
		"no code":   {v2 + "\n[1, 1, \"\"]", "no code"},
		"no data":   {v2 + "\n[1, \"o\", 1]", "no data"},
		"resize":    {v2 + "\n[1, \"r\", \"80x24x\"]", `a size of "80x24x"`},
		"resize 0":  {v3 + "\n[1, \"r\", \"0x24\"]", `a terminal of 0×24`},
		"long":      {v2 + "\n[1, \"o\", \"" + strings.Repeat("x", asciicast.MaxLine) + "\"]", "line 2 is longer than 1048576 bytes"},
	} {
		r, err := asciicast.NewReader(strings.NewReader(c.cast))
		for err == nil {
			_, err = r.Next()
		}
		if err == io.EOF || !strings.HasPrefix(err.Error(), "read cast: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// TestReaderTakesOthers reads what other programs write.
func TestReaderTakesOthers(t *testing.T) {
	header, entries := read(t, `{"version":3,"term":{"cols":80,"rows":24,"theme":{}},"tags":["x"],"env":{"SHELL":"/bin/sh","TERM":"vt100"}}`+"\r\n"+
		"# a comment\n\n[0.5,\"o\",\"\\ud83d\\ude00\"]\n[1,\"z\",{}]\n[2e-6,\"m\",\"\"]")
	if want := (asciicast.Header{Version: 3, Columns: 80, Rows: 24, Term: "vt100", Shell: "/bin/sh"}); header != want {
		t.Errorf("header %+v, want %+v", header, want)
	}
	if len(entries) != 2 || entries[0].Data != "😀" || entries[1].Time.Microseconds() != 1_500_002 {
		t.Errorf("entries %+v", entries)
	}
}

// TestLongestLine wants whatever one message holds to fit a reader's lines.
func TestLongestLine(t *testing.T) {
	data := bytes.Repeat([]byte{1}, 200<<10)
	casts, _ := encode(t, asciicast.Options{Version: asciicast.V2}, split(data, nil))
	if got := printed(t, casts[0]); got != string(data) {
		t.Errorf("%d bytes are printed, want %d", len(got), len(data))
	}
}
