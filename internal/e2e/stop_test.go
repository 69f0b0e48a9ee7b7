package e2e

import (
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// runs starts a program by ssh, waits for its first word, and returns with its standard input.
func (g *gateway) runs(t *testing.T, program string) (*gatewaytest.Process, io.WriteCloser) {
	t.Helper()
	cmd := g.OpenSSH(t, "ssh", "gw", program)
	w, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := gatewaytest.Begin(t, cmd)
	p.Out.AwaitText(t, "started", p.Ended)
	return p, w
}

func TestStopLetsSessionsFinish(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{SSH: []string{"shutdownGrace: 1m"}}, func(t *testing.T, g *gateway) {
		ssh, in := g.runs(t, "echo started; read x; echo got $x; exit 4")
		g.Signal(t, syscall.SIGTERM)
		gatewaytest.Eventually(t, "it listens no more", func() bool { return !g.Listens() })
		if _, err := io.WriteString(in, "it\n"); err != nil {
			t.Fatal(err)
		}
		in.Close()
		if status := ssh.Wait(t); status != 4 || ssh.Out.String() != "started\ngot it\n" {
			t.Errorf("the session ended with status %d after %q, want 4 after all", status, ssh.Out)
		}
		if status := g.Wait(t); status != 0 {
			t.Errorf("the gateway ended with status %d, want 0", status)
		}
		g.CheckFiles(t)
		oracle.CheckWhole(t, g.Logs(t).Only(t), binary.Complete)
	})
}

func TestStopEndsWhatDoesNotFinish(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{SSH: []string{"shutdownGrace: 100ms"}}, func(t *testing.T, g *gateway) {
		ssh, _ := g.runs(t, "echo started; cat")
		g.Signal(t, syscall.SIGTERM)
		if status := ssh.Wait(t); status != 255 || !strings.Contains(ssh.Errs.String(), "sshtrail: the gateway is stopping") {
			t.Errorf("the client ended with status %d and was told %q, want 255 and why", status, ssh.Errs)
		}
		if status := g.Wait(t); status != 0 {
			t.Errorf("the gateway ended with status %d, want 0", status)
		}
		g.CheckFiles(t)
		logs := g.Logs(t)
		log := logs.Only(t)
		oracle.CheckWhole(t, log, binary.Complete)
		end := oracle.Bodies[*event.Disconnect](log)
		if len(end) != 1 || end[0].By != event.ByGateway || end[0].Reason != "the gateway is stopping" {
			t.Errorf("the log ends with %+v, want a disconnect by the gateway and why", end)
		}
		if stop := gatewaytest.OwnBodies[*event.GatewayStop](logs); len(stop) != 1 {
			t.Errorf("the gateway's log has %d stops, want 1", len(stop))
		}
	})
}

// Who is not logged in has nothing to finish.
func TestStopEndsWhoIsNotLoggedIn(t *testing.T) {
	t.Parallel()
	g := start(t, gatewaytest.Local(t), gatewaytest.Options{SSH: []string{"shutdownGrace: 1h", "loginGraceTime: 1h"}})
	silent, half := g.Dial(t), g.Dial(t)
	for _, c := range []net.Conn{silent, half} {
		if _, err := c.Read(make([]byte, 100)); err != nil { // it is greeted
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(half, "SSH-2.0-half\r\n"); err != nil {
		t.Fatal(err)
	}
	if n := len(gatewaytest.OwnBodies[*event.Disconnect](g.Stop(t))); n != 2 {
		t.Errorf("the gateway's log has %d disconnects, want 2", n)
	}
}

// Who asks twice does not want to wait: what is left is for the next start.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	g := start(t, gatewaytest.Local(t), gatewaytest.Options{SSH: []string{"shutdownGrace: 1h"}})
	ssh, _ := g.runs(t, "echo started; cat")
	g.Signal(t, syscall.SIGINT)
	gatewaytest.Eventually(t, "it listens no more", func() bool { return !g.Listens() })
	gatewaytest.Eventually(t, "a second signal has ended it", func() bool {
		_ = g.Cmd.Process.Signal(syscall.SIGINT)
		select {
		case <-g.Ended:
			return true
		default:
			return false
		}
	})
	ssh.Wait(t)
	g.recovered(t, 0)
}
