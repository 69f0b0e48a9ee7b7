package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What is in a log was chosen by the person who is audited. The rules of this file are
// for every string that came from there, or from the name of a file:
//
//   - Nothing reaches the output that acts on a terminal, hides there or turns the order
//     of what is around it: no C0 and C1 controls, no DEL, no format characters (the
//     bidirectional controls of UAX #9 are such), no separators but the space.
//   - Two strings that differ are shown differently.
//   - No string looks like one of our own marks, which are in parentheses, or like two cells.

// shown returns s for a line of text: as it is if that can be read in one way only,
// else quoted as in Go's source.
func shown(s string) string {
	if plain(s) {
		return s
	}
	return quote(s)
}

func quote(s string) string {
	if !ascii(s) && stacked(s) {
		return strconv.QuoteToASCII(s)
	}
	return strconv.Quote(s)
}

// word is shown for what has no spaces, as a user's name: one with spaces is quoted, so
// that it can't be taken for two columns.
func word(s string) string {
	if strings.ContainsRune(s, ' ') {
		return quote(s)
	}
	return shown(s)
}

// brief is shown for a text that may be long: of more than most bytes it shows the
// first ones and says how many there are.
func brief(s string, most int) string {
	if len(s) <= most {
		return shown(s)
	}
	return fmt.Sprintf("%s… (%d bytes, decode has them all)", quote(cut(s, most)), len(s))
}

// cut returns at most the first most bytes of s, and no part of a character.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	n := most
	for n > most-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// plain reports whether s is what it looks like.
func plain(s string) bool {
	if s == "" || s == "-" || s[0] == '"' || s[0] == '(' || s[0] == ' ' || s[len(s)-1] == ' ' {
		return false
	}
	if strings.Contains(s, "  ") {
		return false
	}
	if ascii(s) {
		return true
	}
	if !utf8.ValidString(s) || stacked(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// ascii reports whether s has printable characters of ASCII only, as nearly all texts do.
func ascii(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// maxMarks is how many combining marks in a row a writing system may need. A pile of
// them would cover the lines above and below.
const maxMarks = 3

// stacked reports whether marks are in s with nothing of it to stand on, or too many.
func stacked(s string) bool {
	marks := maxMarks // none at the start
	for _, r := range s {
		if !unicode.Is(unicode.M, r) {
			marks = 0
		} else if marks++; marks > maxMarks {
			return true
		}
	}
	return false
}

// harmless is for messages that are composed already: it escapes in place what is not
// to reach a terminal, and keeps line feeds.
func harmless(message string) string {
	var b strings.Builder
	for len(message) > 0 {
		r, size := utf8.DecodeRuneInString(message)
		if r == '\n' || unicode.IsPrint(r) && (r != utf8.RuneError || size > 1) {
			b.WriteString(message[:size])
		} else {
			q := strconv.Quote(message[:size])
			b.WriteString(q[1 : len(q)-1])
		}
		message = message[size:]
	}
	return b.String()
}

// utc is a time of a log for a line of text.
func utc(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05Z") }

// lasting is a duration for people, with three digits that count.
func lasting(ns int64) string {
	d := time.Duration(ns)
	switch {
	case d < 0:
		return "-"
	case d < time.Millisecond:
		return "0s"
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(10 * time.Millisecond).String()
	case d < time.Hour:
		return d.Round(time.Second).String()
	}
	return fmt.Sprintf("%dh%02dm", int64(d.Hours()), int64(d.Minutes())%60)
}

// sized is a number of bytes for people.
func sized(n int64) string {
	if n < 1<<10 {
		return fmt.Sprintf("%dB", n)
	}
	f, unit := float64(n), 0
	for f >= 1<<10 && unit < len("KMGTPE") {
		f /= 1 << 10
		unit++
	}
	if f < 9.95 {
		return fmt.Sprintf("%.1f%cB", f, "KMGTPE"[unit-1])
	}
	return fmt.Sprintf("%.0f%cB", f, "KMGTPE"[unit-1])
}

// counted is a number with what it counts.
func counted(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
