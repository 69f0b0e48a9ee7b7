// Package quiet holds back messages that repeat, and tells how many there were.
//
// What has a cause, a fault, is told at once when it is new, and then once a second at
// most. Each line stands for as many messages as its attribute "repeated" says, or for
// one; so no message is lost, only what was particular about it.
package quiet

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// interval is between two lines of one cause, and the longest that a number waits.
	interval = time.Second
	// maxPlain is how many messages without a cause, of one kind, are told in an interval.
	maxPlain = 100
	// maxCauses bounds the causes that are kept at once, and so memory; maxTexts those of
	// one message that are told apart by text, since peers may choose it.
	maxCauses = 256
	maxTexts  = 8
)

// Handler is a slog.Handler that hands on what does not repeat. It is safe for concurrent use.
type Handler struct {
	next slog.Handler
	*shared
}

// shared is what handlers with other attributes have in common.
type shared struct {
	held atomic.Uint64

	mu     sync.Mutex
	causes map[cause]*repeated
	texts  map[kind]int // causes by text
	closed bool
}

// repeated is a cause that was told within the last interval.
type repeated struct {
	told  int // since the interval began
	held  uint64
	last  slog.Record // the newest that was held
	next  slog.Handler
	timer *time.Timer
}

// New returns a handler that hands on to next. The caller must Close it.
func New(next slog.Handler) *Handler {
	return &Handler{next, &shared{causes: map[cause]*repeated{}, texts: map[kind]int{}}}
}

// HeldBack is how many messages were told as a number only.
func (h *Handler) HeldBack() uint64 { return h.held.Load() }

// Enabled is slog.Handler's.
func (h *Handler) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

// WithAttrs is slog.Handler's.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &Handler{h.next.WithAttrs(attrs), h.shared}
}

// WithGroup is slog.Handler's.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{h.next.WithGroup(name), h.shared}
}

// Handle is slog.Handler's. It tells r, or counts it.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	c := causeOf(r)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return h.next.Handle(ctx, r)
	}
	c = h.known(c)
	p := h.causes[c]
	if p == nil {
		p = &repeated{}
		h.add(c, p)
	}
	if p.told < c.limit() {
		p.told++
		return h.next.Handle(ctx, r)
	}
	p.held++
	p.last, p.next = r.Clone(), h.next
	return nil
}

// known returns c, or what it is counted under when there are too many others.
func (s *shared) known(c cause) cause {
	if s.causes[c] != nil {
		return c
	}
	if c.isText && s.texts[c.kind] >= maxTexts {
		c = cause{kind: c.kind, root: "others"}
	}
	if s.causes[c] == nil && len(s.causes) >= maxCauses {
		c = cause{root: "others"}
	}
	return c
}

func (s *shared) add(c cause, p *repeated) {
	s.causes[c] = p
	if c.isText {
		s.texts[c.kind]++
	}
	p.timer = time.AfterFunc(interval, func() { s.tick(c, p) })
}

// tick ends an interval of a cause: what was held is told as a number, and if there is
// nothing the cause is forgotten.
func (s *shared) tick(c cause, p *repeated) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if p.held > 0 {
		s.tell(p)
		p.told = 1
		p.timer.Reset(interval)
		return
	}
	delete(s.causes, c)
	if c.isText {
		if s.texts[c.kind]--; s.texts[c.kind] == 0 {
			delete(s.texts, c.kind)
		}
	}
}

// tell tells the newest message that was held, in the place of all.
func (s *shared) tell(p *repeated) {
	if p.held > 1 {
		p.last.AddAttrs(slog.Uint64("repeated", p.held))
		s.held.Add(p.held - 1)
	}
	p.next.Handle(context.Background(), p.last) // there is nobody to tell of an error
	p.held, p.last, p.next = 0, slog.Record{}, nil
}

// Close tells what was held. Later messages are handed on, all of them.
func (h *Handler) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for _, p := range h.causes {
		p.timer.Stop()
		if p.held > 0 {
			h.tell(p)
		}
	}
	clear(h.causes)
	clear(h.texts)
}
