package config

import (
	"fmt"
	"io"
	"log/slog"
)

// hidden is what is shown of a secret.
const hidden = "***"

// Secret is a value that is shown to nobody: every way to print it gives ***. In the
// file it is a string, {file: PATH} or {env: NAME}; it is read when the configuration is.
type Secret struct {
	// A pointer, because package fmt follows no pointer inside a struct: also where a
	// Secret is a field that fmt can't call methods on, it prints an address.
	value *string
	// file is where it came from, nil if from no file. A pointer so that a name is not printed
	// that was a secret in the wrong place.
	file *string
}

// NewSecret returns a secret of that value.
func NewSecret(value string) Secret { return Secret{value: &value} }

// Reveal returns the value: "" if none was set.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Current returns the value as it is now: one from a file is read again, so that it can be
// replaced while the gateway runs.
func (s Secret) Current() (string, error) {
	if s.file == nil {
		return s.Reveal(), nil
	}
	return readSecret(*s.file)
}

// IsSet reports whether there is a value that is not empty.
func (s Secret) IsSet() bool { return s.Reveal() != "" }

// UnmarshalText takes text as the value.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}

// MarshalText returns *** for a secret that is set and nothing for one that is not;
// JSON and YAML use it too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String returns *** for a secret that is set and "" for one that is not.
func (s Secret) String() string {
	if !s.IsSet() {
		return ""
	}
	return hidden
}

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// Format is String for every verb: %d of a string field would print it.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is String for package slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
