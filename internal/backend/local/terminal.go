//go:build linux

package local

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/sshtrail/sshtrail/internal/backend"
)

// openTerminal makes a pseudo-terminal that belongs to a. The master does not block, so
// that Close interrupts Read.
func openTerminal(pty backend.PTY, a account) (*streams, error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open terminal: %w", err)
	}
	master := os.NewFile(uintptr(fd), "terminal")
	slave, name, err := openSlave(fd)
	if err == nil {
		err = prepareSlave(slave, pty, a)
		if err != nil {
			_ = unix.Close(slave)
		}
	}
	if err != nil {
		_ = master.Close()
		return nil, fmt.Errorf("open terminal: %w", err)
	}
	s := &streams{stdout: master, terminal: master, keyboard: &keyboard{f: master}, ttyName: name}
	for i := range s.programEnds {
		s.programEnds[i] = uintptr(slave)
	}
	return s, nil
}

// openSlave opens the other side by the master and not by name, which may mean another
// terminal where /dev is another file system.
func openSlave(master int) (fd int, name string, err error) {
	if err := unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err != nil {
		return 0, "", fmt.Errorf("unlock: %w", err)
	}
	n, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	if err != nil {
		return 0, "", fmt.Errorf("get number: %w", err)
	}
	peer, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(master), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	if errno != 0 {
		return 0, "", fmt.Errorf("open the program's side: %w", errno)
	}
	return int(peer), "/dev/pts/" + strconv.Itoa(n), nil
}

func prepareSlave(fd int, pty backend.PTY, a account) error {
	if os.Geteuid() == 0 {
		// As sshd: group tty may write to it, so wall(1) and write(1) work.
		gid, perm := int(a.gid), uint32(0o600)
		if g, err := user.LookupGroup("tty"); err == nil {
			if n, err := strconv.Atoi(g.Gid); err == nil {
				gid, perm = n, 0o620
			}
		}
		if err := unix.Fchown(fd, int(a.uid), gid); err != nil {
			return fmt.Errorf("give to user %q: %w", a.name, err)
		}
		if err := unix.Fchmod(fd, perm); err != nil {
			return fmt.Errorf("set permissions: %w", err)
		}
	}
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return fmt.Errorf("get modes: %w", err)
	}
	applyModes(t, pty.Modes)
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, t); err != nil {
		return fmt.Errorf("set modes: %w", err)
	}
	return setSize(fd, pty.Size)
}

func setSize(fd int, s backend.Size) error {
	clamp := func(n uint32) uint16 { return uint16(min(n, 65535)) }
	w := unix.Winsize{Row: clamp(s.Rows), Col: clamp(s.Columns), Xpixel: clamp(s.Width), Ypixel: clamp(s.Height)}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &w); err != nil {
		return fmt.Errorf("set size of terminal: %w", err)
	}
	return nil
}

// keyboard is a terminal's input. A terminal has one file for both directions, so the end
// of input is what a person would type.
type keyboard struct {
	f *os.File

	mu      sync.Mutex
	ended   bool
	midLine bool // the last byte was not a newline
}

func (k *keyboard) Write(p []byte) (int, error) {
	n, err := k.f.Write(p)
	if n > 0 {
		k.mu.Lock()
		k.midLine = p[n-1] != '\n' && p[n-1] != '\r'
		k.mu.Unlock()
	}
	return n, err
}

// Close types end-of-file where the terminal has such a key, which is while it edits
// lines; once to send a line that was begun and once on the empty line. A program that
// reads each key for itself gets nothing: it has no notion of an end.
func (k *keyboard) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return nil
	}
	k.ended = true
	conn, err := k.f.SyscallConn()
	if err != nil {
		return err
	}
	var t *unix.Termios
	if ctlErr := conn.Control(func(fd uintptr) { t, err = unix.IoctlGetTermios(int(fd), unix.TCGETS) }); ctlErr != nil || err != nil {
		return nil // it is gone: that is an end too
	}
	if t.Lflag&unix.ICANON == 0 || t.Cc[unix.VEOF] == 0 {
		return nil
	}
	eof := []byte{t.Cc[unix.VEOF]}
	if k.midLine {
		eof = append(eof, eof...)
	}
	_, _ = k.f.Write(eof) // fails only where nobody reads any more
	return nil
}
