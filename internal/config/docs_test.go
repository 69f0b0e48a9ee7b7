package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"go.yaml.in/yaml/v4"
)

var update = flag.Bool("update", false, "write the generated documents in docs")

func TestDocumentsAreUpToDate(t *testing.T) {
	for name, want := range map[string][]byte{"configuration.md": Markdown(), "config.schema.json": Schema()} {
		path := filepath.Join("..", "..", "docs", name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("docs/%s is out of date: go test ./internal/config -update", name)
		}
	}
}

// examples returns the YAML blocks of the reference.
func examples(t *testing.T) [][]byte {
	t.Helper()
	t.Setenv("TARGET_PASSWORD", "opensesame")
	t.Setenv("ALICE_PASSWORD_HASH", testHash)
	var found [][]byte
	for _, m := range regexp.MustCompile(`(?s)~~~yaml\n(.*?)~~~`).FindAllSubmatch(Markdown(), -1) {
		found = append(found, m[1])
	}
	if len(found) < 2 {
		t.Fatalf("the reference has %d examples, want at least 2", len(found))
	}
	return found
}

func TestExamplesAreGood(t *testing.T) {
	for i, example := range examples(t) {
		if _, err := Parse("example", example); err != nil {
			t.Errorf("example %d: %v", i, err)
		}
	}
}

func loadSchema(t *testing.T) *jsonschema.Resolved {
	t.Helper()
	var s jsonschema.Schema
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true})
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

func instance(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := yaml.Load(text, &v); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(data, &plain); err != nil {
		t.Fatal(err)
	}
	return plain
}

func TestSchemaAcceptsExamples(t *testing.T) {
	schema := loadSchema(t)
	for i, example := range examples(t) {
		if err := schema.Validate(instance(t, example)); err != nil {
			t.Errorf("example %d: %v", i, err)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	schema := loadSchema(t)
	for _, text := range []string{
		"{}",
		"{backend: local, metrics: {enable: true}}",
		"{backend: docker}",
		"{backend: local, audit: {sync: 5}}",
		"{backend: local, audit: {sync: 5 minutes}}",
		"{backend: local, audit: {block: 1}}",
		"{backend: local, audit: {format: []}}",
		"{backend: local, audit: {format: xml}}",
		"{backend: local, ssh: {maxAuthTries: 0}}",
		"{backend: local, ssh: {hostkeys: [{path: x}]}}",
		"{backend: local, auth: {users: [{keys: []}]}}",
	} {
		if schema.Validate(instance(t, []byte(text))) == nil {
			t.Errorf("the schema accepts %s", text)
		}
	}
}
