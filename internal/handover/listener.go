package handover

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Origin says where a listening socket comes from.
type Origin string

// The origins.
const (
	Opened      Origin = "opened"          // by this process
	Predecessor Origin = "process before"  // opened by a process before this one
	Managers    Origin = "service manager" // which keeps it when this process ends
)

// Listener is a listening socket. Closing it does not close it for other processes that
// have it.
type Listener struct {
	*net.TCPListener
	Name   string
	Origin Origin

	address string // as it was asked for when it was opened
	used    bool
}

// Listen returns the service's socket called name: the service manager's if there is one,
// or that of the process before if it was opened for the same address, or a new one. An
// error of opening it is net.Listen's.
func (p *Process) Listen(name, address string) (*Listener, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.sockets {
		if l.Name == name && !l.used && (l.Origin == Managers || l.address == address) {
			l.used = true
			return l, nil
		}
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	l := &Listener{TCPListener: ln.(*net.TCPListener), Name: name, Origin: Opened, address: address, used: true}
	p.sockets = append(p.sockets, l)
	return l, nil
}

// Unused returns the names of sockets of the service manager's that nobody asked for:
// who connects to them waits for ever.
func (p *Process) Unused() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var names []string
	for _, l := range p.sockets {
		if !l.used {
			names = append(names, l.Name)
		}
	}
	return names
}

// dropUnused closes the sockets of the process before that this one has no use for. Those
// of the service manager's are kept for the next.
func (p *Process) dropUnused() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sockets = slices.DeleteFunc(p.sockets, func(l *Listener) bool {
		drop := !l.used && l.Origin != Managers
		if drop {
			_ = l.Close() // it was never listened on here
		}
		return drop
	})
}

// adopt makes a listener of a descriptor that this process was started with, and takes the
// descriptor.
func adopt(fd uintptr, name string) (*Listener, error) {
	f := os.NewFile(fd, name)
	defer f.Close()
	ln, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("take over socket %q (descriptor %d): %w", name, fd, err)
	}
	tcp, ok := ln.(*net.TCPListener)
	if !ok {
		ln.Close()
		return nil, fmt.Errorf("take over socket %q: %s is no TCP socket: give one of an address and a port (ListenStream=)", name, ln.Addr())
	}
	l := &Listener{TCPListener: tcp, Name: name}
	if err := l.checkListens(); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// checkListens tells a socket that listens from one connection.
func (l *Listener) checkListens() error {
	listens := 0
	err := l.control(func(fd uintptr) (err error) {
		listens, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		return err
	})
	if err != nil {
		return fmt.Errorf("take over socket %q: %w", l.Name, err)
	}
	if listens == 0 {
		return fmt.Errorf("take over socket %q: it does not listen: set Accept=no, which gives the program the listening socket", l.Name)
	}
	return nil
}

func (l *Listener) control(f func(fd uintptr) error) error {
	c, err := l.SyscallConn()
	if err != nil {
		return err
	}
	if ctlErr := c.Control(func(fd uintptr) { err = f(fd) }); ctlErr != nil {
		return ctlErr
	}
	return err
}

// nameOf is what a socket of the service manager's is called here: a single one, the first.
func (p *Process) nameOf(given string, only bool) (string, error) {
	switch {
	case slices.Contains(p.known, given):
		return given, nil
	case only:
		return p.known[0], nil
	}
	return "", fmt.Errorf("the service manager gives a socket named %q: set FileDescriptorName= to one of %s", given, strings.Join(p.known, ", "))
}
