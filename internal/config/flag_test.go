package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// other returns a value for a key, in YAML, that is not its default.
func other(t *testing.T, f field) string {
	t.Helper()
	switch {
	case f.typ == reflect.TypeFor[List]():
		return "none"
	case f.enum != nil && f.enum[len(f.enum)-1] != f.standard:
		return f.enum[len(f.enum)-1]
	case f.enum != nil:
		return f.enum[0]
	case f.typ == reflect.TypeFor[Duration]():
		return "59s"
	case f.typ == reflect.TypeFor[Size]():
		return f.limit
	case f.typ == reflect.TypeFor[Share]():
		return "16MiB"
	case f.typ == reflect.TypeFor[Moment]():
		return "2031-05-06"
	case f.typ == reflect.TypeFor[Startups]():
		return "77"
	case f.typ == reflect.TypeFor[Key]():
		return "{env: SSHTRAIL_TEST_KEY}"
	case f.typ == reflect.TypeFor[[]Key]():
		return "[{env: SSHTRAIL_TEST_KEY}]"
	case isSecret(f.typ):
		return "'" + testHash + "'"
	case f.isListOfBlocks():
		return "[{name: x}]"
	}
	switch f.typ.Kind() {
	case reflect.Bool:
		return fmt.Sprint(f.standard != "true")
	case reflect.Int:
		if n, err := strconv.Atoi(f.limit); err == nil && n < 41 {
			return f.limit
		}
		return "41"
	case reflect.String:
		return "/other"
	case reflect.Slice:
		return "[other]"
	}
	t.Fatalf("no other value for %s of type %v", f.key, f.typ)
	return ""
}

// decode decodes without the checks that a single key can't pass.
func decode(t *testing.T, text string) *Config {
	t.Helper()
	var document yaml.Node
	if err := yaml.Load([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	c := defaults()
	d := decoder{source: newSource("f")}
	d.block("", document.Content[0], reflect.ValueOf(c).Elem())
	if len(d.problems) > 0 {
		t.Fatalf("%s: %v", text, d.problems)
	}
	return c
}

// ContainerSSH has a flag that nothing reads. Here every key changes its own value, and
// the hash, and nothing else.
func TestEveryKeyChangesItsValue(t *testing.T) {
	t.Setenv("SSHTRAIL_TEST_KEY", newKeyPEM(t))
	keys, hashes := 0, map[string]string{defaults().Hash(): "the defaults"}
	walk(reflect.TypeFor[Config](), "", func(path string, f field) {
		if f.isBlock() || strings.Contains(path, "[]") {
			return
		}
		keys++
		text := other(t, f)
		for _, name := range reversed(strings.Split(path, ".")) {
			text = "{" + name + ": " + text + "}"
		}
		c := decode(t, text)
		before, after := flat(t, defaults()), flat(t, c)
		for at := range after {
			if changed := before[at] != after[at]; changed != (at == path) {
				t.Errorf("%s: %s is %s, was %s", text, at, after[at], before[at])
			}
		}
		if twin := hashes[c.Hash()]; twin != "" {
			t.Errorf("%s and %s have the same hash", path, twin)
		}
		hashes[c.Hash()] = path
	})
	if keys < 60 {
		t.Errorf("%d keys were tried, want all of at least 60", keys)
	}
}

func reversed(s []string) []string {
	r := make([]string, len(s))
	for i := range s {
		r[len(s)-1-i] = s[i]
	}
	return r
}

// flat returns every key's value as JSON by its path.
func flat(t *testing.T, c *Config) map[string]string {
	t.Helper()
	values := map[string]string{}
	var descend func(path string, v any)
	descend = func(path string, v any) {
		if block, ok := v.(map[string]any); ok {
			for key, value := range block {
				descend(join(path, key), value)
			}
			return
		}
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		values[path] = string(data)
	}
	descend("", simplify(reflect.ValueOf(c).Elem()))
	return values
}

func TestEveryKeyIsDocumented(t *testing.T) {
	walk(reflect.TypeFor[Config](), "", func(path string, f field) {
		if f.key == "" || f.doc == "" {
			t.Errorf("%s: key %q, doc %q: must have both", path, f.key, f.doc)
		}
		if f.typ.Kind() == reflect.Int && (f.minimum == "" || f.limit == "") {
			t.Errorf("%s has no limits", path)
		}
	})
}
