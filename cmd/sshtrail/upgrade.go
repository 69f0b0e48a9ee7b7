package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/sshtrail/sshtrail/internal/gateway"
	"github.com/sshtrail/sshtrail/internal/handover"
)

// What the gateway's listening sockets are called: by service managers too.
const (
	sshSocket     = "ssh"
	metricsSocket = "metrics"
)

// statusEvery is how often the service manager is told how many sessions there are, if
// that has changed.
const statusEvery = 5 * time.Second

// upgrades is a gateway that serves until another process takes over, or it is stopped.
type upgrades struct {
	row     *handover.Process
	gateway *gateway.Gateway
	asked   <-chan os.Signal
	around  func(start func() error) error // see handover.Process.Upgrade
	logger  *slog.Logger
}

// askedFor returns the signals that ask a gateway for something and do not end it. SIGHUP
// does end one whose terminal is closed; for others it says nothing.
func askedFor() <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR2)
	if tty, err := os.Open("/dev/tty"); err == nil {
		tty.Close()
	} else {
		signal.Notify(c, syscall.SIGHUP)
	}
	return c
}

// serve serves to the end, and returns why that came.
func (u *upgrades) serve(ctx context.Context, ln net.Listener) string {
	within, end := context.WithCancel(ctx)
	defer end()
	reason := "stopped"
	var loops sync.WaitGroup
	// Both end by end. An upgrade must not be left alone: a new process without us serves.
	loops.Go(func() {
		if next := u.awaitNext(within); next != 0 {
			reason = fmt.Sprintf("upgraded: process %d serves", next)
		}
	})
	loops.Go(func() { u.tellStatus(within) })
	u.gateway.Serve(ctx, ln)
	end()
	loops.Wait()
	return reason
}

// awaitNext starts the program anew whenever it is asked to, until the new process serves,
// whose number it returns, or ctx ends.
func (u *upgrades) awaitNext(ctx context.Context) (next int) {
	for {
		select {
		case <-ctx.Done():
			return next
		case sig := <-u.asked:
			if sig == syscall.SIGHUP {
				u.logger.Warn("SIGHUP does nothing: the configuration is read at the start; SIGUSR2 starts the program anew and ends no session")
				continue
			}
		}
		pid, err := u.row.Upgrade(ctx, handover.Patience, u.around)
		if err != nil {
			u.logger.Error("not upgraded: this process goes on as it was", "error", err)
			continue
		}
		next = pid
		u.logger.Info("upgraded: another process serves, this one finishes its sessions", "serves", next, "sessions", u.gateway.Sessions())
	}
}

// tellStatus tells the service manager how many sessions there are, and of the end.
func (u *upgrades) tellStatus(ctx context.Context) {
	if !u.row.Managed() {
		return
	}
	tick := time.NewTicker(statusEvery)
	defer tick.Stop()
	for told := -1; ; {
		if n := u.gateway.Sessions(); n != told {
			u.row.Tell(fmt.Sprintf("STATUS=sessions: %d", n))
			told = n
		}
		select {
		case <-ctx.Done():
			u.row.Tell("STOPPING=1")
			return
		case <-tick.C:
		}
	}
}

// tellSockets says where the gateway listens, and what is odd about the socket.
func tellSockets(logger *slog.Logger, row *handover.Process, ln *handover.Listener, configured string) {
	logger.Info("listening", "address", ln.Addr().String(), "version", version(), "socket", string(ln.Origin))
	if ln.Origin == handover.Managers && !sameAddress(ln.Addr(), configured) {
		logger.Warn("the service manager's socket is used and ssh.listen is not: make them alike, or take one of them away", "listen", configured)
	}
	for _, name := range row.Unused() {
		logger.Warn("the service manager gives a socket that nobody uses: who connects to it waits for ever", "name", name)
	}
}

// sameAddress reports whether a socket listens where the configuration says. Every IPv4
// address and every address are alike here, since systemd says the second for both.
func sameAddress(a net.Addr, configured string) bool {
	host, port, err := net.SplitHostPort(configured)
	if err != nil {
		return false
	}
	tcp, ok := a.(*net.TCPAddr)
	if !ok || fmt.Sprint(tcp.Port) != port {
		return false
	}
	if ip := net.ParseIP(host); ip != nil && !ip.IsUnspecified() {
		return ip.Equal(tcp.IP)
	}
	return tcp.IP.IsUnspecified() == (host == "" || net.ParseIP(host) != nil)
}
