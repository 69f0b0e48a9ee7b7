package e2e

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

const notAllowed = "forwarding is not allowed"

func TestForwardingToAHostIsRefused(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		gatewaytest.Fails(t, g.OpenSSH(t, "ssh", "-W", "db.example:5432", "gw"), 255, "administratively prohibited", notAllowed)
		logs := g.Stop(t)
		checkRefusedChannel(t, logs.Only(t), "db.example", 5432)
	})
}

func checkRefusedChannel(t *testing.T, log *oracle.Log, host string, port uint32) {
	t.Helper()
	asked := oracle.Bodies[*event.NewChannelDirectTCPIP](log)
	if len(asked) != 1 || asked[0].HostToConnect != host || asked[0].PortToConnect != port {
		t.Errorf("the log has %+v, want one request for %s:%d", asked, host, port)
	}
	if len(log.Channels) != 1 || log.Channels[0].Open || !strings.Contains(log.Channels[0].Refused, notAllowed) {
		t.Errorf("the log has %d channels, want one that is refused since %s", len(log.Channels), notAllowed)
	}
}

// -L and -D: the client listens, and is refused when somebody comes.
func TestForwardingFromTheClientIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		flag, suffix string
		say          string // to the client's listener
	}{
		"local":   {"-L", ":db.example:5432", ""},
		"dynamic": {"-D", "", "\x05\x01\x00" + "\x05\x01\x00\x03\x0adb.example\x15\x38"}, // SOCKS5 (RFC 1928)
	} {
		t.Run(name, func(t *testing.T) {
			onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
				addr := gatewaytest.FreeAddr(t)
				ssh := gatewaytest.Begin(t, g.OpenSSH(t, "ssh", "-v", "-N", "-o", "ExitOnForwardFailure=yes", c.flag, addr+c.suffix, "gw"))
				ssh.Errs.AwaitText(t, "Entering interactive session", ssh.Ended)
				conn, err := net.DialTimeout("tcp", addr, gatewaytest.Patience)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(gatewaytest.Patience))
				if _, err := io.WriteString(conn, c.say); err != nil {
					t.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, conn) // the client closes it: cleanly or not
				ssh.Errs.AwaitText(t, notAllowed, ssh.Ended)
				ssh.Cmd.Process.Kill()
				ssh.Wait(t)
				checkRefusedChannel(t, g.Stop(t).Only(t), "db.example", 5432)
			})
		})
	}
}

func TestForwardingToTheClientIsRefused(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		gatewaytest.Fails(t, g.OpenSSH(t, "ssh", "-N", "-o", "ExitOnForwardFailure=yes", "-R", "127.0.0.1:18080:127.0.0.1:80", "gw"), 255,
			"remote port forwarding failed for listen port 18080")
		log := g.Stop(t).Only(t)
		asked := oracle.Bodies[*event.ForwardTCPIP](log)
		if len(asked) != 1 || asked[0].BindHost != "127.0.0.1" || asked[0].BindPort != 18080 {
			t.Errorf("the log has %+v, want one request to listen on port 18080", asked)
		}
		refused := false
		for _, r := range oracle.Bodies[*event.GlobalReply](log) {
			refused = refused || r.RequestType == "tcpip-forward" && !r.Accepted && strings.Contains(r.Reason, notAllowed)
		}
		if !refused {
			t.Errorf("the log does not say that it was refused since %s", notAllowed)
		}
	})
}
