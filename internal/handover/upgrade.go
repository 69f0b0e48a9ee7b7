package handover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// How long a new process has to be ready, and to end when it was not.
const (
	Patience   = 30 * time.Second
	lastChance = 5 * time.Second
)

// Upgrade starts the program anew, from where it is on the disk now and with the same
// arguments, and gives it the sockets. When the new process is ready it may serve, the
// listeners of this one are closed, and Upgrade returns its number. If it is not, within
// patience, Upgrade ends it and says why, and this process goes on as before. around, if
// not nil, calls start, which starts the process, while this one has the limits that the
// new one is to inherit.
func (p *Process) Upgrade(ctx context.Context, patience time.Duration, around func(start func() error) error) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.successor != 0 {
		return 0, fmt.Errorf("upgrade: process %d has taken over already: ask that one", p.successor)
	}
	next, err := p.startNext(around)
	if err != nil {
		return 0, fmt.Errorf("upgrade: %w", err)
	}
	defer next.release()
	if err := next.await(ctx, patience); err != nil {
		next.end()
		return 0, fmt.Errorf("upgrade: %w", err)
	}
	// Before the new process says a word to the manager, which listens to one process only.
	p.manager.tell(fmt.Sprintf("MAINPID=%d", next.pid))
	_ = next.conn.SetWriteDeadline(time.Now().Add(lastChance))
	if _, err := io.WriteString(next.conn, serve); err != nil {
		p.manager.tell(fmt.Sprintf("MAINPID=%d", os.Getpid()))
		next.end()
		return 0, fmt.Errorf("upgrade: the new process ended when it was ready: %w", err)
	}
	p.successor = next.pid
	for _, l := range p.sockets {
		_ = l.Close() // the new process has it
	}
	p.sockets = nil
	return next.pid, nil
}

// next is a process that was started and does not serve yet.
type next struct {
	pid   int
	pidfd int
	conn  net.Conn
}

// startNext starts the program with our sockets.
func (p *Process) startNext(around func(start func() error) error) (*next, error) {
	ours, theirs, err := connection()
	if err != nil {
		return nil, err
	}
	n := &next{pidfd: -1, conn: ours}
	given, err := p.give()
	files := append([]int{0, 1, 2, theirs}, given.descriptors...)
	defer closeAll(files[connectionTo:]) // the new process has its own by then
	if err == nil {
		start := func() (err error) {
			n.pid, n.pidfd, err = start(p.program, os.Args, append(os.Environ(), given.environment...), files)
			return err
		}
		if around == nil {
			err = start()
		} else {
			err = around(start)
		}
	}
	if err != nil {
		if n.pidfd >= 0 {
			n.end() // what failed was around its start
		}
		n.release()
		return nil, err
	}
	return n, nil
}

// gift is what the next process is started with.
type gift struct {
	descriptors []int
	environment []string
}

func (p *Process) give() (gift, error) {
	var g gift
	sockets := []handed{}
	for _, l := range p.sockets {
		// A duplicate, since Fd and File would have effects on the socket itself.
		err := l.control(func(fd uintptr) error {
			d, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
			if err == nil {
				g.descriptors = append(g.descriptors, d)
			}
			return err
		})
		if err != nil {
			return g, fmt.Errorf("hand over socket %q: %w", l.Name, err)
		}
		sockets = append(sockets, handed{l.Name, l.address, l.Origin == Managers})
	}
	b, err := json.Marshal(sockets)
	if err != nil {
		return g, fmt.Errorf("hand over sockets: %w", err)
	}
	g.environment = []string{variable + "=" + string(b)}
	if p.manager.wants() {
		g.environment = append(g.environment, "NOTIFY_SOCKET="+p.manager.address)
	}
	return g, nil
}

// connection returns the two ends of a connection: ours, and the next process's.
func connection() (net.Conn, int, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, -1, fmt.Errorf("make connection to the new process: %w", err)
	}
	unix.CloseOnExec(pair[0])
	unix.CloseOnExec(pair[1])
	f := os.NewFile(uintptr(pair[0]), "new process")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		_ = unix.Close(pair[1])
		return nil, -1, fmt.Errorf("make connection to the new process: %w", err)
	}
	return c, pair[1], nil
}

// await returns nil when the new process is ready.
func (n *next) await(ctx context.Context, patience time.Duration) error {
	_ = n.conn.SetReadDeadline(time.Now().Add(patience))
	stop := context.AfterFunc(ctx, func() { _ = n.conn.SetReadDeadline(time.Now()) })
	defer stop()
	var a answer
	err := json.NewDecoder(io.LimitReader(n.conn, 8*maxWords)).Decode(&a)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("wait for process %d: %w", n.pid, context.Cause(ctx))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("process %d, from the program as it is now, was not ready in %v, and was ended", n.pid, patience)
	case err != nil:
		return fmt.Errorf("process %d, from the program as it is now, ended before it was ready: if it said why, that stands above", n.pid)
	case !a.Ready:
		return fmt.Errorf("process %d, from the program as it is now, can't serve: %s", n.pid, a.Error)
	}
	return nil
}

// end asks a process that is of no use to end, and then no more.
func (n *next) end() {
	send(n.pidfd, unix.SIGTERM)
	_ = n.conn.SetReadDeadline(time.Now().Add(lastChance))
	if _, err := io.Copy(io.Discard, n.conn); err != nil { // else it has closed its end
		send(n.pidfd, unix.SIGKILL)
	}
}

func (n *next) release() {
	_ = n.conn.Close() // all is said
	closeAll([]int{n.pidfd})
}

func closeAll(descriptors []int) {
	for _, fd := range descriptors {
		if fd >= 0 {
			_ = unix.Close(fd) // nothing was written to it
		}
	}
}
