package palette

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/replay/screen"
)

func TestFixed(t *testing.T) {
	for c, want := range map[screen.Color]string{
		0: "", screen.Indexed(0): "", screen.Indexed(15): "", screen.Indexed(16): "#000000", screen.Indexed(21): "#0000ff", screen.Indexed(67): "#5f87af",
		screen.Indexed(231): "#ffffff", screen.Indexed(232): "#080808", screen.Indexed(255): "#eeeeee", screen.RGB(1, 2, 255): "#0102ff",
	} {
		if got := Fixed(c); got != want {
			t.Errorf("Fixed(%x) = %q, want %q", uint32(c), got, want)
		}
	}
}

// TestLettersCanBeRead wants each colour but black to stand out from the ground, by the contrast that
// WCAG 2.2 §1.4.11 asks for, and letters by that of §1.4.6.
func TestLettersCanBeRead(t *testing.T) {
	for name, theme := range map[string]Theme{"dark": Dark(), "light": Light()} {
		if c := contrast(t, theme.Letters, theme.Ground); c < 7 {
			t.Errorf("%s: the letters have a contrast of %.1f", name, c)
		}
		for i, colour := range theme.Basic[1:] {
			if c := contrast(t, colour, theme.Ground); c < 3 {
				t.Errorf("%s: colour %d has a contrast of %.1f", name, i+1, c)
			}
		}
		for i, ground := range theme.Grounds {
			black, white := contrast(t, theme.Black, ground), contrast(t, theme.White, ground)
			if i != 0 && i != 8 && black < 3.5 || i < 7 && white < 3.5 {
				t.Errorf("%s: on ground %d black has a contrast of %.1f, white of %.1f", name, i, black, white)
			}
		}
		if v := theme.Variables(); strings.Count(v, "#") != 36 || !strings.Contains(v, ";--c15:"+theme.Basic[15]) {
			t.Errorf("%s: variables %q", name, v)
		}
	}
}

// contrast is WCAG 2.2's contrast ratio.
func contrast(t *testing.T, a, b string) float64 {
	light := func(c string) float64 {
		var sum float64
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			var n int
			if _, err := fmt.Sscanf(c[1+2*i:3+2*i], "%02x", &n); err != nil || len(c) != 7 {
				t.Fatalf("colour %q: %v", c, err)
			}
			v := float64(n) / 255
			if v = v / 12.92; n > 10 {
				v = math.Pow((float64(n)/255+0.055)/1.055, 2.4)
			}
			sum += weight * v
		}
		return sum
	}
	x, y := light(a), light(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
