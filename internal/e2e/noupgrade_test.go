package e2e

import (
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// greeted connects to a gateway, and says what is wrong if it does not greet.
func greeted(addr string) string {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(gatewaytest.Patience))
	b := make([]byte, len("SSH-2.0-"))
	if n, err := c.Read(b); err != nil || string(b[:n]) != "SSH-2.0-" {
		return strings.TrimSpace(string(b[:n]) + " " + errorText(err))
	}
	return ""
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// script is a program that takes the gateway's place.
func (g *gateway) script(t *testing.T, lines string) {
	t.Helper()
	gatewaytest.WriteFile(t, g.Path("script"), "#!/bin/sh\n"+lines+"\n")
	Chmod(t, g.Path("script"), 0o755)
	g.Install(t, g.Path("script"))
}

// A new process that can't serve changes nothing: the old one goes on, says why, and can
// be upgraded when the cause is gone.
func TestUpgradeToWhatCantServe(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() }) // after the subtests
	taken := l.Addr().String()
	for name, c := range map[string]struct {
		spoil, mend func(t *testing.T, g *gateway)
		says        []string
	}{
		"it ends at once": {
			spoil: func(t *testing.T, g *gateway) { g.script(t, "echo no luck >&2; exit 7") },
			says:  []string{"no luck", "ended before it was ready"},
		},
		"it is no program": {
			spoil: func(t *testing.T, g *gateway) { g.Install(t, g.Path("config.yaml")) },
			says:  []string{"permission denied"},
		},
		"it hangs": {
			spoil: func(t *testing.T, g *gateway) { g.script(t, "exec sleep 1000") },
			says:  []string{"was not ready in 30s, and was ended"},
		},
		"the configuration is bad": {
			spoil: func(t *testing.T, g *gateway) { g.Edit(t, "intercept:", "interceptt:") },
			mend:  func(t *testing.T, g *gateway) { g.Edit(t, "interceptt:", "intercept:") },
			says:  []string{"can't serve", "interceptt"},
		},
		"the port is another's": {
			spoil: func(t *testing.T, g *gateway) { g.Edit(t, "listen: 127.0.0.1:0", "listen: "+taken) },
			mend:  func(t *testing.T, g *gateway) { g.Edit(t, "listen: "+taken, "listen: 127.0.0.1:0") },
			says:  []string{"can't serve", taken + " is in use"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := startRow(t, gatewaytest.Local(t), gatewaytest.Options{})
			p := g.typist(t, "through it all")
			c.spoil(t, g)
			g.NotUpgraded(t, c.says...)
			p.types(t, "after what failed")
			gatewaytest.Must(t, g.OpenSSH(t, "ssh", "gw", "true"))
			if c.mend != nil {
				c.mend(t, g)
			}
			g.Install(t, gatewaytest.Sshtrail())
			old := g.Upgrade(t)
			p.types(t, "after what did not")
			p.leaves(t)
			old.Wait(t)
			p.check(t, g.Stop(t))
		})
	}
}

// A gateway that is stopped while a new one starts stops, and so does the new one.
func TestStopDuringAnUpgrade(t *testing.T) {
	t.Parallel()
	g := startRow(t, gatewaytest.Local(t), gatewaytest.Options{SSH: []string{"shutdownGrace: 1m"}})
	p := g.typist(t, "at the stop")
	g.script(t, "echo starting >&2; exec sleep 1000")
	g.Signal(t, syscall.SIGUSR2)
	g.Errs.AwaitText(t, "starting\n", g.Ended)
	g.Signal(t, syscall.SIGTERM)
	gatewaytest.Eventually(t, "it listens no more", func() bool { return !g.Listens() })
	p.types(t, "within the grace")
	p.leaves(t)
	if status := g.Wait(t); status != 0 {
		t.Errorf("the gateway ended with status %d", status)
	}
	if !strings.Contains(g.Errs.String(), "not upgraded") {
		t.Error("nothing is said of the upgrade that was given up")
	}
	g.CheckFiles(t)
	p.check(t, g.Logs(t))
}

// SIGHUP, which some send to have a configuration read again, ends nobody's session.
func TestHangupWithoutATerminal(t *testing.T) {
	t.Parallel()
	g := newGateway(t, gatewaytest.Local(t), gatewaytest.Options{})
	g.ServeRow(t, withoutTerminal)
	p := g.typist(t, "through it")
	g.Signal(t, syscall.SIGHUP)
	g.Errs.AwaitText(t, "SIGHUP does nothing", g.Ended)
	p.types(t, "after it")
	p.leaves(t)
	g.Stop(t)
}
