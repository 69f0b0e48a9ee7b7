package config

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// maxNodes limits how many values are looked at: aliases can make a small file huge.
const maxNodes = 200_000

// decoder fills structs from YAML nodes and goes on after a mistake, to find them all.
type decoder struct {
	*source
	nodes int
}

// prefill gives every key below v its default.
func prefill(v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		if f.isBlock() {
			prefill(v.Field(f.index))
		} else {
			f.fill(v.Field(f.index))
		}
	}
}

// fill gives v the default of its key. One that can't be read is a mistake in the tags.
func (f field) fill(v reflect.Value) {
	if f.standard == "" {
		return
	}
	var document yaml.Node
	if err := yaml.Load([]byte(f.standard), &document); err != nil {
		panic(fmt.Sprintf("config: default of %s: %v", f.key, err))
	}
	d := decoder{source: newSource("defaults")}
	d.value(f.key, document.Content[0], v, f)
	if len(d.problems) > 0 {
		panic("config: " + d.problems.Error())
	}
}

// value decodes node into v. What is wrong becomes a problem, and v stays as it is.
func (d *decoder) value(path string, node *yaml.Node, v reflect.Value, f field) {
	if !d.spend() {
		return
	}
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch {
	case isText(v.Type()):
		d.text(path, node, v, f)
	case v.Kind() == reflect.Struct:
		d.block(path, node, v)
	case v.Kind() == reflect.Slice:
		d.list(path, node, v, f)
	default:
		d.scalar(path, node, v, f)
	}
}

// spend counts a value, and is false once there are too many.
func (d *decoder) spend() bool {
	if d.nodes++; d.nodes == maxNodes+1 {
		d.problem("", "use fewer aliases", "has more than %d values", maxNodes)
	}
	return d.nodes <= maxNodes
}

// block decodes a mapping into a struct.
func (d *decoder) block(path string, node *yaml.Node, v reflect.Value) {
	if isNull(node) {
		return // a block whose keys are all commented out
	}
	if node.Kind != yaml.MappingNode {
		d.problem(path, "write its keys below it, indented", "must be a block of keys, not %s", describe(node))
		return
	}
	fields := fieldsOf(v.Type())
	for _, p := range d.pairs(path, node) {
		at := join(path, p.key.Value)
		d.at[at] = p.key
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == p.key.Value })
		if i < 0 {
			d.unknown(path, p, fields)
			continue
		}
		d.value(at, p.value, v.Field(fields[i].index), fields[i])
	}
}

type pair struct{ key, value *yaml.Node }

// pairs returns a mapping's entries; those that it merges (<<) come last, and only the
// ones that it does not have itself.
func (d *decoder) pairs(path string, node *yaml.Node) []pair {
	var own, merged []pair
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if !d.spend() {
			break
		}
		if key.ShortTag() == "!!merge" {
			merged = append(merged, d.merged(path, value)...)
			continue
		}
		if key.Kind != yaml.ScalarNode {
			d.problem(path, "write a name", "a key on line %d is %s", key.Line, describe(key))
			continue
		}
		if line, twice := seen[key.Value]; twice {
			d.at[join(path, key.Value)] = key
			d.problem(join(path, key.Value), "keep one of them", "is given twice, first on line %d", line)
			continue
		}
		seen[key.Value] = key.Line
		own = append(own, pair{key, value})
	}
	for _, p := range merged {
		if _, has := seen[p.key.Value]; !has {
			seen[p.key.Value] = p.key.Line
			own = append(own, p)
		}
	}
	return own
}

// merged returns the entries that a merge key brings, from one mapping or from several,
// of which the first wins.
func (d *decoder) merged(path string, value *yaml.Node) []pair {
	if !d.spend() {
		return nil
	}
	if value.Kind == yaml.AliasNode {
		value = value.Alias
	}
	switch value.Kind {
	case yaml.MappingNode:
		return d.pairs(path, value)
	case yaml.SequenceNode:
		var all []pair
		for _, item := range value.Content {
			all = append(all, d.merged(path, item)...)
		}
		return all
	}
	d.problem(path, "merge a block: <<: *name", "a merge key must bring a block, not %s", describe(value))
	return nil
}

