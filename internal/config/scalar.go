package config

import (
	"encoding"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" }

// parseBool reads true and false, and what YAML 1.1 had for them as long as it is not
// in quotes: configurations for ContainerSSH may have it.
func parseBool(node *yaml.Node) (value, ok bool) {
	if node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return false, false
	}
	switch strings.ToLower(node.Value) {
	case "true", "yes", "on":
		return true, true
	case "false", "no", "off":
		return false, true
	}
	return false, false
}

// describe says what a value is without showing it: it may be a secret in the wrong place.
func describe(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a block of keys"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return describe(node.Alias)
	}
	switch node.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	}
	return "text"
}

// number reads a limit from a tag.
func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("config: limit %q in a tag is no number", s))
	}
	return n
}

// mustText reads a limit from a tag.
func mustText[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](s string) T {
	var v T
	if err := P(&v).UnmarshalText([]byte(s)); err != nil {
		panic(fmt.Sprintf("config: limit %q in a tag: %v", s, err))
	}
	return v
}
