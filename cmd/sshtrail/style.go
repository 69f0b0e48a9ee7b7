package main

import (
	"io"
	"os"

	"golang.org/x/term"

	"github.com/sshtrail/sshtrail/codec/binary"
)

// screen is what a command knows of where its output goes.
type screen struct {
	terminal bool
	colours  bool
	width    int // columns, where it is a terminal
}

// screenOf looks at where w goes. NO_COLOR (no-color.org) and TERM=dumb mean no colours.
func screenOf(w io.Writer, getenv func(string) string) screen {
	f, ok := w.(*os.File)
	if !ok || !isTerminal(w) {
		return screen{}
	}
	s := screen{terminal: true, width: 80}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		s.width = width
	}
	s.colours = getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
	return s
}

// The colours (ECMA-48 §8.3.117).
const (
	bold   = "1"
	faint  = "2"
	red    = "1;31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

// paint returns text in a colour, if there are any.
func (s screen) paint(colour, text string) string {
	if !s.colours || colour == "" || text == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// verdictColour is red for what nobody should believe.
func verdictColour(v binary.Verdict) string {
	switch v {
	case binary.Complete, binary.Recovered:
		return green
	case binary.Open, binary.Truncated:
		return yellow
	case binary.Foreign:
		return cyan
	}
	return red
}
