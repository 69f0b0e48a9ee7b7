package quiet

import (
	"errors"
	"log/slog"
	"strings"
	"syscall"
)

// kind is where in the program a message comes from: its words are the program's own.
type kind struct {
	level   slog.Level
	message string
}

// cause is what makes two messages the same.
type cause struct {
	kind
	root   string // "" if there is none
	isText bool   // root was made of text, which a peer may have had a hand in
}

// limit is how many messages are told in an interval. One without a cause is no fault
// but something that happened to one connection.
func (c cause) limit() int {
	if c.root == "" && c.level < slog.LevelWarn {
		return maxPlain
	}
	return 1
}

// Coded is a value for "reason" or "error" that says by itself which cause it is, out of
// a closed set.
type Coded interface{ Cause() string }

// causeOf finds the cause of a message in its attributes "reason" and "error". A reason
// that is Coded goes before all else.
func causeOf(r slog.Record) cause {
	c := cause{kind: kind{r.Level, r.Message}}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != "reason" && a.Key != "error" {
			return true
		}
		v := a.Value.Resolve().Any()
		if coded, ok := v.(Coded); ok {
			c.root, c.isText = coded.Cause(), false
			return false
		}
		c.root, c.isText = root(v)
		return true
	})
	return c
}

// root is what is at the bottom of an error: the system's number for it, where there is
// one, and else its text without what is particular about it.
func root(v any) (root string, isText bool) {
	var text string
	switch v := v.(type) {
	case error:
		var number syscall.Errno
		if errors.As(v, &number) {
			return "errno " + number.Error(), false
		}
		text = v.Error()
	case string:
		text = v
	default:
		return "", false
	}
	return general(text), true
}

// maxRoot bounds the text that is kept of a cause.
const maxRoot = 128

// general leaves out of a text what differs from one time to the next: what is quoted,
// and words with digits or with the marks of paths and addresses.
func general(text string) string {
	var b strings.Builder
	quoted := false
	for word := range strings.FieldsSeq(text[:min(len(text), 8*maxRoot)]) {
		marks := strings.Count(word, `"`) - strings.Count(word, `\"`)
		if !quoted && marks == 0 && !strings.ContainsAny(word, "0123456789/\\@[]") && b.Len()+len(word) < maxRoot {
			b.WriteString(word)
			b.WriteByte(' ')
		}
		if marks%2 != 0 {
			quoted = !quoted
		}
	}
	return b.String()
}
