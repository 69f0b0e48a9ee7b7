package s3

import (
	"errors"
	"fmt"
	"maps"
)

// isVital reports whether a change may not be made without its being in the state file: after a
// restart another one would be lost or only make more work.
func (c change) isVital() bool { return c.Begin != nil || c.Forget != nil || c.Freed > 0 }

// note makes a change of a log's progress, in its state file and then here. With durable a power cut
// does not undo it.
func (s *Store) note(l *log, c change, durable bool) error {
	st := s.stateOf(l)
	if st == nil {
		return errors.New("note a change of a log that nobody has taken")
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	err := st.append(c, durable, func() *progress { return s.after(l, c) })
	if err != nil {
		err = fmt.Errorf("write state of log: %w", err)
	}
	if err != nil && c.isVital() {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l.p.apply(c)
	l.changed()
	return err
}

func (s *Store) stateOf(l *log) *stateFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	return l.file
}

// after is a copy of l's progress after a change.
func (s *Store) after(l *log, c change) *progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := *l.p
	p.parts = maps.Clone(p.parts)
	p.apply(c)
	return &p
}

// now is a copy of l's progress, and the size that the log has.
func (s *Store) now(l *log) (progress, int64) {
	p := s.after(l, change{})
	s.mu.Lock()
	defer s.mu.Unlock()
	return *p, l.size
}
