package gateway

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/tap"
)

// noneBegins is what users are told when no session can be recorded. Why is for the
// operator: it may name folders.
const noneBegins = "sshtrail: sessions can't be recorded now, so none begins; try again later, or tell who runs this gateway\r\n"

// obstacle is what a session has that can't be recorded, and so must not begin. Its
// connection may go on to the banner (RFC 4252 §5.4), which is the one way to tell
// somebody a sentence before they are logged in, and no further.
type obstacle struct {
	why      error // once it is set it stays
	recorded bool  // as refused
	told     bool
}

// unrecordable returns why a session that begins now could not be recorded, if the
// configuration lets no session go on without; nil otherwise.
func (g *Gateway) unrecordable() error {
	if g.Recorder == nil || g.Config.Audit.OnFailure == "continue" {
		return nil
	}
	return g.Recorder.Ready()
}

// unrecordable returns why the session may not begin, if so, and records that. What it
// has said once it keeps saying.
func (s *session) unrecordable() error {
	n := &s.notNow
	if n.why == nil {
		n.why = s.gateway.unrecordable()
	}
	if n.why != nil && !n.recorded {
		n.recorded = true
		s.log.Emit(0, &event.Refused{Reason: why(n.why)}) // what cannot be recorded is refused, and so is this
	}
	return n.why
}

func why(err error) string { return fmt.Sprintf("sessions can't be recorded now: %v", err) }

// banner is what the client shows its user before the login.
func (s *session) banner() string {
	banner := s.gateway.Config.SSH.Banner
	if s.unrecordable() == nil {
		return banner
	}
	s.notNow.told = true
	if banner != "" && !strings.HasSuffix(banner, "\n") {
		banner += "\r\n"
	}
	return banner + noneBegins
}

// denyUnrecordable returns nil if the session may begin, or else the error that denies an
// attempt to log in, and tells the user if nobody has yet.
func (s *session) denyUnrecordable() error {
	err := s.unrecordable()
	if err == nil {
		return nil
	}
	deny := &ssh.BannerError{Err: refusal(why(err))}
	if !s.notNow.told {
		s.notNow.told = true
		deny.Message = noneBegins
	}
	return deny
}

// sink is where the tap records the session. If that is not possible from the start it is
// one that goes on without, since nobody will be let in, and somebody must be told why.
func (s *session) sink() tap.Sink {
	if s.notNow.why = s.gateway.unrecordable(); s.notNow.why == nil {
		return s.log
	}
	return &refusalSink{log: s.log}
}

// refusalSink records a connection that will be refused, as far as that is possible.
type refusalSink struct {
	log    log
	failed atomic.Bool
}

var errNotRecordable = errors.New("a session that can't be recorded")

// Emit is tap.Sink's. A login it never lets pass.
func (r *refusalSink) Emit(channel uint64, body event.Body) error {
	switch body.(type) {
	case *event.HandshakeSuccessful:
		return errNotRecordable
	case *event.Disconnect: // the record of access gets it, if it can
	default:
		if r.failed.Load() {
			return nil
		}
	}
	if err := r.log.Emit(channel, body); err != nil {
		r.failed.Store(true)
	}
	return nil
}
