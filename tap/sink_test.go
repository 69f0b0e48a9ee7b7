package tap_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/sshtrail/sshtrail/event"
)

// memory is a Sink that keeps a copy of all events, as lines, and of the streams.
type memory struct {
	fail func(body event.Body) error // nil: record

	mu      sync.Mutex
	lines   []string
	bodies  []event.Body
	streams map[string]*bytes.Buffer
	skipped map[string]uint64
	ended   bool
	changed chan struct{}
}

func newMemory() *memory {
	return &memory{streams: map[string]*bytes.Buffer{}, skipped: map[string]uint64{}, changed: make(chan struct{})}
}

var errEnded = errors.New("sink has ended")

func (m *memory) Emit(channel uint64, body event.Body) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return errEnded
	}
	if m.fail != nil {
		if err := m.fail(body); err != nil {
			return err
		}
	}
	if io, ok := body.(*event.IO); ok {
		key := fmt.Sprintf("%d/%d", channel, io.Stream)
		m.skipped[key] += io.Skipped
		if m.streams[key] == nil {
			m.streams[key] = new(bytes.Buffer)
		}
		m.streams[key].Write(io.Data)
	} else {
		c := reflect.New(reflect.TypeOf(body).Elem())
		c.Elem().Set(reflect.ValueOf(body).Elem())
		m.bodies = append(m.bodies, c.Interface().(event.Body))
		m.lines = append(m.lines, fmt.Sprintf("%s %+v", strings.TrimPrefix(fmt.Sprintf("%T", body), "*event."), c.Elem()))
	}
	_, m.ended = body.(*event.Disconnect)
	close(m.changed)
	m.changed = make(chan struct{})
	return nil
}

// await returns when cond, called with the lock held, is true.
func (m *memory) await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for {
		m.mu.Lock()
		ok, changed := cond(), m.changed
		m.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-t.Context().Done():
			t.Fatalf("waiting for %s; recorded:\n%s", what, m)
		}
	}
}

func (m *memory) String() string { return strings.Join(m.lines, "\n") }

// find returns the recorded bodies of one kind.
func find[B event.Body](m *memory) []B {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []B
	for _, b := range m.bodies {
		if b, ok := b.(B); ok {
			found = append(found, b)
		}
	}
	return found
}

func (m *memory) stream(channel int, s event.Stream) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if b := m.streams[fmt.Sprintf("%d/%d", channel, s)]; b != nil {
		return b.String()
	}
	return ""
}
