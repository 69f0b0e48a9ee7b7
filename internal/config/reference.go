package config

import (
	"os"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"
)

// reference reads a secret that is given as {file: PATH} or {env: NAME}. One newline at
// the end of a file belongs to the file.
func (d *decoder) reference(path string, node *yaml.Node, t reflect.Type) (string, bool) {
	entries := d.pairs(path, node)
	if len(entries) != 1 || entries[0].value.Kind != yaml.ScalarNode || isNull(entries[0].value) || entries[0].value.Value == "" {
		d.problem(path, "write {file: PATH} or {env: NAME}", "is not a reference to a secret")
		return "", false
	}
	name := entries[0].value.Value
	switch entries[0].key.Value {
	case "file":
		return d.secretFile(path, name, t)
	case "env":
		value, ok := os.LookupEnv(name)
		if !ok {
			d.problem(path, "set it for the gateway's process", "environment variable %q is not set", name)
		}
		return value, ok
	}
	// Which key is there is not said: it may be the secret, written in braces.
	d.problem(path, "write {file: PATH} or {env: NAME}", "what stands here is not where a secret can come from")
	return "", false
}

func (d *decoder) secretFile(path, name string, t reflect.Type) (string, bool) {
	var data []byte
	var err error
	if t == reflect.TypeFor[Key]() {
		data, err = readPrivate(name)
	} else {
		data, _, err = readFile(name)
	}
	if err != nil {
		d.bad(path, err)
		return "", false
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if text == "" {
		d.problem(path, "put the secret into it", "file %q is empty", name)
		return "", false
	}
	return text, true
}
