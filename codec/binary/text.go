package binary

import (
	"bytes"
	"unicode/utf8"

	"github.com/sshtrail/sshtrail/internal/cbor"
)

// SSH strings are bytes, CBOR text is UTF-8. What is not valid is shown as U+FFFD, one
// for each byte, and the bytes as they were stand beside it under the key + "Raw".

const (
	rawSuffix   = "Raw"
	replacement = "\uFFFD"
)

// appendReplaced appends s as CBOR text, with U+FFFD for each byte that is not valid.
// If limit is not 0 the text is cut to at most that many bytes, at a character.
func appendReplaced(dst []byte, s string, limit int) []byte {
	if limit == 0 {
		limit = 3 * len(s)
	}
	n := 0
	for i, size := 0, 0; i < len(s); i += size {
		var r rune
		r, size = utf8.DecodeRuneInString(s[i:])
		if n+utf8.RuneLen(r) > limit {
			s = s[:i]
			break
		}
		n += utf8.RuneLen(r)
	}
	dst = cbor.AppendHead(dst, cbor.MajorText, uint64(n))
	for _, r := range s {
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// replaces reports whether text is what raw becomes when its invalid bytes are
// replaced, and that there is at least one.
func replaces(text, raw []byte) bool {
	return len(raw) < len(text) && replacedPrefix(text, raw) == len(text)
}

// replacedPrefix returns how many bytes at the start of text are raw with its invalid
// bytes replaced, -1 if text begins otherwise.
func replacedPrefix(text, raw []byte) int {
	n := 0
	for len(raw) > 0 {
		r, size := utf8.DecodeRune(raw)
		want := raw[:size]
		if r == utf8.RuneError && size == 1 {
			want = []byte(replacement)
		}
		if !bytes.HasPrefix(text[n:], want) {
			return -1
		}
		n += len(want)
		raw = raw[size:]
	}
	return n
}
