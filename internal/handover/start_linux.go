package handover

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// start starts a program as a sibling of this process, not as its child: the service
// manager, whose child this process is, then sees how the new one ends, however long this
// one takes to finish.
func start(path string, args, env []string, files []int) (pid, pidfd int, err error) {
	if os.Getpid() == 1 { // whose end is the end of all processes (pid_namespaces(7))
		return 0, -1, errors.New("this process is the first of its container, which ends with it: start a new container instead")
	}
	attr := &syscall.ProcAttr{Env: env, Sys: &syscall.SysProcAttr{Cloneflags: syscall.CLONE_PARENT, PidFD: &pidfd}}
	for _, fd := range files {
		attr.Files = append(attr.Files, uintptr(fd))
	}
	pidfd = -1
	if pid, _, err = syscall.StartProcess(path, args, attr); err != nil {
		return 0, -1, fmt.Errorf("start %s: %w", path, err)
	}
	if pidfd < 0 {
		_ = unix.Kill(pid, unix.SIGKILL) // it has only begun
		return 0, -1, errors.New("an upgrade in place takes Linux 5.4 or newer: stop this process, and start the new one")
	}
	return pid, pidfd, nil
}

// send signals a process that may have ended, by a descriptor since its number may be
// another's by now.
func send(pidfd int, sig unix.Signal) {
	_ = unix.PidfdSendSignal(pidfd, sig, nil, 0) // it has ended, then
}

// closeOnExec keeps what this process was started with, beyond its standard streams, from
// the programs that it starts. Where there is no /proc it does what it can: nothing.
func closeOnExec() {
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd) // the one that was read from is closed by now
		}
	}
}
