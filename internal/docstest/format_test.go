package docstest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/event"
)

var update = flag.Bool("update", false, "write the tables of docs/format.md")

// TestFormatHasEveryKind compares the tables at the end of docs/format.md with the table
// of kinds.
func TestFormatHasEveryKind(t *testing.T) {
	const name, heading = "docs/format.md", "## 10. Every kind, from the code\n\n"
	text := readPage(t, name).text
	before, got, ok := strings.Cut(text, heading)
	if !ok {
		t.Fatalf("%s has no heading %q", name, heading)
	}
	want := kinds()
	if *update {
		got = want
		if err := os.WriteFile(filepath.Join(root, name), []byte(before+heading+want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got != want {
		t.Errorf("%s is out of date: make generate. Its tables should be\n%s", name, want)
	}
	for _, r := range event.Table() {
		if r.Extension != "" && !strings.Contains(before, "`"+r.Extension+"`") {
			t.Errorf("%s does not say what the extension %s is", name, r.Extension)
		}
	}
}

// kinds returns the table of kinds as the page shows it.
func kinds() string {
	var types, extensions strings.Builder
	for _, r := range event.Table() {
		known, ours := keys(r.Fields)
		if r.Extension != "" {
			fmt.Fprintf(&extensions, "| `%s` | %d | %s | %s |\n", r.Extension, r.Type, known, ours)
			continue
		}
		fmt.Fprintf(&types, "| %d | `%s` | %s | %d | %s | %s |\n", r.Type, r.ID, r.Name, r.Kind, known, ours)
	}
	return "Keys marked \\* are ours and always there.\n\n" +
		"| type | typeId | typeName | kind | payload | ours |\n|---|---|---|---|---|---|\n" + types.String() +
		"\n| extension | carrier | data | ours |\n|---|---|---|---|\n" + extensions.String()
}

// keys lists keys with their types: ContainerSSH's, or an extension's own, and ours.
func keys(fields []event.Field) (known, ours string) {
	var lists [2][]string
	for _, f := range fields {
		key, i := fmt.Sprintf("`%s` %s", f.Key, wire(f.Type)), 0
		if f.Ours {
			i = 1
		}
		if f.Always {
			key += "\\*"
		}
		lists[i] = append(lists[i], key)
	}
	return strings.Join(lists[0], ", "), strings.Join(lists[1], ", ")
}

// wire names the type that a Go type has in a log.
func wire(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "bool"
	case reflect.Int64:
		return "int"
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		return "uint"
	case reflect.Pointer:
		return wire(t.Elem()) + " or null"
	case reflect.Struct:
		return "map"
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[" + wire(t.Elem()) + "]"
	}
	return "unknown: " + t.String()
}
