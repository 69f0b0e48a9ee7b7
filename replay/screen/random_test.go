package screen

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// chance makes recordings of chance: mostly of sequences that are known, with arguments
// around the edges of the screen.
type chance struct {
	*rand.Rand
	columns, rows int
	out           strings.Builder
}

// randomRecording returns a recording of so many steps. It keeps off what xterm.js is
// known to do differently, see the package's comment, or wrongly: relative moves in origin mode, and
// ED 1 in the lower right corner, screens of one row, and tab stops
// that were set before the size changed.
func randomRecording(seed uint64, steps int) string {
	c := &chance{Rand: rand.New(rand.NewPCG(seed, 0))}
	c.columns, c.rows = 2+c.IntN(40), 2+c.IntN(14)
	fmt.Fprintf(&c.out, "# chance, seed %d\nsize %d %d\n", seed, c.columns, c.rows)
	for range steps {
		switch c.IntN(40) {
		case 0:
			c.out.WriteString("show\n")
		case 1:
			c.columns, c.rows = 2+c.IntN(40), 2+c.IntN(14)
			fmt.Fprintf(&c.out, "resize %d %d\n", c.columns, c.rows)
		default:
			fmt.Fprintf(&c.out, "out \"%s\"\n", quote(c.output()))
		}
	}
	c.out.WriteString("show\n")
	return c.out.String()
}

func quote(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func (c *chance) pick(from ...string) string { return from[c.IntN(len(from))] }

func (c *chance) number() string {
	switch c.IntN(5) {
	case 0:
		return ""
	case 1:
		return fmt.Sprint(c.IntN(4))
	case 2:
		return fmt.Sprint(c.columns - 2 + c.IntN(5))
	}
	return fmt.Sprint(c.IntN(max(c.columns, c.rows) + 2))
}

func (c *chance) text() string {
	var b strings.Builder
	for range 1 + c.IntN(12) {
		b.WriteString(c.pick("a", "b", "c ", " ", "x\u0301", "é", "漢", "字", "😀", "👩\u200d👧", "❤\ufe0f", "q", "~", "\uff21", "hello ", "\ufffd"))
	}
	return b.String()
}

func (c *chance) output() string {
	switch c.IntN(16) {
	case 0, 1, 2, 3, 4:
		return c.text()
	case 5, 6:
		return c.pick("\r", "\n", "\r\n", "\b", "\t", "\v", "\x1b(0lqqk\x1b(B", "\x1b)0\x0eqx~\x0f", "\x1b(A#\x1b(B", "\a")
	case 7:
		return c.pick("\x1bD", "\x1bE", "\x1bM", "\x1b7", "\x1b8", "\x1b[m\x1b#8", "\u0084", "\u0085", "\x1b[!p")
	case 8:
		return "\x1b[" + c.style() + "m"
	case 9:
		return c.pick("\x1b[?7lhello hello hello hello hello 漢\x1b[?7h", "\x1b[4h", "\x1b[4l", "\x1b[?25l", "\x1b[?25h", "\x1b[?45h", "\x1b[?45l", "\x1b[?47h", "\x1b[?47l", "\x1b[?1049h", "\x1b[?1049l", "\x1b[?1048h", "\x1b[?1048l", "\x1b[4 q", "\x1b[5 q")
	case 10:
		return "\x1b[" + c.number() + ";" + c.number() + c.pick("r", "H", "H", "f")
	case 11:
		return "\x1b[" + c.pick("", "2", "0", "3") + "J"
	case 12:
		return "\x1b[" + c.pick("", "1", "2", "3") + "K"
	case 13:
		return "\x1b]" + c.pick("0;title ✓", "2;t", "52;c;?") + c.pick("\a", "\x1b\\") + c.pick("", "\x1bPq#0~\x1b\\", "\x1b_G\x1b\\", "\x1b[<u", "\x1b[>1;2m", "\x1b[?1;2;3$p")
	default:
		return c.text() + "\x1b[" + c.number() + c.pick("@", " @", "A", " A", "B", "C", "D", "E", "F", "G", "I", "L", "M", "P", "S", "T", "X", "Z", "`", "a", "b", "d", "e", "g", "s", "u", "'}", "'~", "d", "K")
	}
}

func (c *chance) style() string {
	var b strings.Builder
	for i := range 1 + c.IntN(3) {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(c.pick("", "0", "1", "2", "3", "4", "4:3", "4:0", "5", "7", "8", "9", "21", "22", "23", "24", "25", "27", "28", "29", "31", "42", "39", "49", "53", "55", "94", "105",
			"38;5;200", "48;5;17", "38;2;1;2;3", "48;2;255;0;9", "38:5:9", "48:2::9:8:7", "58:5:3", "58:2::1:1:1"))
	}
	return b.String()
}

var update = flag.Bool("update", false, "write testdata/random-*.txt; make terminals does it")

// TestRandomRecordingsAreWhatTheirSeedsSay keeps what xterm.js was asked, so that more can be
// asked with other seeds.
func TestRandomRecordingsAreWhatTheirSeedsSay(t *testing.T) {
	for seed := range uint64(10) {
		file := fmt.Sprintf("testdata/random-%d.txt", seed)
		want := []byte(randomRecording(seed, 80))
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the seed makes (%v): make terminals", file, err)
		}
	}
}
