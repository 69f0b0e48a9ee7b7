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
	Basic           [16]string // the first ones of a terminal's palette, as letters on Ground
	Grounds         [16]string // the same behind letters: such as dark and light ones can be read on
	Black, White    string     // letters on one of Grounds
}

// Dark is for light letters on dark ground.
func Dark() Theme {
	return Theme{Ground: "#15181d", Letters: "#d4d8df", Basic: [16]string{
		"#2c323c", "#e0707a", "#8fbf7f", "#d9b36c", "#6fa8dc", "#b98ad6", "#62b5b5", "#b9bfca",
		"#6d7684", "#f08d95", "#a9d69a", "#ebcb8b", "#90c2f0", "#d1a8ea", "#86d3d1", "#f2f4f8",
	}, Grounds: [16]string{
		"#08090b", "#c6535b", "#4f8642", "#997326", "#3d7cb8", "#9a62b5", "#378486", "#b9bfca",
		"#3a414d", "#d47d82", "#62a551", "#bd8d2f", "#649acb", "#b085c5", "#44a2a6", "#e6e9ee",
	}, Black: "#0b0d10", White: "#f6f7f9"}
}

// Light is for dark letters on light ground: what a program writes in white is dark too.
func Light() Theme {
	return Theme{Ground: "#fbfaf7", Letters: "#2b3038", Basic: [16]string{
		"#3a4049", "#b23a48", "#3f7d3a", "#8f6a10", "#2d64b3", "#7d46a3", "#1e7a80", "#8a9099",
		"#6f7681", "#c94f5c", "#4f9450", "#a57d1f", "#3f7fd0", "#9559c0", "#2a9298", "#40464f",
	}, Grounds: [16]string{
		"#dedbd4", "#e9bec1", "#aed3a5", "#e2c58c", "#b0cce5", "#d7c0e2", "#97d3d5", "#cfd3d8",
		"#c9c6c0", "#f1d4d5", "#c8e1c1", "#ebd8b1", "#cadced", "#e4d5eb", "#bae2e3", "#e4e6e9",
	}, Black: "#16191e", White: "#2b3038"}
}

// Variables returns a theme as CSS variables: --ground, --letters, --black, --white, --c0 to --c15, and
// --g0 to --g15 for grounds.
func (t Theme) Variables() string {
	var b strings.Builder
	fmt.Fprintf(&b, "--ground:%s;--letters:%s;--black:%s;--white:%s", t.Ground, t.Letters, t.Black, t.White)
	for i := range t.Basic {
		fmt.Fprintf(&b, ";--c%d:%s;--g%d:%s", i, t.Basic[i], i, t.Grounds[i])
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
