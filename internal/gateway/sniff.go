package gateway

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
)

// sniffer looks at the first bytes that a client sends. One that does not speak SSH is
// told so, and the record says what it spoke.
//
// Before the login it also bounds what is read: the library takes packets of up to 256
// KiB from anybody.
type sniffer struct {
	net.Conn
	head     []byte // read and not handed out yet
	sniffed  bool
	early    int         // bytes read before the login
	loggedIn atomic.Bool // set by who serves the connection
}

// maxEarly is far more than a login takes with a dozen keys and certificates.
const maxEarly = 128 << 10

var (
	errTooMuch = fmt.Errorf("the client sent more than %d KiB before it logged in", maxEarly>>10)
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
	n, err := s.Conn.Read(p)
	if !s.loggedIn.Load() {
		if s.early += n; s.early > maxEarly {
			return 0, errTooMuch
		}
	}
	return n, err
}

func (s *sniffer) look() error {
	b := make([]byte, shown)
	n, err := io.ReadAtLeast(s.Conn, b, len(identification))
	s.head, s.early = b[:n], n
	if n == 0 {
		return err
	}
	if n < len(identification) || string(b[:len(identification)]) != identification {
		sayAndEnd(s.Conn, "Invalid SSH identification string.\r\n") // in OpenSSH's words
		return fmt.Errorf("%w: it sent %q", errNotSSH, b[:n])
	}
	return nil
}
