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
	read := readSecret
	if t == reflect.TypeFor[Key]() {
		read = readSecretKey
	}
	text, err := read(name)
	if err != nil {
		d.bad(path, err)
	}
	return text, err == nil
}

// readSecret reads a file that holds a secret.
func readSecret(name string) (string, error) {
	data, _, err := readFile(name)
	return secretIn(data, name, err)
}

// readSecretKey reads a file that holds a private key.
func readSecretKey(name string) (string, error) {
	data, err := readPrivate(name)
	return secretIn(data, name, err)
}

func secretIn(data []byte, name string, err error) (string, error) {
	if err != nil {
		return "", err
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if text == "" {
		return "", faultf("put the secret into it", "file %q is empty", name)
	}
	return text, nil
}

// remember notes where a secret came from, if that is a file: it can be read again.
func (s *Secret) remember(node *yaml.Node) {
	if node.Kind == yaml.MappingNode && len(node.Content) == 2 && node.Content[0].Value == "file" {
		name := node.Content[1].Value
		s.file = &name
	}
}
