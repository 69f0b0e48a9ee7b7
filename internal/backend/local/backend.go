//go:build linux

package local

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/sshtrail/sshtrail/internal/backend"
)

// Backend runs programs on this machine.
type Backend struct {
	config Config
	census *census // of all its hosts
}

// New returns a backend, if c is valid.
func New(c Config) (*Backend, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("local backend: %w", err)
	}
	if err := keepDescriptors(); err != nil {
		return nil, fmt.Errorf("local backend: keep open files from programs: %w", err)
	}
	return &Backend{c, newCensus()}, nil
}

// keepDescriptors keeps files from programs that this process itself inherited: what it
// opens is not inherited any further, but what its own starter left open is.
func keepDescriptors() error {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
	return nil
}

// Connect finds the user that the client is to be. Other users than its own are there
// only for a gateway that runs as root.
func (b *Backend) Connect(_ context.Context, client backend.Client) (backend.Host, error) {
	a, err := lookup(passwdFile, client.Username)
	if err != nil {
		return nil, err
	}
	if err := a.mayBecome(); err != nil {
		return nil, err
	}
	if b.config.Shell != "" {
		a.shell = b.config.Shell
	}
	return newHost(b.config, a, client, b.census), nil
}
