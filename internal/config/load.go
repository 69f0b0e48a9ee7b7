package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Load reads the configuration in a file, YAML or JSON, and the files that it names
// secrets in. Its error is always [Problems].
func Load(path string) (*Config, error) {
	data, _, err := readFile(path)
	if err != nil {
		return nil, Problems{{File: path, Message: err.Error(), Remedy: hint(err)}}
	}
	return Parse(path, data)
}

// Parse is Load of data; name is what problems call it.
func Parse(name string, data []byte) (*Config, error) {
	d := &decoder{source: newSource(name)}
	c := defaults()
	if root := d.parse(data); root != nil {
		d.block("", root, reflect.ValueOf(c).Elem())
		if !d.has("audit.journal") {
			c.Audit.Journal = filepath.Join(c.State, "journal")
		}
		c.validate(d.source)
	}
	if len(d.problems) > 0 {
		return nil, d.sorted()
	}
	return c, nil
}

// parse reads the one document that there must be, or notes why it can't. An empty one
// has no keys.
func (d *decoder) parse(data []byte) *yaml.Node {
	var document yaml.Node
	if len(bytes.TrimSpace(data)) == 0 {
		return &yaml.Node{Kind: yaml.MappingNode}
	}
	err := yaml.Load(data, &document)
	if err == nil && len(document.Content) == 1 {
		root := document.Content[0]
		if root.Kind == yaml.MappingNode || isNull(root) {
			return root
		}
	}
	p := Problem{File: d.file, Message: "holds no single block of keys", Remedy: "write one YAML document, or one JSON object"}
	var at *yaml.LoadError
	if errors.As(err, &at) {
		p.Line, p.Column, p.Message = at.Mark.Line, at.Mark.Column, at.Message
		p.Remedy = "mend the YAML: check indentation, quotes and brackets here and above"
		if strings.Contains(p.Message, "anchor") { // the one message that repeats what is written there
			p.Message, p.Remedy = "an alias (*) has no finished anchor (&) before it", "put a text that begins with * into quotes"
		}
	}
	d.problems = append(d.problems, p)
	return nil
}

// StateFolder returns the folder for the state of a gateway that somebody runs for
// themselves: sshtrail in $XDG_STATE_HOME or, where that is not an absolute path, in
// ~/.local/state (XDG Base Directory Specification).
func StateFolder(getenv func(string) string) (string, error) {
	if base := getenv("XDG_STATE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "sshtrail"), nil
	}
	if home := getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "sshtrail"), nil
	}
	return "", fmt.Errorf("find folder for state: neither XDG_STATE_HOME nor HOME is an absolute path: %w", os.ErrNotExist)
}
