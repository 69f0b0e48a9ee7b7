package whole

import (
	"net"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// joined is a connection whose beginnings of packets wait for their ends.
type joined struct {
	*net.TCPConn
	raw  syscall.RawConn
	send func(fd uintptr) bool // trySend, made once

	mu  sync.Mutex // guards the fields below it
	p   []byte     // to be sent
	n   int
	err error
}

func conn(c net.Conn) net.Conn {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return c
	}
	j := &joined{TCPConn: tcp, raw: raw}
	j.send = j.trySend
	return j
}

// Write is net.Conn's.
func (j *joined) Write(p []byte) (int, error) {
	if len(p) != buffered {
		return j.TCPConn.Write(p)
	}
	n, err := j.sendMore(p)
	if err == nil && n < len(p) {
		var m int
		m, err = j.TCPConn.Write(p[n:])
		n += m
	}
	return n, err
}

// sendMore hands p to the kernel, which keeps it until more is written. A packet that is
// exactly as large as the buffer has nothing behind it: the kernel lets go of it by
// itself after 200 ms (tcp(7), TCP_CORK, which MSG_MORE is for one call). With the AEAD
// ciphers and the MACs that encrypt first no packet has this size: it is 4 more than a
// multiple of 8.
func (j *joined) sendMore(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.p, j.n, j.err = p, 0, nil
	err := j.raw.Write(j.send)
	j.p = nil
	if err == nil && j.err != nil {
		err = &net.OpError{Op: "write", Net: "tcp", Source: j.LocalAddr(), Addr: j.RemoteAddr(), Err: os.NewSyscallError("sendmsg", j.err)}
	}
	return j.n, err
}

// trySend reports whether the kernel has answered, and not only said that it is busy.
func (j *joined) trySend(fd uintptr) bool {
	for {
		n, err := unix.SendmsgN(int(fd), j.p, nil, nil, unix.MSG_MORE|unix.MSG_NOSIGNAL)
		if err == unix.EINTR {
			continue
		}
		j.n, j.err = max(n, 0), err
		return err != unix.EAGAIN
	}
}
