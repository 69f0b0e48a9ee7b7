package config

import "time"

// Moment is a point in time, written "2030-01-31", which is its beginning in UTC, or
// "2030-01-31T12:00:00Z" (RFC 3339). Empty is none.
type Moment struct{ t time.Time }

// Time returns m as package time has it, its zero if there is none.
func (m Moment) Time() time.Time { return m.t }

// IsZero reports whether there is none.
func (m Moment) IsZero() bool { return m.t.IsZero() }

// UnmarshalText reads a date, or a date and time.
func (m *Moment) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*m = Moment{}
		return nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, string(text)); err == nil {
			*m = Moment{t.UTC()}
			return nil
		}
	}
	return faultf("write 2030-01-31, or 2030-01-31T12:00:00Z", "%q is no date", text)
}

// MarshalText writes m so that UnmarshalText reads it.
func (m Moment) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// String is m as RFC 3339 has it, or "".
func (m Moment) String() string {
	if m.t.IsZero() {
		return ""
	}
	return m.t.Format(time.RFC3339)
}
