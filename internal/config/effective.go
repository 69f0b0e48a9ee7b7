package config

import (
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/sshtrail/sshtrail/internal/auth"
)

// Hash returns the SHA-256, in hexadecimal, of the effective configuration as JSON: of
// every key, whether it is in the file or not, in alphabetical order. Two gateways with
// one hash do the same. It can be shown to anybody: passwords and access keys are in it
// only as set or not set, so that nobody can try guesses against it; hashes of passwords
// are in it as they are, and private keys as fingerprints.
func (c *Config) Hash() string {
	plain := simplify(reflect.ValueOf(c).Elem()).(map[string]any)
	plain["embedded"] = c.Embedded
	data, err := json.Marshal(plain)
	if err != nil {
		panic("config: " + err.Error()) // maps, lists and scalars can be marshalled
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// simplify makes maps, lists and scalars of a block.
func simplify(v reflect.Value) any {
	if hash, ok := v.Interface().(auth.PasswordHash); ok {
		return hash.Reveal()
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		if err != nil {
			panic("config: " + err.Error()) // ours never fail
		}
		return string(text)
	}
	switch v.Kind() {
	case reflect.Struct:
		block := map[string]any{}
		for _, f := range fieldsOf(v.Type()) {
			block[f.key] = simplify(v.Field(f.index))
		}
		return block
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = simplify(v.Index(i))
		}
		return list
	case reflect.String, reflect.Bool, reflect.Int:
		return v.Interface()
	}
	panic(fmt.Sprintf("config: type %v, which nothing simplifies", v.Type()))
}
