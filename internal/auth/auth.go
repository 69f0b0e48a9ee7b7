// Package auth says who gets in.
//
// Deny is the answer to every doubt: what can't be decided is refused, and so is a key
// with a restriction that this gateway does not understand.
package auth

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// Authenticator decides about attempts to log in. It may be asked concurrently; ctx ends
// when the client is gone or has used up its time. The error is [ErrDenied] or wraps it
// if the client does not get in, and a *[BackendError] if nobody could tell.
//
// An authenticator has one or more of [PublicKeys], [Passwords] and
// [KeyboardInteractive]: what it lacks is not offered to clients.
type Authenticator interface {
	// String says who decides, for people: "users of the configuration".
	String() string
}

// PublicKeys decides about public keys (RFC 4252 §7). It is asked when a key is offered,
// which anybody can do with anybody's key: it must count nothing and use up nothing, and
// its yes is worth something only once the client's signature was verified.
type PublicKeys interface {
	PublicKey(ctx context.Context, req Request, key ssh.PublicKey) (*Grant, error)
}

// Passwords decides about passwords (RFC 4252 §8). The caller keeps password, and may
// overwrite it when Password has returned.
type Passwords interface {
	Password(ctx context.Context, req Request, password []byte) (*Grant, error)
}

// KeyboardInteractive decides by questions and answers (RFC 4256). ask shows questions to
// the client and returns as many answers.
type KeyboardInteractive interface {
	KeyboardInteractive(ctx context.Context, req Request, ask ssh.KeyboardInteractiveChallenge) (*Grant, error)
}

// Request is who asks.
type Request struct {
	Username     string // as the client gave it: hostile bytes
	RemoteAddr   string // host:port
	ConnectionID string
}

// Grant is a yes, with what the client may do. It is not changed once it is returned.
type Grant struct {
	Username string // who the client is from now on
	By       string // what convinced us, for the operator: "authorizedKeys /home/a/.ssh/authorized_keys:3"

	ForceCommand      string // run instead of what the client asks for; empty: nothing is forced
	NoPTY             bool
	NoPortForwarding  bool     // neither direct-tcpip nor tcpip-forward, nor their Unix socket kin
	NoAgentForwarding bool     // no auth-agent-req@openssh.com
	NoX11Forwarding   bool     // no x11-req
	NoUserRC          bool     // for completeness: this gateway runs no ~/.ssh/rc
	PermitOpen        []string // if not nil, host:port that direct-tcpip may reach; port * is any
	PermitListen      []string // if not nil, [host:]port that tcpip-forward may listen on
	Environment       []string // NAME=value, for every program
	NoTouchRequired   bool     // a security key's signature is good without a touch

	// Certificate is what was presented, if it was one: for the record.
	Certificate *ssh.Certificate
}

// ErrDenied says no. It never says why: whether the user exists is nobody's business.
var ErrDenied = errors.New("permission denied")

// Denied is a no with the reason, for the operator and not for the client.
// errors.Is(err, ErrDenied) holds.
type Denied struct{ Reason string }

func (d *Denied) Error() string { return ErrDenied.Error() }

// Unwrap returns ErrDenied.
func (d *Denied) Unwrap() error { return ErrDenied }

// BackendError says that nobody could tell, and why. The client is not let in, and the
// attempt is recorded apart from those that were refused.
type BackendError struct {
	Op  string // "read authorized keys"
	Err error
}

func (e *BackendError) Error() string { return fmt.Sprintf("%s: %v", e.Op, e.Err) }

// Unwrap returns Err.
func (e *BackendError) Unwrap() error { return e.Err }
