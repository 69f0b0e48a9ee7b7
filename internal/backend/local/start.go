//go:build linux

package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/sshtrail/sshtrail/internal/backend"
)

// start starts cmd in a session of its own. mark is its mark.
func (h *host) start(cmd backend.Command, mark string) (*process, error) {
	path, argv, err := h.argv(cmd)
	if err != nil {
		return nil, err
	}
	cred, err := h.account.credential()
	if err != nil {
		return nil, err
	}
	s, err := h.openStreams(cmd.PTY)
	if err != nil {
		return nil, err
	}
	defer s.closeProgramEnds()
	pidfd := -1
	attr := &syscall.ProcAttr{
		Dir:   h.account.home,
		Env:   h.environ(cmd, s.ttyName, mark),
		Files: s.programEnds[:],
		Sys: &syscall.SysProcAttr{
			Setsid:     true,
			Setctty:    cmd.PTY != nil, // Ctty is the program's file 0
			Credential: cred,
			PidFD:      &pidfd,
		},
	}
	pid, err := h.fork(path, argv, attr)
	if err != nil {
		s.closeOurEnds()
		return nil, err
	}
	p, err := newProcess(pid, pidfd, family{mark: markName + "=" + mark, census: h.census}, h.config.Grace, s)
	if err != nil {
		s.closeOurEnds()
		_ = unix.Kill(pid, unix.SIGKILL)
		_, _ = unix.Wait4(pid, nil, 0, nil)
		return nil, err
	}
	return p, nil
}

// fork executes path, in / where there is no home: like sshd, and only the user's own
// rights say whether there is one.
func (h *host) fork(path string, argv []string, attr *syscall.ProcAttr) (pid int, err error) {
	start := func() error {
		pid, _, err = syscall.StartProcess(path, argv, attr)
		return err
	}
	if h.config.Around != nil {
		alone := start
		start = func() error { return h.config.Around(alone) }
	}
	err = start()
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOTDIR) {
		attr.Dir = "/"
		err = start()
	}
	if err != nil {
		return 0, fmt.Errorf("start %s as user %q: %w", path, h.account.name, err)
	}
	return pid, nil
}

// streams are the two ends of a program's input and output.
type streams struct {
	programEnds [3]uintptr // closed once the program has them
	stdin       *os.File
	stdout      *os.File
	stderr      *os.File // nil with a terminal
	terminal    *os.File // nil without one; stdout too, then
	keyboard    *keyboard
	ttyName     string
}

func (h *host) openStreams(pty *backend.PTY) (*streams, error) {
	if pty != nil {
		return openTerminal(*pty, h.account)
	}
	s := &streams{}
	var fds [6]int
	for i := range 3 {
		if err := unix.Pipe2(fds[2*i:2*i+2], unix.O_CLOEXEC); err != nil {
			for _, fd := range fds[:2*i] {
				_ = unix.Close(fd)
			}
			return nil, fmt.Errorf("make pipe for a program: %w", err)
		}
	}
	// Files of ours don't block, so that Close interrupts Read and Write; the
	// program's ends are other descriptions, and block as programs expect.
	ours := [3]int{fds[1], fds[2], fds[4]}
	theirs := [3]int{fds[0], fds[3], fds[5]}
	for i, fd := range theirs {
		s.programEnds[i] = uintptr(fd)
		if os.Geteuid() == 0 { // else the user can't open /dev/stdout
			_ = unix.Fchown(fd, int(h.account.uid), int(h.account.gid))
		}
	}
	for _, fd := range ours {
		_ = unix.SetNonblock(fd, true) // can't fail on a pipe
	}
	s.stdin = os.NewFile(uintptr(ours[0]), "stdin")
	s.stdout = os.NewFile(uintptr(ours[1]), "stdout")
	s.stderr = os.NewFile(uintptr(ours[2]), "stderr")
	return s, nil
}

func (s *streams) closeProgramEnds() {
	seen := ^uintptr(0)
	for _, fd := range s.programEnds {
		if fd != seen { // a terminal is all three
			_ = unix.Close(int(fd))
		}
		seen = fd
	}
}

func (s *streams) closeOurEnds() {
	for _, f := range []*os.File{s.stdin, s.stdout, s.stderr, s.terminal} {
		if f != nil {
			_ = f.Close() // closing again does nothing
		}
	}
}
