package config

import "testing"

func FuzzParse(f *testing.F) {
	for _, seed := range []string{base, "", "{}", "a: &a [*a]", "<<: [{a: 1}, *x]", "audit: &x {<<: *x}", "auth: {users: [{name: a, password: {env: PATH}}]}", "? [a]: b", "!!binary x: y"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("fuzz", data)
		if (c == nil) == (err == nil) {
			t.Fatalf("Parse() = %v, %v", c, err)
		}
		if c != nil && len(c.Hash()) != 64 {
			t.Fatalf("Hash() = %q", c.Hash())
		}
	})
}
