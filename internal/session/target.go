// Package session makes a bridge target of anything that runs programs.
//
// It is the server's half of RFC 4254 §6: env, pty-req, shell, exec, subsystem,
// window-change, signal and break, written once for every backend.
package session

import (
	"fmt"
	"sync"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/backend"
)

// Target runs the programs of one client on a host. It is a bridge.Target; its methods
// may be called concurrently.
type Target struct {
	host   backend.Host
	policy Policy
	done   chan struct{} // closed when nothing runs any more

	mu       sync.Mutex
	closed   bool
	channels map[*channel]struct{}
	open     sync.WaitGroup // one for each of channels; added to under mu while not closed

	closing  sync.Once
	closeErr error
}

// New returns a target that starts programs on host, which it closes in the end.
func New(host backend.Host, policy Policy) *Target {
	return &Target{
		host:     host,
		policy:   policy,
		done:     make(chan struct{}),
		channels: make(map[*channel]struct{}),
	}
}

// OpenChannel opens a channel of type "session"; no other is served. Whoever opens one
// reads Read, Stderr().Read and the requests to their ends: how the program ended is
// told after its last byte of output was read. The channel has one method more,
// LastRefusal() string: why the last request was refused, empty if it was not.
func (t *Target) OpenChannel(name string, data []byte) (ssh.Channel, <-chan *ssh.Request, error) {
	switch name {
	case "session":
	case "direct-tcpip", "direct-streamlocal@openssh.com", "tun@openssh.com":
		return nil, nil, refuse(ssh.Prohibited, "%s runs programs only, it forwards nothing", t)
	default:
		return nil, nil, refuse(ssh.UnknownChannelType, "channel type %q is not known here", name)
	}
	if len(data) != 0 { // RFC 4254 §6.1: a session has nothing of its own
		return nil, nil, refuse(ssh.Prohibited, "malformed request for a session: %d bytes too many", len(data))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, nil, refuse(ssh.ConnectionFailed, "%s is closed", t)
	}
	c := newChannel(t)
	t.channels[c] = struct{}{}
	t.open.Add(1)
	return c, c.requests, nil
}

func refuse(reason ssh.RejectionReason, format string, args ...any) error {
	return &ssh.OpenChannelError{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// forget takes a channel of which nothing is left from the list.
func (t *Target) forget(c *channel) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.channels, c)
	t.open.Done()
}

// SendRequest refuses: programs understand no global requests. So a keep-alive has the
// answer that OpenSSH gives to one.
func (t *Target) SendRequest(string, bool, []byte) (bool, []byte, error) {
	return false, nil, nil
}

// Incoming returns nil twice: programs ask nothing of the client.
func (t *Target) Incoming() (<-chan ssh.NewChannel, <-chan *ssh.Request) { return nil, nil }

// Wait returns when the target was closed and nothing runs any more.
func (t *Target) Wait() error {
	<-t.done
	return t.closeErr
}

// Close closes all channels, ends their programs and closes the host. It returns when
// nothing runs any more, or with an error that says what still does.
func (t *Target) Close() error {
	t.closing.Do(func() {
		t.mu.Lock()
		t.closed = true
		channels := make([]*channel, 0, len(t.channels))
		for c := range t.channels {
			channels = append(channels, c)
		}
		t.mu.Unlock()
		for _, c := range channels {
			_ = c.Close() // only says that it is closed already
		}
		t.open.Wait()
		t.closeErr = t.host.Close()
		close(t.done)
	})
	<-t.done
	return t.closeErr
}

// String is the host's.
func (t *Target) String() string { return t.host.String() }