// list decodes a sequence. A scalar is a list of one for the type List.
func (d *decoder) list(path string, node *yaml.Node, v reflect.Value, f field) {
	switch {
	case node.Kind == yaml.SequenceNode:
	case v.Type() == reflect.TypeFor[List]() && node.Kind == yaml.ScalarNode && !isNull(node):
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		d.value(path, node, v.Index(0), f)
		return
	default:
		d.problem(path, "write a list: [a, b], or a line with - for each", "must be a list, not %s", describe(node))
		return
	}
	result := reflect.MakeSlice(v.Type(), len(node.Content), len(node.Content))
	for i, item := range node.Content {
		at := path + "[" + strconv.Itoa(i) + "]"
		d.at[at] = item
		element := result.Index(i)
		if element.Kind() == reflect.Struct && !isText(element.Type()) {
			prefill(element)
		}
		d.value(at, item, element, f)
	}
	v.Set(result)
}

// scalar decodes a string, a bool or an int.
func (d *decoder) scalar(path string, node *yaml.Node, v reflect.Value, f field) {
	if !d.isScalar(path, node) {
		return
	}
	switch v.Kind() {
	case reflect.String:
		if d.isOneOf(path, node.Value, f) {
			v.SetString(node.Value)
		}
	case reflect.Bool:
		b, ok := parseBool(node)
		if !ok {
			d.problem(path, "write true or false", "must be true or false, not %s", describe(node))
			return
		}
		v.SetBool(b)
	case reflect.Int:
		var n int
		if node.ShortTag() != "!!int" || node.Load(&n) != nil {
			d.problem(path, "write a number", "must be a whole number, not %s", describe(node))
			return
		}
		if d.inRange(path, strconv.Itoa(n), int64(n), f, func(s string) int64 { return number(s) }) {
			v.SetInt(int64(n))
		}
	default:
		panic(fmt.Sprintf("config: %s has type %v, which nothing decodes", path, v.Type()))
	}
}

// text decodes what makes itself from text, secrets by way of a file or the environment.
func (d *decoder) text(path string, node *yaml.Node, v reflect.Value, f field) {
	var text string
	if isSecret(v.Type()) && node.Kind == yaml.MappingNode {
		var ok bool
		if text, ok = d.reference(path, node, v.Type()); !ok {
			return
		}
	} else {
		if !d.isScalar(path, node) {
			return
		}
		text = node.Value
	}
	made := reflect.New(v.Type())
	if err := made.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
		d.bad(path, err)
		return
	}
	switch x := made.Interface().(type) {
	case *Secret:
		x.remember(node)
	case *Duration:
		if !d.inRange(path, text, int64(*x), f, func(s string) int64 { return int64(mustText[Duration](s)) }) {
			return
		}
	case *Size:
		if !d.inRange(path, text, int64(*x), f, func(s string) int64 { return int64(mustText[Size](s)) }) {
			return
		}
	}
	v.Set(made.Elem())
}

// inRange checks a number against its field's limits, which parse reads.
func (d *decoder) inRange(path, shown string, n int64, f field, parse func(string) int64) bool {
	low, high := f.minimum, f.limit
	if low != "" && n < parse(low) {
		d.problem(path, fmt.Sprintf("write %s or more", low), "%s is too little", shown)
		return false
	}
	if high != "" && n > parse(high) {
		d.problem(path, fmt.Sprintf("write %s or less", high), "%s is too much", shown)
		return false
	}
	return true
}

// isOneOf checks a string against the values that its field may have.
func (d *decoder) isOneOf(path, value string, f field) bool {
	switch {
	case f.enum == nil || slices.Contains(f.enum, value):
		return true
	case slices.Contains(f.later, value):
		d.problem(path, "use "+orList(f.enum), "%q is not built yet", value)
	default:
		d.problem(path, "use "+orList(f.enum)+didYouMean(value, f.enum), "%q is not known here", value)
	}
	return false
}

// isScalar reports whether node is a single value that is there.
func (d *decoder) isScalar(path string, node *yaml.Node) bool {
	if isNull(node) {
		d.problem(path, `give it one, take the key away, or write "" for an empty one`, "has no value")
		return false
	}
	if node.Kind != yaml.ScalarNode {
		d.problem(path, "write one value", "must be a single value, not %s", describe(node))
		return false
	}
	return true
}
