package tap

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/netip"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
)

// ErrNotRecorded is what [NewServerConn] returns, wrapped with the reason, if nobody was
// let in since that could not be recorded.
var ErrNotRecorded = errors.New("not recorded")

// NewServerConn does what ssh.NewServerConn does, watched by sink: the connect, each
// attempt to authenticate, the outcome, and from then on everything on the connection.
// config is not changed; its callbacks are called as they would be, a public key's
// success is recorded only when its signature was verified.
//
// The iterators are to be ranged over once, each by one goroutine, until they end: they
// take the place of x/crypto's Go channels and must be served for the same reason.
//
// If it returns an error the connection is closed and its end recorded. Otherwise the
// caller must call Close or CloseWith in the end, which record it.
func NewServerConn(c net.Conn, config *ssh.ServerConfig, sink Sink, intercept Intercept) (*Conn, iter.Seq[*NewChannel], iter.Seq[*Request], error) {
	if f, ok := sink.(failer); ok {
		f.OnFailure(func(error) { c.Close() })
	}
	if err := sink.Emit(0, connectEvent(c)); err != nil {
		refuseUnrecorded(c)
		return nil, nil, nil, fmt.Errorf("record the connect: %w: %w", ErrNotRecorded, err)
	}
	auth := &authWatch{sink: sink, passwords: intercept.Passwords}
	early := newEarlyConn(c)
	auth.known = early.tell
	server, channels, requests, err := ssh.NewServerConn(early, auth.wrap(config))
	if f, ok := sink.(failer); ok && err == nil {
		// From now on the client can be told why: see turnAway.
		f.OnFailure(func(error) { time.AfterFunc(farewell, func() { c.Close() }) })
	}
	if err == nil && auth.err == nil {
		auth.emit(&event.HandshakeSuccessful{Username: server.User(), Handshake: handshake(server.Conn)})
	}
	if err == nil && auth.err != nil {
		turnAway(server, channels, requests, auth.err)
	}
	if auth.err != nil {
		err = fmt.Errorf("record the authentication: %w: %w", ErrNotRecorded, auth.err)
	}
	if err != nil {
		auth.queue.Drain() // ends: the connection below is closed
		return nil, nil, nil, errors.Join(err, auth.refuse(err))
	}
	conn := newConn(server, sink, intercept)
	conn.queue = auth.queue
	if f, ok := sink.(failer); ok {
		f.OnFailure(conn.failed)
	}
	return conn, conn.newChannels(channels), conn.globalRequests(requests), nil
}

// refuseUnrecorded ends a connection before the protocol begins, with a line that says
// why (RFC 4253 §4.2).
func refuseUnrecorded(c net.Conn) {
	c.SetDeadline(time.Now().Add(farewell))
	io.WriteString(c, "Not allowed at this time: recording is not possible\r\n") // who does not hear it is refused all the same
	c.Close()
}

// turnAway ends a connection whose login can't be recorded. SSH can say why only in
// answer to a request for a channel, which clients send at once.
func turnAway(server *ssh.ServerConn, channels <-chan ssh.NewChannel, requests <-chan *ssh.Request, why error) {
	go ssh.DiscardRequests(requests) // ends with the connection
	timer := time.AfterFunc(farewell, func() { server.Close() })
	for n := range channels {
		n.Reject(ssh.ConnectionFailed, "sshtrail: this session can't be recorded: "+plainly(why))
	}
	timer.Stop()
	server.Close()
}

// refuse records that nobody was let in. It returns what kept it from recording that.
func (a *authWatch) refuse(cause error) error {
	h := event.Handshake{}
	if a.meta != nil {
		h = handshake(a.meta)
	}
	a.unverified(cause)
	failed := a.sink.Emit(0, &event.HandshakeFailed{Reason: reason(cause), Handshake: h})
	by := event.ByGateway
	if goneReason(cause) == "connection closed" {
		by = event.ByClient
	}
	return errors.Join(failed, a.sink.Emit(0, &event.Disconnect{By: by, Reason: goneReason(cause)}))
}

func connectEvent(c net.Conn) *event.Connect {
	e := &event.Connect{Country: "XX"}
	e.RemoteAddr, e.RemotePort = splitAddr(c.RemoteAddr())
	e.LocalAddr, e.LocalPort = splitAddr(c.LocalAddr())
	return e
}

// splitAddr returns the IP address, without a zone, and the port; nothing for a
// connection that has none.
func splitAddr(a net.Addr) (string, uint32) {
	if a == nil {
		return "", 0
	}
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return "", 0
	}
	return ap.Addr().Unmap().WithZone("").String(), uint32(ap.Port())
}

func handshake(meta ssh.ConnMetadata) event.Handshake {
	h := event.Handshake{ClientVersion: string(meta.ClientVersion())}
	if m, ok := meta.(ssh.AlgorithmsConnMetadata); ok {
		a := m.Algorithms()
		h.Kex, h.HostKey = a.KeyExchange, a.HostKey
		h.CipherIn, h.MACIn = a.Read.Cipher, a.Read.MAC
		h.CipherOut, h.MACOut = a.Write.Cipher, a.Write.MAC
	}
	return h
}
