package binary

import (
	"reflect"
	"strings"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/cbor"
)

// A shape is how a Go type of package event stands in a message. The table of events
// is turned into shapes once; writing, checking, decoding and the view of foreign
// files all walk them, so that the four can't disagree.
type shape struct {
	form     form
	max      uint64  // of a uint
	nullable bool    // null stands for a nil pointer
	elem     *shape  // of an array
	count    int     // items of an array: at most this many,
	fixed    bool    // or exactly
	limit    int     // bytes of a text, 0 if only the message limits it
	rule     *rule   // of a text, nil if it may be any
	fields   []field // of a map: the known ones, then ours
	known    int     // how many of the fields are known ones
	exact    bool    // a map that has these keys alone: no Raw ones and none of ours
}

// form is what an item is in CBOR.
type form uint8

const (
	formText form = iota
	formBytes
	formUint
	formInt
	formBool
	formArray
	formMap
)

// String names the form for a message to people.
func (f form) String() string {
	return [...]string{"text", "bytes", "unsigned integer", "integer", "boolean", "array", "map"}[f]
}

// field is one key of a map.
type field struct {
	event.Field
	head    string // the key in CBOR
	rawHead string // the key + "Raw" in CBOR
	shape   *shape
}

// payload is the shape of a row's payload, or of an extension's data.
type payload struct {
	row *event.Row
	*shape
}

// payloads has every row of the table.
var payloads = payloadTable()

type payloadIndex struct {
	byType      map[event.Type]*payload
	byExtension map[string]*payload
	types       []event.Type // ascending
}

func payloadTable() payloadIndex {
	p := payloadIndex{byType: map[event.Type]*payload{}, byExtension: map[string]*payload{}}
	for i := range event.Table() {
		row := &event.Table()[i]
		s := &payload{row, mapShape(row.Fields, row.Extension == summaryName)}
		if row.Extension != "" {
			p.byExtension[row.Extension] = s
			continue
		}
		p.byType[row.Type] = s
		p.types = append(p.types, row.Type)
	}
	return p
}

// of returns the payload of a row.
func (p *payloadIndex) of(row *event.Row) *payload {
	if row.Extension != "" {
		return p.byExtension[row.Extension]
	}
	return p.byType[row.Type]
}

func mapShape(fields []event.Field, exact bool) *shape {
	s := &shape{form: formMap, exact: exact}
	for _, f := range fields {
		if !f.Ours {
			s.known++
		}
		fs := shapeOf(f.Type, exact)
		fs.rule = ruleOf(f)
		if exact {
			limitSummary(f.Key, fs)
		}
		s.fields = append(s.fields, field{
			Field:   f,
			head:    string(cbor.AppendText(nil, f.Key)),
			rawHead: string(cbor.AppendText(nil, f.Key+rawSuffix)),
			shape:   fs,
		})
	}
	return s
}

// limitSummary gives the keys of a summary the limits that they have there.
func limitSummary(key string, s *shape) {
	switch key {
	case "channels":
		s.count = maxChannels
	case "index":
		s.count = maxPoints
	case "program":
		s.limit = maxProgram
	}
}

func shapeOf(t reflect.Type, exact bool) *shape {
	switch t.Kind() {
	case reflect.Pointer:
		s := shapeOf(t.Elem(), exact)
		s.nullable = true
		return s
	case reflect.String:
		return &shape{form: formText}
	case reflect.Bool:
		return &shape{form: formBool}
	case reflect.Int64:
		return &shape{form: formInt}
	case reflect.Uint8: // only event.Stream: other bytes come in slices
		return &shape{form: formUint, max: uint64(event.Stderr)}
	case reflect.Uint32, reflect.Uint64:
		return &shape{form: formUint, max: 1<<t.Bits() - 1}
	case reflect.Struct:
		return mapShape(event.FieldsOf(t), exact)
	case reflect.Array:
		return &shape{form: formArray, elem: shapeOf(t.Elem(), exact), count: t.Len(), fixed: true}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return &shape{form: formBytes}
		}
		return &shape{form: formArray, elem: shapeOf(t.Elem(), exact), count: maxItems}
	}
	panic("binary: an event has a field of type " + t.String() + ", which has no form in the format")
}

// validName reports whether name can be an extension's: 1 to 64 of a–z 0–9 and -.
func validName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return len(name) >= 1 && len(name) <= maxName
}

// extensionName returns NAME of NAME@sshtrail, and whether requestType is that.
func extensionName(requestType string) (string, bool) {
	name, ok := strings.CutSuffix(requestType, extensionSuffix)
	return name, ok && validName(name)
}
