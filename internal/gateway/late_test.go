package gateway

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

// Who is too late hears of it, and so does the record, whether the gateway was reading or
// writing. Afterwards a write that takes too long is just that.
func TestALateWriteIsExplained(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	near.SetDeadline(time.Now()) // over
	s := sniff(near)
	s.explain = func(error) error { return lateError(time.Second) }
	var late lateError
	if _, err := s.Write([]byte("x")); !errors.As(err, &late) {
		t.Errorf("Write before the login = %v, want %v", err, lateError(time.Second))
	}
	s.loggedIn.Store(true)
	if _, err := s.Write([]byte("x")); errors.As(err, &late) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Write after the login = %v, want %v", err, os.ErrDeadlineExceeded)
	}
}
