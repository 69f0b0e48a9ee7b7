package gateway

import (
	"bytes"
	"net"
	"os"
	"sync"
	"time"
)

// drained is a client's end of a net.Pipe, which has no buffer: it takes what comes at
// once, as a kernel does. A client that takes nothing is none for a bubble: the library then
// waits for a mutex, and that stops the bubble's time.
type drained struct {
	net.Conn
	holding bool
	held    []byte // written while holding

	mu       sync.Mutex
	changed  chan struct{} // closed at the next change
	got      bytes.Buffer
	err      error
	deadline time.Time
}

func drain(c net.Conn) *drained {
	d := &drained{Conn: c, changed: make(chan struct{})}
	go d.pump() // ends when c is closed
	return d
}

// change changes something, and wakes who waits.
func (d *drained) change(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
	close(d.changed)
	d.changed = make(chan struct{})
}

func (d *drained) pump() {
	b := make([]byte, 32<<10)
	for {
		n, err := d.Conn.Read(b)
		d.change(func() {
			d.got.Write(b[:n])
			if err != nil {
				d.err = err
			}
		})
		if err != nil {
			return
		}
	}
}

// await waits until something holds, without the lock while it waits.
func (d *drained) await(holds func() bool) {
	for {
		d.mu.Lock()
		ok, changed := holds(), d.changed
		d.mu.Unlock()
		if ok {
			return
		}
		<-changed
	}
}

func (d *drained) Read(p []byte) (int, error) {
	timer := time.AfterFunc(time.Until(d.deadline), func() { d.change(func() {}) })
	defer timer.Stop()
	d.await(func() bool { return d.got.Len() > 0 || d.err != nil || !time.Now().Before(d.deadline) })
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.got.Len() > 0:
		return d.got.Read(p)
	case d.err != nil:
		return 0, d.err
	}
	return 0, os.ErrDeadlineExceeded
}

// Write keeps what is written while holding, so that it arrives at once.
func (d *drained) Write(p []byte) (int, error) {
	if d.holding {
		d.held = append(d.held, p...)
		return len(p), nil
	}
	return d.Conn.Write(p)
}

// release writes what was held.
func (d *drained) release() error {
	held := d.held
	d.holding, d.held = false, nil
	_, err := d.Conn.Write(held)
	return err
}

// SetDeadline is for writing, and for reading from what was taken.
func (d *drained) SetDeadline(t time.Time) error {
	d.deadline = t
	return d.Conn.SetWriteDeadline(t)
}

func (d *drained) Close() error {
	err := d.Conn.Close()
	d.change(func() { d.err = net.ErrClosed })
	return err
}
