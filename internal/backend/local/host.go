//go:build linux

package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"github.com/sshtrail/sshtrail/internal/backend"
)

// host is one user on this machine.
type host struct {
	config  Config
	account account
	client  backend.Client
	census  *census

	mu        sync.Mutex
	closed    bool
	processes map[*process]struct{}
	starting  sync.WaitGroup // added to under mu while not closed
}

func newHost(c Config, a account, client backend.Client, all *census) *host {
	return &host{config: c, account: a, client: client, census: all, processes: make(map[*process]struct{})}
}

func (h *host) String() string { return "local:" + h.account.name }

// errHostClosed is for a client that is gone.
var errHostClosed = errors.New("start program: the connection is closed")

func (h *host) Start(ctx context.Context, cmd backend.Command) (backend.Process, error) {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil, errHostClosed
	}
	h.starting.Add(1)
	h.mu.Unlock()
	defer h.starting.Done()

	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start program: %w", err)
	}
	p, err := h.start(cmd, rand.Text())
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.processes[p] = struct{}{}
	p.forget = func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.processes, p)
	}
	return p, nil
}

// Close ends all programs at once, each with its own grace.
func (h *host) Close() error {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.starting.Wait()
	h.mu.Lock()
	processes := make([]*process, 0, len(h.processes))
	for p := range h.processes {
		processes = append(processes, p)
	}
	h.mu.Unlock()
	errs := make([]error, len(processes))
	var wg sync.WaitGroup
	for i, p := range processes {
		wg.Go(func() { errs[i] = p.Close() })
	}
	wg.Wait()
	return errors.Join(errs...)
}
