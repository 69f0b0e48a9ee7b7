package bridge

import (
	"errors"
	"fmt"
	"iter"
	"sync"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/tap"
)

// Client is the recorded side: what tap.NewServerConn returned.
type Client struct {
	Conn     *tap.Conn
	Channels iter.Seq[*tap.NewChannel]
	Requests iter.Seq[*tap.Request]
	// MaxChannels is how many channels may be open at once.
	MaxChannels int
	// Rules is what the client may do.
	Rules Rules
	// Panicked is told of a panic in this connection, which ends it and no other.
	Panicked func(value any)
}

// Join copies everything between client and target, both ways, until one of them is
// gone, and returns when nothing of it runs any more and both are closed. Forwarding
// is refused, in both directions.
func Join(client Client, target Target) {
	j := &joint{client: client, target: target, slots: make(chan struct{}, client.MaxChannels)}
	fromTarget, targetRequests := target.Incoming()
	var near, far sync.WaitGroup
	j.start(&far, j.awaitTarget)
	if fromTarget != nil {
		j.start(&far, func() { j.refuseChannels(fromTarget) })
	}
	if targetRequests != nil {
		j.start(&far, func() { j.targetRequests(targetRequests) })
	}
	j.start(&near, j.awaitClient)
	j.start(&near, j.clientRequests)
	j.start(&near, j.clientChannels)
	near.Wait()
	far.Wait()
}

type joint struct {
	client Client
	target Target
	slots  chan struct{} // one for each open channel

	mu       sync.Mutex
	gone     bool           // the target: no channels any more
	channels sync.WaitGroup // grows only while gone is false
}

// start runs f in a goroutine that wg waits for. A panic in it ends the connection.
func (j *joint) start(wg *sync.WaitGroup, f func()) {
	wg.Go(func() { j.guard(f) })
}

func (j *joint) guard(f func()) {
	defer func() {
		if value := recover(); value != nil {
			j.client.Panicked(value)
			j.client.Conn.CloseWith(event.ByGateway, "internal error")
			j.target.Close()
		}
	}()
	f()
}

// awaitClient records the client's going when it goes, and ends the target then: what
// else runs here may wait for an answer of the target that never comes.
func (j *joint) awaitClient() {
	j.client.Conn.Wait()
	j.client.Conn.Close()
	j.target.Close()
}

// awaitTarget ends the client's connection when the target is gone, after what the
// target had sent has arrived.
func (j *joint) awaitTarget() {
	err := j.target.Wait()
	j.mu.Lock()
	j.gone = true
	j.mu.Unlock()
	j.channels.Wait()
	reason := "the target closed the connection"
	if err != nil {
		reason = err.Error()
	}
	j.client.Conn.CloseWith(event.ByTarget, reason)
}

const noForwarding = "forwarding is not allowed"

// clientRequests passes the client's global requests on.
func (j *joint) clientRequests() {
	j.inOrder(j.client.Requests, j.passGlobal, func() {})
}

func (j *joint) passGlobal(r *tap.Request) {
	switch r.Type {
	case "tcpip-forward", "cancel-tcpip-forward",
		"streamlocal-forward@openssh.com", "cancel-streamlocal-forward@openssh.com":
		r.Refuse(noForwarding)
	case hostKeysProve:
		r.Refuse("the host keys are the gateway's") // the target could only prove its own
	case noMoreSessions:
		r.Reply(true, nil)
	default:
		ok, answer, err := j.target.SendRequest(r.Type, r.WantReply, r.Payload)
		r.Reply(ok && err == nil, answer)
	}
}

// OpenSSH's announcement of host keys (PROTOCOL §2.5): the target's are not what the
// client must know the gateway by.
const (
	hostKeys      = "hostkeys-00@openssh.com"
	hostKeysProve = "hostkeys-prove-00@openssh.com"
)

// OpenSSH's clients say so once their session is asked for (PROTOCOL §2.2). It is not
// passed on: x/crypto hands out requests and channels apart, without their order, and a
// target that hears it before the session ends the connection as an attack.
const noMoreSessions = "no-more-sessions@openssh.com"

func (j *joint) targetRequests(requests <-chan *ssh.Request) {
	for r := range requests {
		if r.Type == hostKeys {
			r.Reply(false, nil)
			continue
		}
		ok, answer, err := j.client.Conn.SendRequest(event.ByTarget, r.Type, r.WantReply, r.Payload)
		r.Reply(ok && err == nil, answer)
	}
}

// refuseChannels refuses what the target would open to the client: each is a forward.
func (j *joint) refuseChannels(channels <-chan ssh.NewChannel) {
	for n := range channels {
		n.Reject(ssh.Prohibited, noForwarding)
	}
}

func (j *joint) clientChannels() {
	for n := range j.client.Channels {
		switch n.ChannelType() {
		case "session":
			j.startSession(n)
		case "direct-tcpip", "direct-streamlocal@openssh.com", "tun@openssh.com":
			n.Reject(ssh.Prohibited, noForwarding)
		default:
			n.Reject(ssh.UnknownChannelType, "")
		}
	}
}

func (j *joint) startSession(n *tap.NewChannel) {
	j.mu.Lock()
	defer j.mu.Unlock()
	select {
	case j.slots <- struct{}{}:
	default:
		n.Reject(ssh.ResourceShortage, fmt.Sprintf("more than %d channels at once", cap(j.slots)))
		return
	}
	if j.gone {
		n.Reject(ssh.ConnectionFailed, "the target has gone")
		return
	}
	j.start(&j.channels, func() {
		defer func() { <-j.slots }()
		j.session(n)
	})
}

// session opens the channel at the target, then for the client, and copies.
func (j *joint) session(n *tap.NewChannel) {
	far, farRequests, err := j.target.OpenChannel(n.ChannelType(), n.ExtraData())
	if err != nil {
		var refused *ssh.OpenChannelError
		if errors.As(err, &refused) {
			n.Reject(refused.Reason, refused.Message)
		} else {
			n.Reject(ssh.ConnectionFailed, err.Error())
		}
		return
	}
	near, nearRequests, err := n.Accept()
	if err != nil {
		far.Close()
		go ssh.DiscardRequests(farRequests) // ends: far is closed
		return
	}
	newLink(j, near, far).run(nearRequests, farRequests)
}
