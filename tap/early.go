package tap

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// earlyConn holds back what a client sends between the key exchange and the library's
// first word to us. If the library gives up in that time we have no means to end its
// goroutines (see package leftover), so it must not have read more than its queue holds.
type earlyConn struct {
	net.Conn
	keyed  atomic.Bool   // the server has sent its NEWKEYS
	known  chan struct{} // closed when the library has told us of the connection
	closed chan struct{}
	once   [2]sync.Once
	passed int // bytes read since keyed; the library reads from one goroutine
}

const (
	// queued is what fits into the library's queue of 16, in the shortest packets that there
	// are: 4 bytes of length, 6 of content and 16 of an AEAD's tag.
	queued = 15 * 26
	// buffered is the library's buffer (bufio's default). A longer Read is for a packet that
	// does not fit: it has made room for that already.
	buffered = 4096
	// patience is how long the library may take to come to us after that.
	patience = 10 * time.Second

	numberAt   = 5 // of a message, in a packet (RFC 4253 §6)
	msgNewKeys = 21
)

func newEarlyConn(c net.Conn) *earlyConn {
	return &earlyConn{Conn: c, known: make(chan struct{}), closed: make(chan struct{})}
}

// tell says that the library has told us of the connection.
func (e *earlyConn) tell() { e.once[0].Do(func() { close(e.known) }) }

func (e *earlyConn) isKnown() bool {
	select {
	case <-e.known:
		return true
	default:
		return false
	}
}

// Write is net.Conn's. The library writes each packet at once, those before its NEWKEYS
// in plain text.
func (e *earlyConn) Write(p []byte) (int, error) {
	if len(p) > numberAt && p[numberAt] == msgNewKeys {
		e.keyed.Store(true)
	}
	return e.Conn.Write(p)
}

var errHasty = errors.New("the client sent too much before it asked to log in")

// Read is net.Conn's.
func (e *earlyConn) Read(p []byte) (int, error) {
	if !e.keyed.Load() || e.isKnown() {
		return e.Conn.Read(p)
	}
	if len(p) > buffered { // what is sent in this time is far smaller
		return 0, errHasty
	}
	if e.passed == queued {
		if err := e.await(); err != nil {
			return 0, err
		}
		return e.Conn.Read(p)
	}
	n, err := e.Conn.Read(p[:min(len(p), queued-e.passed)])
	e.passed += n
	return n, err
}

// expiring is the optional ability of a connection to say that the time for a login is
// over, as who reads hears by a deadline.
type expiring interface {
	Expired() <-chan struct{}
	Why() error
}

// await waits until the library has told us of the connection. Clients that do not wait
// for answers are let through by that.
func (e *earlyConn) await() error {
	var expired <-chan struct{}
	limit, hasLimit := e.Conn.(expiring)
	if hasLimit {
		expired = limit.Expired()
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-e.known:
		return nil
	case <-expired:
		return limit.Why()
	case <-e.closed:
	case <-timer.C:
	}
	return errHasty
}

// Close is net.Conn's.
func (e *earlyConn) Close() error {
	e.once[1].Do(func() { close(e.closed) })
	return e.Conn.Close()
}
