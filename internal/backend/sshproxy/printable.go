package sshproxy

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// printable is an error whose text may have the other side's bytes in it, like the names
// of the algorithms that it offers. What is not printable is shown as in Go's strings.
type printable struct{ error }

func (p printable) Error() string {
	var b strings.Builder
	for s := p.error.Error(); s != ""; {
		r, n := utf8.DecodeRuneInString(s)
		if unicode.IsPrint(r) && (r != utf8.RuneError || n > 1) {
			b.WriteString(s[:n])
		} else {
			quoted := fmt.Sprintf("%q", s[:n])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		s = s[n:]
	}
	return b.String()
}

func (p printable) Unwrap() error { return p.error }
