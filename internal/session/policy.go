package session

import (
	"fmt"
	"path"
	"strings"
)

// Policy says what clients may ask for. The zero value lets no variable in.
type Policy struct {
	// Env lists the names of the variables that a client may set (RFC 4254 §6.4).
	// They are patterns with * and ?, like LC_*.
	Env []string
}

// Limits on variables, for one channel. OpenSSH has 128 variables too; its clients send
// a handful of some bytes each.
const (
	maxEnv      = 128
	maxEnvBytes = 64 << 10 // names and values together
)

// Validate says which of the patterns can't be one.
func (p Policy) Validate() error {
	for _, pattern := range p.Env {
		if _, err := path.Match(pattern, "NAME"); err != nil || pattern == "" {
			return fmt.Errorf("pattern %q for variables: write a name, in which * and ? stand for others, like LC_*", pattern)
		}
	}
	return nil
}

func (p Policy) allowsEnv(name string) bool {
	for _, pattern := range p.Env {
		if ok, err := path.Match(pattern, name); err == nil && ok {
			return true
		}
	}
	return false
}

// envName reports whether s is a name that every shell can have a variable of.
func envName(s string) bool {
	const letters = "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return s != "" && strings.Trim(s, letters+"0123456789") == "" && strings.ContainsRune(letters, rune(s[0]))
}
