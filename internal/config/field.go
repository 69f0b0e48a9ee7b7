package config

import (
	"encoding"
	"reflect"
	"strings"

	"github.com/sshtrail/sshtrail/internal/auth"
)

// field is one key, as the tags of a struct's field describe it.
type field struct {
	key            string
	index          int
	doc            string
	differs        string
	standard       string // the default, as YAML
	hasStandard    bool
	enum, later    []string
	minimum, limit string
	typ            reflect.Type
}

// fieldsOf returns the keys of a block, in the order of its struct.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		key := f.Tag.Get("yaml")
		if key == "-" {
			continue
		}
		standard, has := f.Tag.Lookup("default")
		fields = append(fields, field{
			key: key, index: i, typ: f.Type,
			doc: f.Tag.Get("doc"), differs: f.Tag.Get("differs"),
			standard: standard, hasStandard: has,
			enum: commas(f.Tag.Get("enum")), later: commas(f.Tag.Get("later")),
			minimum: f.Tag.Get("min"), limit: f.Tag.Get("max"),
		})
	}
	return fields
}

func commas(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// isText reports whether values of a type are made from text: durations, sizes, secrets.
func isText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// isSecret reports whether values of a type may be given as {file: …} or {env: …} also.
func isSecret(t reflect.Type) bool {
	return t == reflect.TypeFor[Secret]() || t == reflect.TypeFor[Key]() || t == reflect.TypeFor[auth.PasswordHash]()
}

// isBlock reports whether the key has keys of its own below it.
func (f field) isBlock() bool { return f.typ.Kind() == reflect.Struct && !isText(f.typ) }

// required reports whether a file must have the key where it has its block.
func (f field) required() bool { return !f.hasStandard && !f.isBlock() }

// isListOfBlocks reports whether the key has a list of blocks.
func (f field) isListOfBlocks() bool {
	return f.typ.Kind() == reflect.Slice && f.typ.Elem().Kind() == reflect.Struct && !isText(f.typ.Elem())
}

// walk calls visit for every key below a block, in order, with its path. The items of a
// list of blocks have the path "users[]".
func walk(t reflect.Type, path string, visit func(path string, f field)) {
	for _, f := range fieldsOf(t) {
		at := join(path, f.key)
		visit(at, f)
		switch {
		case f.isBlock():
			walk(f.typ, at, visit)
		case f.isListOfBlocks():
			walk(f.typ.Elem(), at+"[]", visit)
		}
	}
}
