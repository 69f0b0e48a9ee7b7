package screen

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// floodSize is what a program prints in a second that prints as fast as it can.
const floodSize = 10 << 20

// floodRecording is that, made of a seed: 10 MiB are too much to be committed. Characters and sequences are
// cut anywhere by the ends of reads.
func floodRecording(seed uint64) []byte {
	c := &chance{Rand: rand.New(rand.NewPCG(seed, 1)), columns: 80, rows: 24}
	var text bytes.Buffer
	for text.Len() < floodSize {
		switch c.IntN(8) {
		case 0:
			text.WriteString("\x1b[" + c.style() + "m")
		case 1:
			text.WriteString(c.text())
		case 2:
			fmt.Fprintf(&text, "\x1b[%d;%dH", 1+c.IntN(c.rows), 1+c.IntN(c.columns))
		default:
			fmt.Fprintf(&text, "%0*d\r\n", c.IntN(120), c.IntN(1<<30))
		}
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "# 10 MiB in one second, seed %d\nsize %d %d\n", seed, c.columns, c.rows)
	for i, rest := 0, text.Bytes(); len(rest) > 0; i++ {
		n := min(1+c.IntN(64<<10), len(rest))
		fmt.Fprintf(&out, "out \"%s\"\n", quote(string(rest[:n])))
		if rest = rest[n:]; i%40 == 0 {
			out.WriteString("show\n")
		}
	}
	out.WriteString("show\n")
	return out.Bytes()
}

// TestFloodLooksAsInXterm plays what is too large for a file. Its golden file says of which bytes it was made.
func TestFloodLooksAsInXterm(t *testing.T) {
	text := floodRecording(1)
	if *update {
		if err := os.WriteFile("../../.tools/xterm/flood.txt", text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	golden, err := os.ReadFile("testdata/flood.golden")
	if err != nil {
		t.Fatalf("%v: make terminals", err)
	}
	var got strings.Builder
	fmt.Fprintf(&got, "# sha256 %x\n# @xterm/headless 6.0.0\n", sha256.Sum256(text))
	play(t, text, func(s *Screen, step step) {
		if step.command == "show" {
			got.WriteString(show(s))
		}
	})
	if !bytes.Equal(head(got.String()), head(string(golden))) {
		t.Fatal("the golden file was made of another recording, or by another xterm.js: make terminals")
	}
	compare(t, got.String(), string(golden))
}
