package gateway

import (
	"errors"
	"testing"

	"github.com/sshtrail/sshtrail/internal/auth"
	"github.com/sshtrail/sshtrail/tap"
)

func TestPermissions(t *testing.T) {
	broken := &auth.BackendError{Op: "read keys", Err: errors.New("no disk")}
	for name, c := range map[string]struct {
		grant *auth.Grant
		err   error
		in    bool
		text  string
	}{
		"yes":               {&auth.Grant{}, nil, true, ""},
		"no":                {nil, auth.ErrDenied, false, auth.ErrDenied.Error()},
		"no, and why":       {nil, &auth.Denied{Reason: "expired"}, false, "expired"},
		"nobody can tell":   {nil, broken, false, "read keys: no disk"},
		"neither":           {nil, nil, false, auth.ErrDenied.Error()},
		"both":              {&auth.Grant{}, auth.ErrDenied, false, auth.ErrDenied.Error()},
		"yes, and an error": {&auth.Grant{}, broken, false, "read keys: no disk"},
	} {
		p, err := permissions(c.grant, c.err)
		if (p != nil) != c.in || (err == nil) != c.in || err != nil && err.Error() != c.text {
			t.Errorf("%s: permissions = %v, %v, want in %v, %q", name, p, err, c.in, c.text)
		}
		var backend *tap.BackendError
		if errors.As(err, &backend) != (c.err == broken) {
			t.Errorf("%s: a backend's error is %T", name, err)
		}
	}
}
