//go:build !linux

package handover

import (
	"errors"

	"golang.org/x/sys/unix"
)

func start(string, []string, []string, []int) (pid, pidfd int, err error) {
	return 0, -1, errors.New("an upgrade in place works on Linux only: stop this process, and start the new one")
}

func send(int, unix.Signal) {}

// closeOnExec does nothing: a gateway that starts programs runs on Linux only.
func closeOnExec() {}
