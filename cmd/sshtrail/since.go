package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/sshtrail/sshtrail/storage"
)

// since is a time that a listing begins at. Ids begin with the time of their connection (RFC 9562, section 5.7), so
// that a store is asked for no log before it.
type since struct{ time.Time }

// Set reads a time, or how long ago it was.
func (s *since) Set(text string) error {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			s.Time = t
			return nil
		}
	}
	ago, err := time.ParseDuration(text)
	if err != nil || ago < 0 {
		return errors.New("give 2026-01-31, 2026-01-31T12:00:00Z, or 36h for so long ago")
	}
	s.Time = time.Now().Add(-ago)
	return nil
}

// String is the time, or nothing.
func (s *since) String() string {
	if s.IsZero() {
		return ""
	}
	return s.Format(time.RFC3339)
}

// Type is for help.
func (*since) Type() string { return "time" }

// name returns the first name that a log from then on can have.
func (s *since) name() storage.Name {
	if ms := s.UnixMilli(); !s.IsZero() && ms > 0 {
		return storage.Name(fmt.Sprintf("%012x", ms))
	}
	return ""
}
