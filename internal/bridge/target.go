// Package bridge joins a recorded client connection to a target and copies between them.
package bridge

import "golang.org/x/crypto/ssh"

// Target is a connection to what serves the client, seen from its client's side:
// another SSH server, or programs behind package session. Its methods may be called
// concurrently. ssh.Channel and ssh.Request are used as an SSH client gets them; a
// target that is no SSH connection makes requests with WantReply false only.
type Target interface {
	// OpenChannel asks the target for a channel. An *ssh.OpenChannelError is passed on
	// to the client as it is.
	OpenChannel(name string, data []byte) (ssh.Channel, <-chan *ssh.Request, error)
	// SendRequest sends a global request.
	SendRequest(name string, wantReply bool, payload []byte) (bool, []byte, error)
	// Incoming returns what the target asks of the client. Both are closed when the
	// target is gone; nil is a target that never asks.
	Incoming() (<-chan ssh.NewChannel, <-chan *ssh.Request)
	// Wait returns when the target is gone, with the reason.
	Wait() error
	// Close ends the connection to the target and all that runs for it.
	Close() error
	// String says what it is, for people: "alice@10.0.0.5:22".
	String() string
}
