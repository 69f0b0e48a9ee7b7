//go:build !linux

package local

import (
	"context"
	"errors"

	"github.com/sshtrail/sshtrail/internal/backend"
)

var errLinuxOnly = errors.New("local backend: it finds what a program left behind in Linux's /proc and runs on Linux only; choose another backend")

// Backend runs programs on this machine.
type Backend struct{}

// New returns an error: only Linux will do.
func New(Config) (*Backend, error) { return nil, errLinuxOnly }

// Connect returns an error: only Linux will do.
func (*Backend) Connect(context.Context, backend.Client) (backend.Host, error) {
	return nil, errLinuxOnly
}
