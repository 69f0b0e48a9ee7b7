package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/auth"
	"github.com/sshtrail/sshtrail/internal/backend"
	"github.com/sshtrail/sshtrail/internal/bridge"
	"github.com/sshtrail/sshtrail/internal/metrics"
	"github.com/sshtrail/sshtrail/internal/whole"
	"github.com/sshtrail/sshtrail/tap"
)

// session is one connection.
type session struct {
	gateway *Gateway
	net     net.Conn
	log     log
	source  string // remote address without port
	conn    *tap.Conn
	tried   string         // the last user name that was tried
	denied  error          // why that was refused
	method  metrics.Method // what let the user in
	counted bool           // as logged in, or as refused
	stopped bool           // the stop of the gateway kept it from logging in
	notNow  obstacle
}

// run lets the client log in, joins it to its target and returns at its end.
func (s *session) run(ctx context.Context) {
	g := s.gateway
	defer func() { <-g.slots }()
	client, grant, err := s.login(ctx)
	if err != nil {
		s.letNobodyIn(s.reason(err), err)
		return
	}
	s.loggedIn()
	g.add(s)
	defer g.remove(s)
	g.Logger.Info("logged in", "connection", s.log.ID(), "user", s.conn.User(), "remote", s.net.RemoteAddr(), "by", grant.By)
	target := s.connect(ctx)
	if err := s.log.SetTarget(target.String()); err != nil {
		g.Logger.Debug("target not noted", "connection", s.log.ID(), "error", err)
	}
	stop := s.keepAlive()
	bridge.Join(client, target)
	stop()
	g.Logger.Info("disconnected", "connection", s.log.ID())
}

var errStopping = errors.New("the gateway is stopping")

// lateError says that nobody logged in within that time.
type lateError time.Duration

func (e lateError) Error() string {
	return fmt.Sprintf("the client did not log in within ssh.loginGraceTime (%v)", time.Duration(e))
}

func (e lateError) Unwrap() error { return os.ErrDeadlineExceeded }

// login runs the handshake within the grace time.
func (s *session) login(ctx context.Context) (bridge.Client, *auth.Grant, error) {
	g := s.gateway
	defer g.startups.done(s.source)
	grace := g.Config.SSH.LoginGraceTime.Duration()
	// At a stop those who are not logged in have nothing to finish.
	goOn := context.AfterFunc(ctx, func() { s.net.SetDeadline(time.Now()) })
	defer goOn()
	stopping := ctx
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	s.net.SetDeadline(time.Now().Add(grace))
	intercept := g.Config.Audit.Intercept
	watched := sniff(whole.Conn(s.net))
	watched.expired = ctx.Done()
	watched.explain = func(err error) error {
		// The library closes the connection when it can't write, and may tell of that alone.
		closed := errors.Is(err, net.ErrClosed) && ctx.Err() != nil
		switch {
		case !errors.Is(err, os.ErrDeadlineExceeded) && !closed:
			return err
		case stopping.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded):
			return errStopping
		}
		return lateError(grace)
	}
	conn, channels, requests, err := tap.NewServerConn(watched, s.authenticated(ctx), s.sink(), tap.Intercept{
		Stdin: intercept.Stdin, Stdout: intercept.Stdout, Stderr: intercept.Stderr,
		Passwords: intercept.Passwords, Forwarding: intercept.Forwarding,
	})
	if err != nil {
		// The time may be up, and the gateway stop a moment later.
		s.stopped = stopping.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded)
		return bridge.Client{}, nil, err
	}
	if !goOn() {
		return bridge.Client{}, nil, errors.Join(errStopping, conn.CloseWith(event.ByGateway, errStopping.Error()))
	}
	watched.loggedIn.Store(true)
	s.net.SetDeadline(time.Time{})
	s.conn = conn
	grant := conn.Permissions().ExtraData[grantKey{}].(*auth.Grant)
	return bridge.Client{
		Conn: conn, Channels: channels, Requests: requests,
		MaxChannels: g.Config.SSH.MaxChannels,
		Rules:       bridge.Rules{Forced: grant.Forced, Command: grant.ForceCommand, NoPTY: grant.NoPTY, Environment: grant.Environment},
		Panicked:    func(value any) { g.panicked(s.log.ID(), value) },
	}, grant, nil
}

