package auth

import (
	"fmt"
	"io"
	"log/slog"
)

// PasswordHash is the hash of a password in its usual text form, by bcrypt ($2a$, $2b$,
// $2y$) or argon2id ($argon2id$). It is not printed: who has it can guess at leisure.
type PasswordHash struct {
	// A pointer, since package fmt follows none inside a struct.
	text *string
}

// NewPasswordHash returns the hash in text, or what is wrong with it.
func NewPasswordHash(text string) (PasswordHash, error) {
	if text == "" {
		return PasswordHash{}, nil
	}
	if err := checkHash(text); err != nil {
		return PasswordHash{}, err
	}
	return PasswordHash{&text}, nil
}

// IsSet reports whether there is a hash. Without one no password is right.
func (h PasswordHash) IsSet() bool { return h.text != nil }

// Reveal returns the hash's text: "" if there is none.
func (h PasswordHash) Reveal() string {
	if h.text == nil {
		return ""
	}
	return *h.text
}

// UnmarshalText is NewPasswordHash.
func (h *PasswordHash) UnmarshalText(text []byte) error {
	var err error
	*h, err = NewPasswordHash(string(text))
	return err
}

// MarshalText returns *** for a hash that is set and nothing for one that is not.
func (h PasswordHash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// String returns *** for a hash that is set and "" for one that is not.
func (h PasswordHash) String() string {
	if h.text == nil {
		return ""
	}
	return "***"
}

// GoString is String, for %#v.
func (h PasswordHash) GoString() string { return h.String() }

// Format is String for every verb.
func (h PasswordHash) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, h.String()) }

// LogValue is String for package slog.
func (h PasswordHash) LogValue() slog.Value { return slog.StringValue(h.String()) }
