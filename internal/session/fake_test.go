package session

import (
	"context"
	"io"
	"sync"

	"github.com/sshtrail/sshtrail/internal/backend"
)

// fakeHost hands out one program after the other, and remembers what was asked.
type fakeHost struct {
	start func(context.Context, backend.Command) (backend.Process, error)

	mu       sync.Mutex
	commands []backend.Command
	closed   bool
}

func (h *fakeHost) Start(ctx context.Context, cmd backend.Command) (backend.Process, error) {
	h.mu.Lock()
	h.commands = append(h.commands, cmd)
	h.mu.Unlock()
	return h.start(ctx, cmd)
}

func (h *fakeHost) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	return nil
}

func (h *fakeHost) String() string { return "fake:alice" }

// fakeProcess is a program whose other half is the test.
type fakeProcess struct {
	stdin    *io.PipeReader
	stdout   *io.PipeWriter
	stderr   *io.PipeWriter
	streams  backend.Streams
	exit     chan backend.Exit
	closed   chan struct{}
	closing  sync.Once
	sizes    []backend.Size
	signals  []string
	closings int
}

func newFakeProcess() *fakeProcess {
	p := &fakeProcess{exit: make(chan backend.Exit, 1), closed: make(chan struct{})}
	p.stdin, p.streams.Stdin = io.Pipe()
	p.streams.Stdout, p.stdout = io.Pipe()
	p.streams.Stderr, p.stderr = io.Pipe()
	return p
}

func (p *fakeProcess) Streams() backend.Streams    { return p.streams }
func (p *fakeProcess) Resize(s backend.Size) error { p.sizes = append(p.sizes, s); return nil }
func (p *fakeProcess) Signal(name string) error    { p.signals = append(p.signals, name); return nil }

func (p *fakeProcess) Wait() (backend.Exit, error) {
	select {
	case e := <-p.exit:
		return e, nil
	case <-p.closed:
		return backend.Exit{Signal: "KILL"}, nil
	}
}

func (p *fakeProcess) Close() error {
	p.closing.Do(func() {
		p.closings++
		close(p.closed)
		_ = p.stdin.Close()
		_ = p.stdout.Close()
		_ = p.stderr.Close()
	})
	return nil
}
