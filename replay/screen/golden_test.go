package screen

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The recordings in testdata are lines of these commands, in order:
//
//	# what it is
//	size COLUMNS ROWS      the terminal's size at the start
//	out "BYTES"            a program wrote; bytes that are not printable ASCII are \xHH
//	resize COLUMNS ROWS
//	show                   what is to be seen now is part of the golden file
//
// The golden file of each was written by xterm.js: see testdata/oracle/oracle.js.

type recording struct {
	name   string
	text   []byte
	golden string
}

func recordings(t testing.TB) []recording {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("found %d recordings in testdata, want at least 20", len(files))
	}
	var all []recording
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		golden, err := os.ReadFile(strings.TrimSuffix(file, ".txt") + ".golden")
		if err != nil {
			t.Fatalf("%v: make terminals", err)
		}
		all = append(all, recording{strings.TrimSuffix(filepath.Base(file), ".txt"), text, string(golden)})
	}
	return all
}

// step is one command of a recording.
type step struct {
	command       string
	out           []byte
	columns, rows int
}

func steps(t testing.TB, recording []byte) []step {
	t.Helper()
	var all []step
	for line := range strings.Lines(string(recording)) {
		command, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		s := step{command: command}
		var err error
		switch command {
		case "#":
			continue
		case "size", "resize":
			_, err = fmt.Sscanf(rest, "%d %d", &s.columns, &s.rows)
		case "out":
			s.out, err = unquote(rest)
		case "show":
		default:
			err = fmt.Errorf("unknown command")
		}
		if err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		all = append(all, s)
	}
	return all
}

func unquote(s string) ([]byte, error) {
	var out []byte
	s = strings.TrimSuffix(strings.TrimPrefix(s, `"`), `"`)
	for len(s) > 0 {
		switch {
		case strings.HasPrefix(s, `\x`) && len(s) >= 4:
			b, err := hex.DecodeString(s[2:4])
			if err != nil {
				return nil, err
			}
			out, s = append(out, b...), s[4:]
		case s[0] == '\\' && len(s) >= 2:
			out, s = append(out, s[1]), s[2:]
		default:
			out, s = append(out, s[0]), s[1:]
		}
	}
	return out, nil
}

// play plays a recording, handing each step to see after it was done, and returns the screen.
func play(t testing.TB, recording []byte, see func(*Screen, step)) *Screen {
	t.Helper()
	var s *Screen
	for _, step := range steps(t, recording) {
		switch step.command {
		case "size":
			s = New(step.columns, step.rows)
		case "resize":
			s.Resize(step.columns, step.rows)
		case "out":
			if n, err := s.Write(step.out); n != len(step.out) || err != nil {
				t.Fatalf("Write() = %d, %v, want %d, nil", n, err, len(step.out))
			}
		}
		if see != nil {
			see(s, step)
		}
	}
	return s
}

func TestRecordingsLookAsInXterm(t *testing.T) {
	for _, r := range recordings(t) {
		t.Run(r.name, func(t *testing.T) {
			var got strings.Builder
			fmt.Fprintf(&got, "# sha256 %x\n# @xterm/headless 6.0.0\n", sha256.Sum256(r.text))
			play(t, r.text, func(s *Screen, step step) {
				if step.command == "show" {
					got.WriteString(show(s))
				}
			})
			if !bytes.Equal(head(got.String()), head(r.golden)) {
				t.Fatalf("the golden file was made of another recording, or by another xterm.js: make terminals")
			}
			compare(t, got.String(), r.golden)
		})
	}
}

func head(golden string) []byte {
	lines := strings.SplitAfterN(golden, "\n", 3)
	return []byte(strings.Join(lines[:min(2, len(lines))], ""))
}

// compare tells the first line that differs.
func compare(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	screen := 0
	for i := range max(len(g), len(w)) {
		var a, b string
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if strings.HasPrefix(a, "screen ") {
			screen++
		}
		if a != b {
			t.Fatalf("screen %d, golden line %d\n got %s\nwant %s", screen, i+1, a, b)
		}
	}
}

// show writes a screen as oracle.js does.
func show(s *Screen) string {
	var b strings.Builder
	columns, rows := s.Size()
	c := s.Cursor()
	fmt.Fprintf(&b, "screen %dx%d cursor %d,%d", columns, rows, c.Column, c.Row)
	if !c.Visible {
		b.WriteString(" hidden")
	}
	if c.Shape != DefaultCursor {
		b.WriteString(" " + []string{"", "block", "underline", "bar"}[c.Shape])
	}
	if c.Blink {
		b.WriteString(" blink")
	}
	if s.Alternate() {
		b.WriteString(" alternate")
	}
	b.WriteByte('\n')
	for y := range rows {
		line := s.Line(y)
		runs := showRuns(line)
		switch {
		case line.Wrapped:
			fmt.Fprintf(&b, "%d+:%s\n", y, runs)
		case runs != "":
			fmt.Fprintf(&b, "%d:%s\n", y, runs)
		}
	}
	return b.String()
}

func showRuns(l Line) string {
	var b strings.Builder
	// Styles can differ in what is not to be seen, so runs are put together anew.
	runs := l.Runs()
	for i := 0; i < len(runs); {
		text, looks := "", showStyle(runs[i].Style)
		j := i
		for ; j < len(runs) && showStyle(runs[j].Style) == looks; j++ {
			text += runs[j].Text
		}
		if j == len(runs) && looks == "" {
			text = strings.TrimRight(text, " ")
		}
		if text != "" {
			fmt.Fprintf(&b, " %d\"%s\"", runs[i].Column, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text))
			if looks != "" {
				fmt.Fprintf(&b, "{%s}", looks)
			}
		}
		i = j
	}
	return b.String()
}

func showStyle(s Style) string {
	var words []string
	for i, name := range []string{"bold", "faint", "italic", "blink", "reverse", "invisible", "strike", "overline"} {
		if s.Attributes&(1<<i) != 0 {
			words = append(words, name)
		}
	}
	color := func(name string, c Color) {
		if n, ok := c.Index(); ok {
			words = append(words, fmt.Sprintf("%s=%d", name, n))
		} else if r, g, b, ok := c.Parts(); ok {
			words = append(words, fmt.Sprintf("%s=#%02x%02x%02x", name, r, g, b))
		}
	}
	if s.Underline != NoUnderline {
		words = append(words, fmt.Sprintf("underline=%d", s.Underline))
		color("line", s.UnderlineColor)
	}
	color("fg", s.Foreground)
	color("bg", s.Background)
	return strings.Join(words, " ")
}
