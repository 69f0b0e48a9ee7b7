package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Share is how much of a disk something may take: a size, or a percentage of the disk, written "80%".
type Share struct {
	Bytes   Size // 0 if it is a percentage
	Percent int  // 0 if it is a size
}

// minShare is the least that is any use: some logs that just began.
const minShare = 16 << 20

// UnmarshalText reads "80%", or a size.
func (s *Share) UnmarshalText(text []byte) error {
	const remedy = "write a percentage from 1% to 100%, or a size from 16MiB"
	if number, ok := strings.CutSuffix(string(text), "%"); ok {
		n, err := strconv.Atoi(strings.TrimSpace(number))
		if err != nil || n < 1 || n > 100 {
			return faultf(remedy, "%q is no share of a disk", text)
		}
		*s = Share{Percent: n}
		return nil
	}
	var size Size
	if err := size.UnmarshalText(text); err != nil || size < minShare {
		return faultf(remedy, "%q is no share of a disk", text)
	}
	*s = Share{Bytes: size}
	return nil
}

// MarshalText writes s so that UnmarshalText reads it.
func (s Share) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String is s as it is written in the file.
func (s Share) String() string {
	if s.Percent > 0 {
		return fmt.Sprintf("%d%%", s.Percent)
	}
	return s.Bytes.String()
}
