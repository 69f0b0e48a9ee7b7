package tap

import (
	"iter"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
)

// NewChannel is the client's request for a channel, which has been recorded: an
// ssh.NewChannel whose answer is recorded too.
type NewChannel struct {
	raw  ssh.NewChannel
	conn *Conn
	id   uint64
}

// ChannelType returns the type that the client asks for.
func (n *NewChannel) ChannelType() string { return n.raw.ChannelType() }

// ExtraData returns the data specific to the type (RFC 4254 §5.1).
func (n *NewChannel) ExtraData() []byte { return n.raw.ExtraData() }

// Accept records that the channel is open, and opens it.
func (n *NewChannel) Accept() (*Channel, iter.Seq[*Request], error) {
	ch := n.conn.channel(n.id, n.ChannelType())
	if err := ch.open(n.ChannelType()); err != nil {
		ch.forget(event.ByGateway)
		n.conn.refuse(n.raw, err)
		return nil, nil, err
	}
	raw, requests, err := n.raw.Accept()
	if err != nil {
		ch.forget(n.conn.endedBy())
		return nil, nil, err
	}
	ch.accept(raw)
	return ch, ch.requests(requests), nil
}

// Reject records that the channel is refused, and refuses it.
func (n *NewChannel) Reject(reason ssh.RejectionReason, message string) error {
	why := reason.String()
	if message != "" {
		why += ": " + message
	}
	n.conn.emit(n.id, &event.NewChannelFailed{ChannelType: n.ChannelType(), Reason: why})
	return n.raw.Reject(reason, message)
}

// newChannels records the channels that the client asks for. One whose data is
// malformed is refused here.
func (c *Conn) newChannels(raw <-chan ssh.NewChannel) iter.Seq[*NewChannel] {
	return func(yield func(*NewChannel) bool) {
		for r := range raw {
			n := &NewChannel{raw: r, conn: c, id: c.nextChannel.Add(1) - 1}
			body, malformed := channelOpen(r.ChannelType(), r.ExtraData())
			switch err := c.emit(n.id, body); {
			case err != nil:
				c.refuse(r, err)
			case malformed != nil:
				n.Reject(ssh.ConnectionFailed, malformed.Error())
			case !yield(n):
				return
			}
		}
		c.gone()
	}
}

func channelOpen(kind string, data []byte) (event.Body, error) {
	known, ok := channelTypes[kind]
	if !ok {
		return &event.NewChannel{ChannelType: kind, Payload: data}, nil
	}
	if known.body == nil { // RFC 4254 §6.1: there is no data
		return &event.NewChannel{ChannelType: kind, Payload: data}, nil
	}
	body := known.body()
	if err := unmarshal(data, body, 0, known.reserved); err != nil {
		return &event.NewChannel{ChannelType: kind, Payload: data}, err
	}
	return body, nil
}

// OpenChannel records that the target asks the client for a channel, asks, and records
// the answer.
func (c *Conn) OpenChannel(kind string, data []byte) (*Channel, iter.Seq[*Request], error) {
	id := c.nextChannel.Add(1) - 1
	body, malformed := channelOpen(kind, data)
	if n, ok := body.(*event.NewChannel); ok {
		n.By = event.ByTarget
	}
	if err := c.emit(id, body); err != nil {
		return nil, nil, err
	}
	raw, requests, err := (ssh.Channel)(nil), (<-chan *ssh.Request)(nil), malformed
	if err == nil {
		raw, requests, err = c.server.OpenChannel(kind, data)
	}
	if err != nil {
		c.emit(id, &event.NewChannelFailed{ChannelType: kind, Reason: err.Error()})
		return nil, nil, err
	}
	ch := c.channel(id, kind)
	ch.accept(raw)
	if err := ch.open(kind); err != nil {
		ch.Close()
		return nil, nil, err
	}
	return ch, ch.requests(requests), nil
}
