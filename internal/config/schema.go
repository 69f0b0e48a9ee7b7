package config

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema returns the JSON Schema (draft 2020-12) of the configuration file, for editors
// that complete and check. What it accepts may still be wrong: it knows each key by
// itself, and not what they mean to each other.
func Schema() []byte {
	root := blockSchema(reflect.TypeFor[Config]())
	root.Schema = "https://json-schema.org/draft/2020-12/schema"
	root.Title = "Configuration of sshtrail"
	data, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic("config: " + err.Error()) // it is made of plain values
	}
	return append(data, '\n')
}

// blockSchema describes a struct, with no keys but its own.
func blockSchema(t reflect.Type) *jsonschema.Schema {
	block := &jsonschema.Schema{
		Type:                 "object",
		Properties:           map[string]*jsonschema.Schema{},
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
	}
	for _, f := range fieldsOf(t) {
		s := fieldSchema(f.typ, f)
		s.Description = f.doc
		s.Default = f.standardJSON()
		block.Properties[f.key] = s
		block.PropertyOrder = append(block.PropertyOrder, f.key)
		if f.required() {
			block.Required = append(block.Required, f.key)
		}
	}
	return block
}

// fieldSchema describes a value of type t, with the limits of f.
func fieldSchema(t reflect.Type, f field) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[Duration]():
		zero := 0.0
		return &jsonschema.Schema{Types: []string{"string", "integer"}, Pattern: `^(0|([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+)$`, Minimum: &zero, Maximum: &zero}
	case reflect.TypeFor[Size]():
		low, high := float64(mustText[Size](f.minimum)), float64(mustText[Size](f.limit))
		return &jsonschema.Schema{Types: []string{"string", "integer"}, Pattern: `^[0-9]+ *(KiB|MiB|GiB)?$`, Minimum: &low, Maximum: &high}
	case reflect.TypeFor[Share]():
		low := float64(minShare)
		return &jsonschema.Schema{Types: []string{"string", "integer"}, Pattern: `^([1-9][0-9]? *%|100 *%|[0-9]+ *(KiB|MiB|GiB)?)$`, Minimum: &low}
	case reflect.TypeFor[Moment]():
		return &jsonschema.Schema{Type: "string", Pattern: `^([0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?)?$`}
	case reflect.TypeFor[Startups]():
		one := 1.0
		return &jsonschema.Schema{Types: []string{"string", "integer"}, Pattern: `^[0-9]+(:[0-9]+:[0-9]+)?$`, Minimum: &one}
	case reflect.TypeFor[Address]():
		zero, last := 0.0, 65535.0
		return &jsonschema.Schema{Types: []string{"string", "integer"}, Minimum: &zero, Maximum: &last}
	case reflect.TypeFor[List]():
		item := fieldSchema(reflect.TypeFor[string](), f)
		one := 1
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{item, {Type: "array", Items: item, MinItems: &one}}}
	}
	switch {
	case isSecret(t):
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, referenceSchema("file"), referenceSchema("env")}}
	case t.Kind() == reflect.Struct:
		return blockSchema(t)
	case t.Kind() == reflect.Slice:
		return &jsonschema.Schema{Type: "array", Items: fieldSchema(t.Elem(), f)}
	case t.Kind() == reflect.Bool:
		return &jsonschema.Schema{Type: "boolean"}
	case t.Kind() == reflect.Int:
		low, high := float64(number(f.minimum)), float64(number(f.limit))
		return &jsonschema.Schema{Type: "integer", Minimum: &low, Maximum: &high}
	case t.Kind() == reflect.String:
		s := &jsonschema.Schema{Type: "string"}
		for _, value := range f.enum {
			s.Enum = append(s.Enum, value)
		}
		return s
	}
	panic(fmt.Sprintf("config: type %v, which nothing describes", t))
}

// referenceSchema describes {file: PATH} or {env: NAME}.
func referenceSchema(from string) *jsonschema.Schema {
	one := 1
	return &jsonschema.Schema{
		Type:                 "object",
		Properties:           map[string]*jsonschema.Schema{from: {Type: "string", MinLength: &one}},
		Required:             []string{from},
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
	}
}

// standardJSON returns the default as JSON, and nil for blocks, secrets and what is required.
func (f field) standardJSON() json.RawMessage {
	if !f.hasStandard || isSecret(f.typ) {
		return nil
	}
	v := reflect.New(f.typ).Elem()
	f.fill(v)
	data, err := json.Marshal(simplify(v))
	if err != nil {
		panic("config: " + err.Error()) // it is made of plain values
	}
	return data
}
