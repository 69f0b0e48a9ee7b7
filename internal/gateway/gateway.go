// Package gateway accepts SSH connections, decides about them, and joins each one,
// recorded, to its target. It is the one package that knows all the others.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/auth"
	"github.com/sshtrail/sshtrail/internal/backend"
	"github.com/sshtrail/sshtrail/internal/bridge"
	"github.com/sshtrail/sshtrail/internal/config"
	"github.com/sshtrail/sshtrail/internal/metrics"
	"github.com/sshtrail/sshtrail/record"
)

// Parts is what a Gateway works with.
type Parts struct {
	Config   *config.Config
	HostKeys []ssh.Signer
	Auth     auth.Methods
	// Recorder is nil if nothing is recorded.
	Recorder *record.Recorder
	// Connect joins an authenticated client to its target. Its error is shown to the
	// client. ctx bounds connecting, not the target's life.
	Connect func(ctx context.Context, client backend.Client) (bridge.Target, error)
	Logger  *slog.Logger
}

// Gateway serves SSH connections.
type Gateway struct {
	Parts
	server   *ssh.ServerConfig
	startups *startups
	slots    chan struct{} // one for each connection
	// farewells bounds how many connections are told at once why they are refused.
	farewells chan struct{}
	counters  *counters
	serving   atomic.Bool // connections are taken

	mu       sync.Mutex
	sessions map[*session]struct{} // logged in
}

// New returns a gateway. It does nothing before Serve.
func New(p Parts) *Gateway {
	c := &p.Config.SSH
	return &Gateway{
		Parts:     p,
		server:    serverConfig(c, p.HostKeys),
		startups:  newStartups(c.MaxStartups, c.MaxStartupsPerSource),
		slots:     make(chan struct{}, c.MaxConnections),
		farewells: make(chan struct{}, maxFarewells),
		counters:  newCounters(),
		sessions:  map[*session]struct{}{},
	}
}

// serverConfig is what all connections share; each has callbacks of its own.
func serverConfig(c *config.SSH, hostKeys []ssh.Signer) *ssh.ServerConfig {
	s := &ssh.ServerConfig{
		Config:                  ssh.Config{Ciphers: c.Ciphers, KeyExchanges: c.Kex, MACs: c.MACs},
		PublicKeyAuthAlgorithms: auth.KeyAlgorithms(),
		MaxAuthTries:            c.MaxAuthTries,
		ServerVersion:           c.ServerVersion,
	}
	for _, key := range hostKeys {
		s.AddHostKey(key)
	}
	return s
}

const maxFarewells = 128

// lastWords is how long connections have, at a stop, to see their sessions' programs end.
const lastWords = 5 * time.Second

// Serve accepts connections on ln until ctx ends, then closes ln, ends who is not logged
// in, gives the sessions the configured time to finish, ends what is left and returns. An error of accepting
// never stops it. If somebody else closes ln, connections go on, without a limit, until the
// last has ended or ctx does.
func (g *Gateway) Serve(ctx context.Context, ln net.Listener) {
	g.warnOfDescriptors()
	stop := context.AfterFunc(ctx, func() { g.serving.Store(false); ln.Close() })
	defer stop()
	var connections sync.WaitGroup
	g.serving.Store(ctx.Err() == nil)
	g.accept(ctx, ln, &connections)
	g.serving.Store(false)
	finished := make(chan struct{})
	go func() { connections.Wait(); close(finished) }() // ends with the last connection
	select {
	case <-finished:
		return
	case <-ctx.Done():
	}
	if n := g.Sessions(); n > 0 {
		g.Logger.Info("stopping: no new connections; sessions may finish", "sessions", n, "within", g.Config.SSH.ShutdownGrace.Duration())
	}
	if !waited(finished, g.Config.SSH.ShutdownGrace.Duration()) {
		g.endSessions(errStopping.Error())
		if !waited(finished, lastWords) {
			g.Logger.Warn("sessions are left that did not end in time", "sessions", g.Sessions())
		}
	}
}

