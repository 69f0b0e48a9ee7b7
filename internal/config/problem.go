package config

import (
	"errors"
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	File    string // as it was named to Load or Parse
	Line    int    // from 1; of the key, or of the block that lacks it; 0 for the whole file
	Column  int    // from 1; 0 for the whole file
	Key     string // "audit.s3.bucket", "auth.users[0].name"; empty for the whole file
	Message string // what is wrong. It never holds a secret's value
	Remedy  string // what to do about it
}

// Error returns "file:line: key: message; remedy".
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Key != "" {
		b.WriteString(": " + p.Key)
	}
	b.WriteString(": " + p.Message)
	if p.Remedy != "" {
		b.WriteString("; " + p.Remedy)
	}
	return b.String()
}

// Problems is everything that is wrong with a configuration, in the order of the file.
type Problems []Problem

// Error returns one line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap makes each problem reachable for errors.As.
func (p Problems) Unwrap() []error {
	errs := make([]error, len(p))
	for i, one := range p {
		errs[i] = one
	}
	return errs
}

// fault is what is wrong with a value, by a type that does not know where it stands.
type fault struct{ what, hint string }

func faultf(hint, format string, args ...any) error {
	return &fault{fmt.Sprintf(format, args...), hint}
}

func (f *fault) Error() string { return f.what }

// Hint says what to do about it.
func (f *fault) Hint() string { return f.hint }

// hint returns what err says to do, whichever package it is from.
func hint(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}
