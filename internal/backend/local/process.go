//go:build linux

package local

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/sshtrail/sshtrail/internal/backend"
)

// process is a program and all that belongs to it. The program itself, once it has ended,
// stays a zombie until Close, so that no other process gets its number meanwhile, which is
// the name of its session and its group.
type process struct {
	family  family
	pidfd   *os.File
	grace   time.Duration
	streams *streams
	forget  func() // set before anybody else has the process

	exited  chan struct{} // closed when exit and waitErr are set
	exit    backend.Exit
	waitErr error

	mu     sync.Mutex // keeps the number ours while it is used
	reaped bool

	closing  sync.Once
	closeErr error
}

func newProcess(pid, pidfd int, f family, grace time.Duration, s *streams) (*process, error) {
	if pidfd < 0 {
		return nil, errors.New("start program: this kernel has no pidfd; Linux 5.4 or newer has it")
	}
	if err := unix.SetNonblock(pidfd, true); err != nil { // for the runtime's poller
		_ = unix.Close(pidfd)
		return nil, fmt.Errorf("watch program: %w", err)
	}
	leader, err := readStat(pid)
	if err != nil {
		_ = unix.Close(pidfd)
		return nil, fmt.Errorf("watch program: %w", err)
	}
	f.leader, f.born = pid, leader.born
	p := &process{
		family:  f,
		pidfd:   os.NewFile(uintptr(pidfd), "pidfd"),
		grace:   grace,
		streams: s,
		exited:  make(chan struct{}),
	}
	go p.watch() // ends with the program, which Close ends
	return p, nil
}

// watch waits for the program's end without taking its number from it.
func (p *process) watch() {
	defer close(p.exited)
	conn, err := p.pidfd.SyscallConn()
	if err != nil {
		p.waitErr = fmt.Errorf("wait for program: %w", err)
		return
	}
	var info childInfo
	readErr := conn.Read(func(fd uintptr) bool { // again whenever the poller sees an end
		info, err = waitid(fd)
		return err != nil || info.pid != 0
	})
	if err := errors.Join(err, readErr); err != nil {
		p.waitErr = fmt.Errorf("wait for program: %w", err)
		return
	}
	p.exit = info.exit()
}

// childInfo is a siginfo_t as waitid(2) fills it. Its second half is aligned for pointers.
type childInfo struct {
	_, _, code int32
	_          [unsafe.Sizeof(uintptr(0))/4 - 1]int32
	pid        int32
	_          uint32
	status     int32
	_          [104]byte
}

// waitid asks for the state of a child and leaves it as it is; pid is 0 while it runs.
func waitid(pidfd uintptr) (childInfo, error) {
	for {
		var info childInfo
		_, _, errno := unix.Syscall6(unix.SYS_WAITID, unix.P_PIDFD, pidfd, uintptr(unsafe.Pointer(&info)),
			unix.WEXITED|unix.WNOWAIT|unix.WNOHANG, 0, 0)
		switch errno {
		case 0:
			return info, nil
		case unix.EINTR:
		default:
			return info, errno
		}
	}
}

// exit reads CLD_EXITED (1), CLD_KILLED (2) or CLD_DUMPED (3), waitid(2).
func (i childInfo) exit() backend.Exit {
	if i.code == 1 {
		return backend.Exit{Status: uint32(i.status)}
	}
	name := unix.SignalName(syscall.Signal(i.status))
	if name == "" {
		name = fmt.Sprintf("SIG%d", i.status) // a real-time signal
	}
	return backend.Exit{Signal: name[len("SIG"):], CoreDumped: i.code == 3}
}

func (p *process) Streams() backend.Streams {
	s := backend.Streams{Stdin: p.streams.stdin, Stdout: output{p.streams.stdout}}
	if p.streams.terminal != nil {
		s.Stdin = p.streams.keyboard
		return s
	}
	s.Stderr = output{p.streams.stderr}
	return s
}

// output ends when there is nobody left to write to it: a terminal says so with EIO.
type output struct{ f *os.File }

func (o output) Read(p []byte) (int, error) {
	n, err := o.f.Read(p)
	if errors.Is(err, syscall.EIO) || errors.Is(err, os.ErrClosed) {
		err = io.EOF
	}
	return n, err
}

// Close says that nobody reads on: who writes gets SIGPIPE.
func (o output) Close() error { return o.f.Close() }

func (p *process) Resize(size backend.Size) error {
	if p.streams.terminal == nil {
		return nil
	}
	conn, err := p.streams.terminal.SyscallConn()
	if err != nil {
		return fmt.Errorf("set size of terminal: %w", err)
	}
	if ctlErr := conn.Control(func(fd uintptr) { err = setSize(int(fd), size) }); ctlErr != nil {
		return fmt.Errorf("set size of terminal: %w", ctlErr)
	}
	return err
}

// Signal signals the program's group, like sshd: not what a shell with job control has in
// the foreground, which the keys of the terminal are for.
func (p *process) Signal(name string) error {
	sig := unix.SignalNum("SIG" + name)
	if sig == 0 {
		return fmt.Errorf("signal %q is not known on this machine", name)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return fmt.Errorf("signal %s: %w", name, os.ErrProcessDone)
	}
	if err := unix.Kill(-p.family.leader, sig); err != nil {
		return fmt.Errorf("signal %s: %w", name, err)
	}
	return nil
}

func (p *process) Wait() (backend.Exit, error) {
	<-p.exited
	return p.exit, p.waitErr
}

// Close hangs up, as sshd does when a client has gone, and sees to it that nothing is left.
func (p *process) Close() error {
	p.closing.Do(func() {
		p.closeErr = p.family.end(p.grace, p.streams.closeOurEnds)
		if p.closeErr == nil {
			p.reap()
		}
		p.forget()
	})
	return p.closeErr
}

func (p *process) reap() {
	<-p.exited // it is a zombie by now
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if _, err := unix.Wait4(p.family.leader, nil, 0, nil); !errors.Is(err, unix.EINTR) {
			break
		}
	}
	p.reaped = true
	_ = p.pidfd.Close() // nothing was written to it
}
