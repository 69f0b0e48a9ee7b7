package gateway

import (
	"errors"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/auth"
	"github.com/sshtrail/sshtrail/tap"
)

// permissions turns a decision into the form that x/crypto/ssh takes and the tap
// records. What is neither a clear yes nor a clear no is no.
func permissions(grant *auth.Grant, err error) (*ssh.Permissions, error) {
	var backend *auth.BackendError
	var denied *auth.Denied
	switch {
	case errors.As(err, &backend):
		return nil, &tap.BackendError{Err: err}
	case errors.As(err, &denied):
		return nil, refusal(denied.Reason)
	case err != nil:
		return nil, err
	case grant == nil:
		return nil, auth.ErrDenied
	}
	p := &ssh.Permissions{ExtraData: map[any]any{grantKey{}: grant}}
	if grant.NoTouchRequired {
		p.Extensions = map[string]string{"no-touch-required": ""}
	}
	return p, nil
}

// refusal is a no whose reason goes into the record. The library sends no error's text
// to clients.
type refusal string

func (r refusal) Error() string { return string(r) }
