package faults

import (
	"bytes"
	"sync"
	"time"
)

// clock tells the time of a test.
type clock func() time.Time

// stream is what one side has received, and when.
type stream struct {
	at clock

	mu    sync.Mutex
	b     bytes.Buffer
	marks []mark
	dead  int // what had come when the gateway died
}

// mark says how much had come at a time.
type mark struct {
	at   time.Time
	size int
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b.Write(p)
	s.marks = append(s.marks, mark{s.at(), s.b.Len()})
	return len(p), nil
}

// all returns what has come.
func (s *stream) all() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.b.Bytes())
}

// until returns what had come at a time.
func (s *stream) until(at time.Time) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	size := 0
	for _, m := range s.marks {
		if !m.at.After(at) {
			size = m.size
		}
	}
	return bytes.Clone(s.b.Bytes()[:size])
}

// die notes that what comes from now on is not the gateway's any more.
func (s *stream) die() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = s.b.Len()
}

// whenDead returns what had come when the gateway died.
func (s *stream) whenDead() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.b.Bytes()[:s.dead])
}
