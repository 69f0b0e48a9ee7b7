package record

import "sync"

// tasks counts what works beside the connections. Unlike a sync.WaitGroup it may be
// added to while somebody waits: a disk can fail at any time.
type tasks struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // closed when n becomes 0, if somebody waits
}

// Go runs f.
func (t *tasks) Go(f func()) {
	t.add()
	go func() { // ends with f; who must know waits
		defer t.done()
		f()
	}()
}

func (t *tasks) add() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
}

func (t *tasks) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n--; t.n == 0 && t.idle != nil {
		close(t.idle)
		t.idle = nil
	}
}

// wait returns a channel that is closed once nothing is at work.
func (t *tasks) wait() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == 0 {
		idle := make(chan struct{})
		close(idle)
		return idle
	}
	if t.idle == nil {
		t.idle = make(chan struct{})
	}
	return t.idle
}
