package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// source knows where each key of a file stands and gathers what is wrong with it.
type source struct {
	file     string
	at       map[string]*yaml.Node // by path, the node of the key, or of the item of a list
	problems Problems
}

func newSource(file string) *source {
	return &source{file: file, at: map[string]*yaml.Node{}}
}

// has reports whether the file has the key, whatever its value.
func (s *source) has(path string) bool { return s.at[path] != nil }

// problem notes what is wrong with a key. One that is not in the file stands where its block does.
func (s *source) problem(path, remedy, format string, args ...any) {
	p := Problem{File: s.file, Key: path, Message: fmt.Sprintf(format, args...), Remedy: remedy}
	for ; path != ""; path = parent(path) {
		if node := s.at[path]; node != nil {
			p.Line, p.Column = node.Line, node.Column
			break
		}
	}
	s.problems = append(s.problems, p)
}

// bad notes an error of a value, with its own hint.
func (s *source) bad(path string, err error) {
	s.problem(path, hint(err), "%v", err)
}

// sorted returns the problems in the order of the file, those of the whole file first.
func (s *source) sorted() Problems {
	slices.SortStableFunc(s.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return s.problems
}

// parent returns the path of the block or list that path stands in.
func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}

// join returns the path of a key. One that is no plain name is quoted, so that it can't
// forge a line.
func join(path, key string) string {
	for _, c := range []byte(key) {
		if c <= ' ' || c > '~' {
			key = strconv.QuoteToASCII(key)
			break
		}
	}
	if path == "" {
		return key
	}
	return path + "." + key
}