func waited(done <-chan struct{}, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// The pause after an error of accept: it is the machine that lacks something, mostly
// file descriptors, and asking again at once would only burn a core.
const (
	minPause = 5 * time.Millisecond
	maxPause = time.Second
)

func (g *Gateway) accept(ctx context.Context, ln net.Listener, connections *sync.WaitGroup) {
	pause := minPause
	var last spare
	defer last.empty()
	last.fill()
	for {
		c, err := ln.Accept()
		switch {
		case err == nil && !last.fill(): // it has the spare one
			g.refuseWithout(c)
			last.fill()
		case err == nil:
			pause = minPause
			connections.Go(func() { g.serve(ctx, c) })
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return
		default:
			if noDescriptors(err) {
				last.empty()
			}
			g.Logger.Error("a connection can't be accepted; trying again", "error", err, "pause", pause)
			waited(ctx.Done(), pause)
			pause = min(2*pause, maxPause)
		}
	}
}

// refuseWithout refuses a connection for which there is no descriptor but the spare one. It
// does not wait for the client, and ends it at once.
func (g *Gateway) refuseWithout(c net.Conn) {
	defer c.Close()
	g.counters.connections.Add(1)
	s := &session{gateway: g, net: c, log: g.beginLog()}
	s.refused(metrics.Descriptors)
	why := "there are no file descriptors left: raise the limit (LimitNOFILE= in the unit, ulimit -n)"
	g.Logger.Warn("connection refused", "connection", s.log.ID(), "remote", c.RemoteAddr(), "reason", metrics.Descriptors, "error", why)
	recordRefusal(s.log, c, why)
	c.SetDeadline(time.Now().Add(minPause))
	io.WriteString(c, notAllowed) // who does not hear it is refused all the same
}

// serve serves one connection to its end. A panic ends this connection only.
func (g *Gateway) serve(ctx context.Context, c net.Conn) {
	defer c.Close()
	g.counters.connections.Add(1)
	log := g.beginLog()
	s := &session{gateway: g, net: c, log: log, source: sourceOf(c.RemoteAddr())}
	defer func() {
		if value := recover(); value != nil {
			g.panicked(log.ID(), value)
			s.refused(metrics.Internal)
			log.Emit(0, &event.Disconnect{By: event.ByGateway, Reason: "internal error"}) // ErrEnded if it was told already
		}
	}()
	if reason, why := g.admit(c, s.source); reason != "" {
		s.refused(reason)
		g.turnAway(c, log, reason, why)
		return
	}
	s.run(ctx)
}

// admit takes the connection's places, or says why there are none.
func (g *Gateway) admit(c net.Conn, source string) (reason metrics.Refusal, why string) {
	if why := tooFewDescriptors(c); why != "" {
		return metrics.Descriptors, why
	}
	select {
	case g.slots <- struct{}{}:
	default:
		return metrics.MaxConnections, g.allTaken()
	}
	if reason, why := g.startups.admit(source); reason != "" {
		<-g.slots
		return reason, why
	}
	return "", ""
}

func (g *Gateway) allTaken() string {
	return fmt.Sprintf("there are %d connections already", cap(g.slots))
}

const notAllowed = "Not allowed at this time: too many connections\r\n"

// turnAway refuses a connection as OpenSSH does: with a line before the protocol
// begins (RFC 4253 §4.2).
func (g *Gateway) turnAway(c net.Conn, log log, reason metrics.Refusal, why string) {
	g.Logger.Warn("connection refused", "connection", log.ID(), "remote", c.RemoteAddr(), "reason", reason, "error", why)
	recordRefusal(log, c, why)
	select {
	case g.farewells <- struct{}{}:
		defer func() { <-g.farewells }()
		sayAndEnd(c, notAllowed)
	default: // a flood: whoever is in it can do without
	}
}

func (g *Gateway) panicked(id event.ConnID, value any) {
	g.Logger.Error("internal error; this connection ends, others go on", "connection", id, "panic", fmt.Sprint(value), "stack", stack())
}

func (g *Gateway) add(s *session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sessions[s] = struct{}{}
}

func (g *Gateway) remove(s *session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.sessions, s)
}

// Sessions returns how many connections are logged in.
func (g *Gateway) Sessions() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.sessions)
}

// endSessions tells everybody why, and ends their connections.
func (g *Gateway) endSessions(why string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for s := range g.sessions {
		go s.end(why) // ends within a second
	}
}

// sourceOf is whose connection it is, for the limit of each: an IPv4 address, or an IPv6
// network of 64 bits, which is the least that anybody has (RFC 6177).
func sourceOf(a net.Addr) string {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return a.String()
	}
	ip := ap.Addr().Unmap()
	if ip.Is4() {
		return ip.String()
	}
	network, _ := ip.WithZone("").Prefix(64) // an IPv6 address has one
	return network.String()
}
