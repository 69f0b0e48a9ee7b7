package gateway

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// New connections may take three quarters of the descriptors that the process may have.
// The others are for the sessions that are there: each needs new ones now and then, for
// the next block of its log and for programs that it starts.
const reservedShare = 4

func forConnections(limit uint64) uint64 { return limit - limit/reservedShare }

// perSession is how many descriptors a session takes: its client's, two for its log, and its
// target's. A program on this machine has three pipes and a pidfd; a terminal has fewer.
func perSession(backend string) uint64 {
	if backend == "local" {
		return 7
	}
	return 4
}

// warnOfDescriptors tells the operator, at the start, if the limit will be met before
// ssh.maxConnections is. A gateway for one person has no use for so many.
func (g *Gateway) warnOfDescriptors() {
	var limit syscall.Rlimit
	if g.Config.Embedded || syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return
	}
	if why := tooLow(g.Config.SSH.MaxConnections, perSession(g.Config.Backend), uint64(limit.Cur)); why != "" {
		g.Logger.Warn(why)
	}
}

// tooLow says that a limit has no room for so many sessions of so many descriptors, and how
// many it has room for; it is empty otherwise.
func tooLow(sessions int, each, limit uint64) string {
	fit := forConnections(limit) / each
	if fit >= uint64(sessions) {
		return ""
	}
	need := uint64(sessions)*each*reservedShare/(reservedShare-1) + reservedShare
	return fmt.Sprintf("the limit of %d file descriptors is enough for about %d sessions: raise it to %d (LimitNOFILE= in the unit, ulimit -n), or lower ssh.maxConnections, which is %d", limit, fit, need, sessions)
}

// tooFewDescriptors says why a connection can't be served if it was given one of the
// descriptors that are reserved; empty otherwise. The kernel gives the lowest that is free,
// so that all below it are in use.
func tooFewDescriptors(c net.Conn) string {
	withFD, ok := c.(syscall.Conn)
	if !ok {
		return ""
	}
	raw, err := withFD.SyscallConn()
	if err != nil {
		return ""
	}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return ""
	}
	most := forConnections(uint64(limit.Cur))
	why := ""
	_ = raw.Control(func(fd uintptr) { // fails on a closed connection only, which ends by itself
		if uint64(fd) >= most {
			why = fmt.Sprintf("%d of %d file descriptors are in use, and the others are kept for sessions that are there: raise the limit (LimitNOFILE= in the unit, ulimit -n)", most, limit.Cur)
		}
	})
	return why
}

// spare is a descriptor that is given up to tell a client that there are none: it
// would wait in the kernel's queue otherwise, and not know for what.
type spare struct{ f *os.File }

// fill takes a descriptor if it has none, and reports false if there is none to take.
func (s *spare) fill() bool {
	if s.f != nil {
		return true
	}
	f, err := os.Open(os.DevNull)
	if err == nil {
		s.f = f
	}
	return !noDescriptors(err)
}

// empty gives the descriptor back.
func (s *spare) empty() {
	if s.f != nil {
		s.f.Close()
		s.f = nil
	}
}

// noDescriptors reports whether an error says that there is none for one thing more.
func noDescriptors(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}
