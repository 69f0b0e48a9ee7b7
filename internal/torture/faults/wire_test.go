package faults

import (
	"errors"
	"net"
	"sync"
)

// network is a net.Listener whose connections need no machine, so that they work in the
// time of testing/synctest.
type network struct {
	accept chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newNetwork() *network {
	return &network{accept: make(chan net.Conn), closed: make(chan struct{})}
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.accept:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

func (n *network) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2222} }

// dial returns the client's end of a new connection.
func (n *network) dial(port int) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case n.accept <- addressed{far, n.Addr(), &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}}:
		return newEager(near), nil
	case <-n.closed:
		return nil, errors.New("the gateway does not listen")
	}
}

// addressed is a connection with addresses.
type addressed struct {
	net.Conn
	local, remote net.Addr
}

func (a addressed) LocalAddr() net.Addr  { return a.local }
func (a addressed) RemoteAddr() net.Addr { return a.remote }

// eager is the client's end of a connection, which takes what is written to it as a
// kernel does: a pipe waits for its reader.
type eager struct {
	net.Conn
	queue chan []byte
	gone  chan struct{}
	once  sync.Once
}

// window is how many writes a connection takes before they are read.
const window = 1024

func newEager(c net.Conn) *eager {
	e := &eager{Conn: c, queue: make(chan []byte, window), gone: make(chan struct{})}
	go func() { // ends by Close
		for {
			select {
			case b := <-e.queue:
				if _, err := c.Write(b); err != nil {
					return
				}
			case <-e.gone:
				return
			}
		}
	}()
	return e
}

func (e *eager) Write(b []byte) (int, error) {
	select {
	case e.queue <- append([]byte(nil), b...):
		return len(b), nil
	case <-e.gone:
		return 0, net.ErrClosed
	}
}

func (e *eager) Close() error {
	e.once.Do(func() { close(e.gone) })
	return e.Conn.Close()
}
