package gateway

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
)

// sniffer looks at the first bytes that a client sends. One that does not speak SSH is
// told so, and the record says what it spoke.
//
// Before the login it also bounds what a stranger can make the library hold, which takes
// packets of up to 256 KiB from anybody, and 16 of them before it uses one.
type sniffer struct {
	net.Conn
	head     []byte // read and not handed out yet
	sniffed  bool
	early    int               // bytes read before the login
	ahead    atomic.Int64      // bytes read since the server's last word
	loggedIn atomic.Bool       // set by who serves the connection
	explain  func(error) error // of reading or writing before the login; nil changes nothing
	expired  <-chan struct{}   // closed when the time for a login is over; nil is never
}

const (
	// maxEarly is far more than a login takes with a dozen keys and certificates.
	maxEarly = 128 << 10
	// maxEarlyPacket is the largest packet. An attempt to log in with a certificate of 256
	// principals has 11 KiB.
	maxEarlyPacket = 16 << 10
	// maxAhead is what may be sent without an answer, which a login waits for at every step.
	maxAhead = 20 << 10
)

var (
	errTooMuch = errors.New("the client sent too much before it logged in")
	errTotal   = fmt.Errorf("%w: more than %d KiB", errTooMuch, maxEarly>>10)
	errLarge   = fmt.Errorf("%w: a packet of more than %d KiB", errTooMuch, maxEarlyPacket>>10)
	errAhead   = fmt.Errorf("%w: more than %d KiB without waiting for an answer", errTooMuch, maxAhead>>10)
	errNotSSH  = errors.New("the client does not speak SSH")
)

func sniff(c net.Conn) *sniffer { return &sniffer{Conn: c} }

// A client begins with this (RFC 4253 §4.2).
const identification = "SSH-"

// shown is how much of what a stranger sent goes into the record.
const shown = 64

// Read is net.Conn's; x/crypto/ssh reads from one goroutine.
func (s *sniffer) Read(p []byte) (int, error) {
	if !s.sniffed {
		s.sniffed = true
		if err := s.look(); err != nil {
			return 0, err
		}
	}
	if len(s.head) > 0 {
		n := copy(p, s.head)
		s.head = s.head[n:]
		return n, nil
	}
	if s.loggedIn.Load() {
		return s.Conn.Read(p)
	}
	return s.readEarly(p)
}

// readEarly reads before the login. The library reads through a buffer, but the rest of a
// packet that is larger at once: so the length of p betrays that of the packet, which is
// encrypted.
func (s *sniffer) readEarly(p []byte) (int, error) {
	if len(p) > maxEarlyPacket {
		return 0, errLarge
	}
	n, err := s.Conn.Read(p)
	if err != nil && s.explain != nil {
		err = s.explain(err)
	}
	switch {
	case s.loggedIn.Load(): // meanwhile
		return n, err
	case s.ahead.Add(int64(n)) > maxAhead:
		return 0, errAhead
	}
	if s.early += n; s.early > maxEarly {
		return 0, errTotal
	}
	return n, err
}

// Write is net.Conn's.
func (s *sniffer) Write(p []byte) (int, error) {
	s.ahead.Store(0)
	n, err := s.Conn.Write(p)
	if err != nil && s.explain != nil && !s.loggedIn.Load() {
		err = s.explain(err)
	}
	return n, err
}

// Expired is for package tap, which waits for something else than a Read at times.
func (s *sniffer) Expired() <-chan struct{} { return s.expired }

// Why is what a Read says once it is over.
func (s *sniffer) Why() error { return s.explain(os.ErrDeadlineExceeded) }

func (s *sniffer) look() error {
	b := make([]byte, shown)
	n, err := io.ReadAtLeast(s.Conn, b, len(identification))
	s.head, s.early = b[:n], n
	s.ahead.Store(int64(n))
	if n == 0 {
		if s.explain != nil {
			err = s.explain(err)
		}
		return err
	}
	if n < len(identification) || string(b[:len(identification)]) != identification {
		sayAndEnd(s.Conn, "Invalid SSH identification string.\r\n") // in OpenSSH's words
		return fmt.Errorf("%w: it sent %q", errNotSSH, b[:n])
	}
	return nil
}
