package config

import (
	"fmt"
	"time"
)

// Duration is a time.Duration that is written "100ms", "30s" or "1h30m" in the file.
type Duration time.Duration

// UnmarshalText reads a duration. A number without a unit is an error unless it is 0,
// since seconds and nanoseconds would both be a guess.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return faultf("write a number with a unit: 100ms, 30s, 5m, 1h", "%q is no duration", text)
	}
	if v < 0 {
		return faultf("write a duration from 0 up", "%q is negative", text)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes d so that UnmarshalText reads it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String is d as time.Duration writes it, without trailing zero units: "1h", not "1h0m0s".
func (d Duration) String() string {
	switch v := time.Duration(d); {
	case v == 0:
		return "0"
	case v%time.Hour == 0:
		return fmt.Sprintf("%dh", v/time.Hour)
	case v%time.Minute == 0:
		return fmt.Sprintf("%dm", v/time.Minute)
	default:
		return v.String()
	}
}

// Duration returns d as package time has it.
func (d Duration) Duration() time.Duration { return time.Duration(d) }
