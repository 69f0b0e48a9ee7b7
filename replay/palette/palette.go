// Package palette is the colours in which recordings are shown.
//
// There are two sets, for who likes light letters on dark ground and for who likes the other. Both are
// calm: the lightness of a colour is what has it read, and its hue what has it told from others.
package palette

import (
	"fmt"
	"strings"

	"github.com/sshtrail/sshtrail/replay/screen"
)

// Theme is a set of colours. Each is as CSS has it, #rrggbb.
type Theme struct {
	Ground, Letters string     // what is default
	Basic           [16]string // the first ones of a terminal's palette
}

// Dark is for light letters on dark ground.
func Dark() Theme {
	return Theme{"#15181d", "#d4d8df", [16]string{
		"#2c323c", "#e0707a", "#8fbf7f", "#d9b36c", "#6fa8dc", "#b98ad6", "#62b5b5", "#b9bfca",
		"#6d7684", "#f08d95", "#a9d69a", "#ebcb8b", "#90c2f0", "#d1a8ea", "#86d3d1", "#f2f4f8",
	}}
}

// Light is for dark letters on light ground. Its whites are not white: they are
// letters more often than ground.
func Light() Theme {
	return Theme{"#fbfaf7", "#2b3038", [16]string{
		"#3a4049", "#b23a48", "#3f7d3a", "#8f6a10", "#2d64b3", "#7d46a3", "#1e7a80", "#8a9099",
		"#6f7681", "#c94f5c", "#4f9450", "#a57d1f", "#3f7fd0", "#9559c0", "#2a9298", "#40464f",
	}}
}

// Variables returns a theme as CSS variables: --ground, --letters, --c0 to --c15.
func (t Theme) Variables() string {
	var b strings.Builder
	fmt.Fprintf(&b, "--ground:%s;--letters:%s", t.Ground, t.Letters)
	for i, c := range t.Basic {
		fmt.Fprintf(&b, ";--c%d:%s", i, c)
	}
	return b.String()
}

// Fixed returns a colour that is the same in both themes, as #rrggbb; "" for one that is
// not: the default one, and those of Basic.
func Fixed(c screen.Color) string {
	if r, g, b, ok := c.Parts(); ok {
		return rgb(r, g, b)
	}
	n, ok := c.Index()
	switch {
	case !ok || n < 16:
		return ""
	case n < 232: // a cube of six steps, as xterm has it
		n -= 16
		return rgb(step(n/36), step(n/6%6), step(n%6))
	}
	grey := 8 + 10*(n-232)
	return rgb(grey, grey, grey)
}

func step(n uint8) uint8 {
	if n == 0 {
		return 0
	}
	return 55 + 40*n
}

func rgb(r, g, b uint8) string { return fmt.Sprintf("#%02x%02x%02x", r, g, b) }
