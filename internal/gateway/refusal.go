package gateway

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/metrics"
	"github.com/sshtrail/sshtrail/tap"
)

// refused counts a connection that ends without a login, once.
func (s *session) refused(reason metrics.Refusal) {
	if !s.counted {
		s.counted = true
		s.gateway.counters.refused[reason].Add(1)
	}
}

func (s *session) loggedIn() {
	s.counted = true
	s.gateway.counters.logins[s.method].Add(1)
}

// letNobodyIn tells and counts why.
func (s *session) letNobodyIn(reason metrics.Refusal, err error) {
	s.refused(reason)
	tell := s.gateway.Logger.Warn
	if reason == metrics.NotRecordable {
		tell = s.gateway.Logger.Error
	}
	tell("nobody was let in", "connection", s.log.ID(), "remote", s.net.RemoteAddr(), "user", s.tried, "reason", reason, "error", s.cause(err))
}

// cause is why nobody was let in: the last reason, where there is one, rather than all
// that the library tells of every attempt.
func (s *session) cause(err error) error {
	switch {
	case s.notNow.why != nil:
		return s.notNow.why
	case s.denied != nil:
		return s.denied
	}
	return err
}

// reason is why nobody was let in, of those that there are.
func (s *session) reason(err error) metrics.Refusal {
	var authentication *ssh.ServerAuthError
	switch {
	case s.notNow.why != nil, errors.Is(err, tap.ErrNotRecorded):
		return metrics.NotRecordable
	case errors.Is(err, errNotSSH):
		return metrics.NotSSH
	case errors.Is(err, errTooMuch):
		return metrics.TooMuch
	case errors.Is(err, errStopping), errors.Is(err, os.ErrDeadlineExceeded) && s.stopped:
		return metrics.Stopping
	case errors.Is(err, os.ErrDeadlineExceeded):
		return metrics.LoginTimeout
	case s.denied != nil, errors.As(err, &authentication) && len(authentication.Errors) > 1:
		return metrics.Denied // the first error is that of "none", which only asks for the methods
	case authentication != nil, isGone(err):
		return metrics.ClientLeft
	}
	return metrics.Protocol
}

// isGone reports whether the client has ended its connection, one way or the other.
func isGone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
