package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Startups limits connections that are not logged in yet, as OpenSSH's MaxStartups
// does: below Start none is refused; from there Rate per cent are, rising to all at Full.
type Startups struct {
	Start, Rate, Full int
}

// UnmarshalText reads "start:rate:full" or one number, which is Start and Full.
func (s *Startups) UnmarshalText(text []byte) error {
	parts := strings.Split(string(text), ":")
	numbers := make([]int, len(parts))
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > 65535 {
			return faultf("write start:rate:full, as 100:30:200, or one number, 1 to 65535", "%q is no limit", text)
		}
		numbers[i] = n
	}
	var v Startups
	switch len(numbers) {
	case 1:
		v = Startups{Start: numbers[0], Rate: 100, Full: numbers[0]}
	case 3:
		v = Startups{Start: numbers[0], Rate: numbers[1], Full: numbers[2]}
	default:
		return faultf("write start:rate:full, as 100:30:200, or one number", "%q has %d parts", text, len(parts))
	}
	if v.Rate > 100 || v.Start > v.Full {
		return faultf("rate is a percentage, and start is not above full", "%q contradicts itself", text)
	}
	*s = v
	return nil
}

// MarshalText writes s so that UnmarshalText reads it.
func (s Startups) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String is s as "start:rate:full".
func (s Startups) String() string { return fmt.Sprintf("%d:%d:%d", s.Start, s.Rate, s.Full) }
