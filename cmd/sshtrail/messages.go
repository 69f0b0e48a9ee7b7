package main

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// messages is where the gateway's messages for the operator are written to. Whoever
// reads them may be slow, or gone: that must hold up nobody, so they wait in a queue,
// and what does not fit is counted and told later.
type messages struct {
	out     io.Writer
	queue   chan []byte
	dropped atomic.Int64  // since that was told last
	lost    atomic.Uint64 // since the beginning
	stopped chan struct{} // closed when the queue is written

	mu     sync.RWMutex // a message is not queued while the queue is closed
	closed bool
}

const (
	maxMessages = 1024
	// lastMessages is how long the reader has, at the end, to take what is left.
	lastMessages = time.Second
)

func newMessages(out io.Writer) *messages {
	m := &messages{out: out, queue: make(chan []byte, maxMessages), stopped: make(chan struct{})}
	go m.write() // ends after close
	return m
}

// Write queues one message. It never fails and never waits.
func (m *messages) Write(p []byte) (int, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return len(p), nil
	}
	select {
	case m.queue <- []byte(harmless(string(p))): // package slog leaves a DEL as it is
	default:
		m.dropped.Add(1)
		m.lost.Add(1)
	}
	return len(p), nil
}

func (m *messages) write() {
	defer close(m.stopped)
	for p := range m.queue {
		if n := m.dropped.Swap(0); n > 0 {
			fmt.Fprintf(m.out, "level=WARN msg=\"messages were dropped: their reader is too slow\" messages=%d\n", n)
		}
		m.out.Write(p) // a reader that has gone has no need of it
	}
}

// close writes what is left, for a second at most.
func (m *messages) close() {
	m.mu.Lock()
	m.closed = true
	close(m.queue)
	m.mu.Unlock()
	select {
	case <-m.stopped:
	case <-time.After(lastMessages):
	}
}
