// Package sshproxy joins a client to another SSH server.
//
// What it returns is the connection to that server itself: channels, requests and what
// the server asks for pass through as they are, those that nobody has heard of too.
package sshproxy

import (
	"context"
	"fmt"
	"net"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/leftover"
	"github.com/sshtrail/sshtrail/internal/whole"
)

// Target is a connection to an upstream server. It is a bridge.Target; its methods may be
// called concurrently. Both channels of Incoming must be served, or it stands still.
type Target struct {
	conn     ssh.Conn
	name     string
	channels <-chan ssh.NewChannel
	requests <-chan *ssh.Request
}

// OpenChannel asks the upstream server for a channel.
func (t *Target) OpenChannel(name string, data []byte) (ssh.Channel, <-chan *ssh.Request, error) {
	return t.conn.OpenChannel(name, data)
}

// SendRequest sends the upstream server a global request.
func (t *Target) SendRequest(name string, wantReply bool, payload []byte) (bool, []byte, error) {
	return t.conn.SendRequest(name, wantReply, payload)
}

// Incoming returns what the upstream server asks for.
func (t *Target) Incoming() (<-chan ssh.NewChannel, <-chan *ssh.Request) {
	return t.channels, t.requests
}

// Wait returns when the connection has ended, with the reason.
func (t *Target) Wait() error {
	if err := t.conn.Wait(); err != nil {
		return fmt.Errorf("connection to %s: %w", t.name, printable{err})
	}
	return nil
}

// Close ends the connection. The upstream server ends what runs on it.
func (t *Target) Close() error {
	err := t.conn.Close()
	leftover.Of(t.conn).Drain() // ends: the connection below is closed
	return err
}

// String says who is logged in where.
func (t *Target) String() string { return t.name }

// Dialer connects clients to one upstream server. It may be used concurrently.
type Dialer struct{ config Config }

// New returns a dialer, if c is valid.
func New(c Config) (*Dialer, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("sshproxy backend: %w", err)
	}
	return &Dialer{c}, nil
}

// Connect connects to the upstream server for a client that is logged in as username.
// ctx and Config.Timeout bound all of it, key exchange and login too. The error is good
// to be shown to the client.
func (d *Dialer) Connect(ctx context.Context, username string) (*Target, error) {
	ctx, cancel := context.WithTimeout(ctx, d.config.Timeout)
	defer cancel()
	if !d.config.UsernamePassThrough {
		username = d.config.Username
	}
	keys, err := d.config.hostKeys()
	if err != nil {
		return nil, err
	}
	var first error // what the key that it prefers is refused for
	for {
		t, err := d.connect(ctx, username, keys)
		switch {
		case err == nil:
			return t, nil
		case keys.refused == nil && (first == nil || keys.accepted):
			return nil, err
		case keys.refused == nil: // it has no other key
			return nil, first
		case first == nil:
			first = err
		}
		if !keys.tryOthers() {
			return nil, first
		}
	}
}

func (d *Dialer) connect(ctx context.Context, username string, keys *hostKeys) (*Target, error) {
	keys.accepted, keys.refused = false, nil
	addr := d.config.addr()
	dialer := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 4, // a dead peer is known in 75 s
	}}
	raw, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("upstream server %s can't be reached: %w; check that it runs and that server and port in the configuration are right", addr, err)
	}
	// The library has no deadlines. Closing is the one thing that ends whatever it does.
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	conn, channels, requests, err := ssh.NewClientConn(whole.Conn(raw), addr, d.client(username, keys))
	if !stop() && err == nil {
		_ = conn.Close()
		err = ctx.Err()
	}
	if err != nil {
		_ = raw.Close() // the library has closed it
		return nil, d.explain(ctx, username, keys, err)
	}
	return &Target{conn: conn, name: username + "@" + addr, channels: channels, requests: requests}, nil
}

// explain says what went wrong in words that help, and has no secret.
func (d *Dialer) explain(ctx context.Context, username string, keys *hostKeys, err error) error {
	switch addr := d.config.addr(); {
	case keys.refused != nil:
		return keys.refused
	case ctx.Err() != nil:
		return fmt.Errorf("upstream server %s did not let us in within %v: %w; it is too slow, or no SSH server", addr, d.config.Timeout, ctx.Err())
	case keys.accepted:
		return fmt.Errorf("upstream server %s does not let in user %q: %w; check user name, password and key in the configuration", addr, username, printable{err})
	default:
		return fmt.Errorf("upstream server %s: %w", addr, printable{err})
	}
}

// client is the library's configuration for one connection.
func (d *Dialer) client(username string, keys *hostKeys) *ssh.ClientConfig {
	c := d.config
	good := ssh.SupportedAlgorithms() // the library's own defaults have SHA-1 in them
	config := &ssh.ClientConfig{
		Config: ssh.Config{
			Ciphers:      orElse(c.Ciphers, good.Ciphers),
			KeyExchanges: orElse(c.KeyExchanges, good.KeyExchanges),
			MACs:         orElse(c.MACs, good.MACs),
		},
		User:              username,
		ClientVersion:     c.ClientVersion,
		HostKeyAlgorithms: keys.algorithms,
		HostKeyCallback:   keys.check,
	}
	if c.PrivateKey != nil {
		config.Auth = append(config.Auth, ssh.PublicKeys(c.PrivateKey))
	}
	if c.Password != "" {
		config.Auth = append(config.Auth, ssh.Password(string(c.Password)), ssh.KeyboardInteractive(c.answer))
	}
	return config
}

// answer gives the password to a server that asks one hidden question, which is how most
// servers with PAM ask for it. No other question gets it.
func (c Config) answer(_, _ string, questions []string, echos []bool) ([]string, error) {
	switch {
	case len(questions) == 0:
		return nil, nil
	case len(questions) == 1 && !echos[0]:
		return []string{string(c.Password)}, nil
	}
	return nil, fmt.Errorf("it asks %d questions, and we have but a password", len(questions))
}
