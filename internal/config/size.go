package config

import (
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes, written "128KiB", "5MiB", "1GiB" or as a plain number.
type Size int64

// sizeUnits are the units of a Size, largest first.
func sizeUnits() []struct {
	name  string
	bytes int64
} {
	return []struct {
		name  string
		bytes int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}
}

// UnmarshalText reads a size. KB, MB and GB are errors: they mean 1000 to some and 1024
// to others.
func (s *Size) UnmarshalText(text []byte) error {
	number, factor := string(text), int64(1)
	for _, u := range sizeUnits() {
		if n, ok := strings.CutSuffix(number, u.name); ok {
			number, factor = n, u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/factor {
		return faultf("write a number of bytes, or a whole number with KiB, MiB or GiB", "%q is no size", text)
	}
	*s = Size(n * factor)
	return nil
}

// MarshalText writes s so that UnmarshalText reads it.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String is s in the largest unit that it is a whole number of.
func (s Size) String() string {
	for _, u := range sizeUnits() {
		if s > 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}