// connect joins the client to its target. If that fails the target is one that says
// why, to each channel that the client asks for.
func (s *session) connect(ctx context.Context) bridge.Target {
	target, err := s.gateway.Connect(ctx, backend.Client{
		ConnectionID: string(s.log.ID()),
		Username:     s.conn.User(),
		RemoteAddr:   s.net.RemoteAddr().String(),
		LocalAddr:    s.net.LocalAddr().String(),
	})
	if err != nil {
		s.log.Emit(0, &event.NoTarget{Reason: err.Error()}) // an error ends the connection, and this is its end
		s.gateway.Logger.Error("no target", "connection", s.log.ID(), "user", s.conn.User(), "error", err)
		return newNowhere(err, fmt.Sprintf("sshtrail: what you are to be joined to can't be reached; tell who runs this gateway, with the number %s", s.log.ID()))
	}
	return target
}

// keepAlive asks the client from time to time whether it is there, if so configured,
// until the returned function is called.
func (s *session) keepAlive() (stop func()) {
	interval, limit := s.gateway.Config.SSH.ClientAliveInterval.Duration(), s.gateway.Config.SSH.ClientAliveCountMax
	if interval == 0 {
		return func() {}
	}
	done := make(chan struct{})
	go func() { // ends by stop, or with the connection
		tick := time.NewTicker(interval)
		defer tick.Stop()
		answers := make(chan struct{}, 1)
		answers <- struct{}{}
		for unanswered := 0; ; {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			select {
			case <-answers:
				unanswered = 0
				go func() { // ends with its answer, or with the connection
					if _, _, err := s.conn.SendRequest(event.ByGateway, "keepalive@openssh.com", true, nil); err == nil {
						answers <- struct{}{}
					}
				}()
			default:
				if unanswered++; unanswered >= limit {
					s.conn.CloseWith(event.ByGateway, fmt.Sprintf("the client did not answer for %v", time.Duration(limit)*interval))
					return
				}
			}
		}
	}()
	return func() { close(done) }
}

// end tells the client why, and ends the connection.
func (s *session) end(why string) {
	s.conn.Tell("sshtrail: " + why)
	s.conn.CloseWith(event.ByGateway, why)
}

// grantKey is where a login's Grant is in ssh.Permissions.
type grantKey struct{}

// authenticated returns a copy of the server's configuration that lets in whom the
// gateway's methods let in.
func (s *session) authenticated(ctx context.Context) *ssh.ServerConfig {
	c := *s.gateway.server
	methods := s.gateway.Auth
	request := func(m ssh.ConnMetadata) auth.Request {
		s.tried = m.User()
		return auth.Request{Username: m.User(), RemoteAddr: s.net.RemoteAddr().String(), ConnectionID: string(s.log.ID())}
	}
	if m := methods.PublicKeys; m != nil {
		c.PublicKeyCallback = func(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			return s.decide(func() (*auth.Grant, error) { return m.PublicKey(ctx, request(meta), key) })
		}
		// A key is decided about when it is offered, and its user may think for a while
		// before they sign.
		c.VerifiedPublicKeyCallback = func(_ ssh.ConnMetadata, _ ssh.PublicKey, p *ssh.Permissions, _ string) (*ssh.Permissions, error) {
			return p, s.denyUnrecordable()
		}
	}
	if m := methods.Passwords; m != nil {
		c.PasswordCallback = func(meta ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			return s.decide(func() (*auth.Grant, error) { return m.Password(ctx, request(meta), password) })
		}
	}
	if m := methods.KeyboardInteractive; m != nil {
		c.KeyboardInteractiveCallback = func(meta ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			return s.decide(func() (*auth.Grant, error) { return m.KeyboardInteractive(ctx, request(meta), ask) })
		}
	}
	c.BannerCallback = func(ssh.ConnMetadata) string { return s.banner() }
	c.AuthLogCallback = func(_ ssh.ConnMetadata, method string, err error) {
		if err == nil {
			s.method = metrics.MethodOf(method)
		}
	}
	return &c
}

// decide asks whether somebody may in, and notes why not, for the messages. Nobody may
// whose session could not be recorded.
func (s *session) decide(ask func() (*auth.Grant, error)) (*ssh.Permissions, error) {
	if err := s.denyUnrecordable(); err != nil {
		return nil, err
	}
	p, err := permissions(ask())
	if err != nil {
		s.denied = err
	}
	return p, err
}

func stack() string { return string(debug.Stack()) }
