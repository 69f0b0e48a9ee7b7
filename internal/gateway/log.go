package gateway

import (
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/tap"
)

// log is a connection's record.
type log interface {
	tap.Sink
	ID() event.ConnID
	SetTarget(name string) error
}

func (g *Gateway) beginLog() log {
	if g.Recorder == nil {
		return &noLog{id: event.NewConnID(time.Now(), nil)}
	}
	return g.Recorder.Begin()
}

// noLog is the record of a connection that is not recorded.
type noLog struct {
	id    event.ConnID
	ended atomic.Bool
}

func (n *noLog) ID() event.ConnID       { return n.id }
func (n *noLog) SetTarget(string) error { return nil }

// Emit keeps the promise that nothing passes after the end.
func (n *noLog) Emit(_ uint64, body event.Body) error {
	if n.ended.Load() {
		return tap.ErrEnded
	}
	if _, end := body.(*event.Disconnect); end {
		n.ended.Store(true)
	}
	return nil
}

// recordRefusal records a connection that was turned away before the protocol began.
func recordRefusal(l log, c net.Conn, why string) {
	connect := &event.Connect{Country: "XX"}
	if a, err := netip.ParseAddrPort(c.RemoteAddr().String()); err == nil {
		connect.RemoteAddr, connect.RemotePort = a.Addr().Unmap().WithZone("").String(), uint32(a.Port())
	}
	for _, body := range []event.Body{connect, &event.Refused{Reason: why}, &event.Disconnect{By: event.ByGateway, Reason: why}} {
		l.Emit(0, body) // what cannot be recorded is refused, and so is this
	}
}
