package asciicast

import (
	"strconv"
	"unicode/utf8"
)

// Header is the first line of a cast. Texts are empty where there is none.
type Header struct {
	Version       Version
	Columns, Rows int
	Timestamp     int64 // of time 0, in seconds since 1970
	Command       string
	Title         string
	Term, Shell   string // TERM and SHELL; of nothing else in the environment is there a word
}

// append appends the line.
func (h *Header) append(dst []byte) []byte {
	dst = append(dst, `{"version": `...)
	dst = strconv.AppendInt(dst, int64(h.Version), 10)
	if h.Version == V3 {
		dst = appendNumber(dst, `, "term": {"cols": `, h.Columns)
		dst = appendNumber(dst, `, "rows": `, h.Rows)
		dst = appendField(dst, `, "type": `, h.Term)
		dst = append(dst, '}')
	} else {
		dst = appendNumber(dst, `, "width": `, h.Columns)
		dst = appendNumber(dst, `, "height": `, h.Rows)
	}
	dst = append(dst, `, "timestamp": `...)
	dst = strconv.AppendInt(dst, h.Timestamp, 10)
	dst = appendField(dst, `, "command": `, h.Command)
	dst = appendField(dst, `, "title": `, h.Title)
	return append(h.appendEnv(dst), "}\n"...)
}

// appendEnv appends the environment. Version 3 has TERM elsewhere.
func (h *Header) appendEnv(dst []byte) []byte {
	term := h.Term
	if h.Version == V3 {
		term = ""
	}
	switch {
	case term != "" && h.Shell != "":
		dst = appendField(dst, `, "env": {"TERM": `, term)
		dst = appendField(dst, `, "SHELL": `, h.Shell)
	case term != "":
		dst = appendField(dst, `, "env": {"TERM": `, term)
	case h.Shell != "":
		dst = appendField(dst, `, "env": {"SHELL": `, h.Shell)
	default:
		return dst
	}
	return append(dst, '}')
}

func appendField(dst []byte, key, text string) []byte {
	if text == "" {
		return dst
	}
	return appendString(append(dst, key...), text)
}

func appendNumber(dst []byte, key string, n int) []byte {
	return strconv.AppendInt(append(dst, key...), int64(n), 10)
}

// maxText is how much is kept of a command or another text: the log has the whole of it.
const maxText = 1024

// brief returns at most maxText bytes of s, and no part of a character, to be kept.
func brief(s string) string {
	if len(s) <= maxText {
		return s
	}
	n := maxText
	for n > maxText-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// The size of a terminal that says none, and the largest: no larger than what package
// screen shows, since players keep every cell.
const (
	usualColumns, usualRows     = 80, 24
	largestColumns, largestRows = 1000, 500
)

// sized is a size as it was asked for. A zero says nothing (RFC 4254 §6.2).
func sized(asked uint32, before, largest int) int {
	if asked == 0 {
		return before
	}
	return int(min(asked, uint32(largest)))
}
