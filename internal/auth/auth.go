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

// Methods are the ways to log in, each decided by whoever is best at it. One that is nil
// is not offered to clients.
//
// What decides may be asked concurrently. ctx ends when the client is gone or has used up
// its time. An error is or wraps [ErrDenied] if the client does not get in, and is a
// *[BackendError] if nobody could tell; with either there is no Grant.
type Methods struct {
	PublicKeys          PublicKeys
	Passwords           Passwords
	KeyboardInteractive KeyboardInteractive
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

// ErrDenied says no. It never says why: whether the user exists is nobody's business.
var ErrDenied = errors.New("permission denied")

// Denied is a no with the reason, for the operator and not for the client: Error does not
// tell it. errors.Is(err, ErrDenied) holds.
type Denied struct{ Reason string }

func denied(format string, args ...any) error { return &Denied{fmt.Sprintf(format, args...)} }

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

// fault is what is wrong with something that the operator wrote, and what to do.
type fault struct{ what, hint string }

func (f *fault) Error() string { return f.what }

// Hint says what to do about it.
func (f *fault) Hint() string { return f.hint }
