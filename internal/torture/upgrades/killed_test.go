package upgrades

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/internal/torture"
)

// longest is longer than an upgrade takes on a machine that has nothing else to do.
const longest = 600 * time.Millisecond

func TestKilledAtAnyMoment(t *testing.T) {
	rig := torture.New(t)
	for n := range rig.Rounds(6) {
		// Early moments more often: an idle machine is done in a twelfth of that.
		after, oldDies := time.Duration(math.Pow(rig.Float64(), 3)*float64(longest)), rig.IntN(2) == 0
		ok := t.Run(fmt.Sprintf("%d: old %v, after %v", n, oldDies, after), func(t *testing.T) { kill(t, after, oldDies) })
		if !ok {
			return
		}
	}
}

// kill upgrades a gateway, kills one of its processes a while after it was asked to, and
// holds the other to what it must do.
func kill(t *testing.T, after time.Duration, oldDies bool) {
	g := gatewaytest.New(t, gatewaytest.Local(t), gatewaytest.Options{})
	g.ServeRow(t, nil)
	s := begin(t, g)
	s.echoes(t, "before")
	old := g.Process
	g.Signal(t, syscall.SIGUSR2)
	<-time.After(after)
	serves := old
	if oldDies {
		old.Signal(t, syscall.SIGKILL)
		old.Wait(t)
		s.client.Wait(t)
		serves = successor(t, g) // nil if there was none yet
	} else if next := successor(t, g); next != nil {
		next.Signal(t, syscall.SIGKILL)
		next.Wait(t)
		said := g.Errs.Await(t, "word on the upgrade", nil, func(b []byte) bool { return strings.Contains(string(b), "upgraded: ") })
		if !strings.Contains(string(said), `msg="not upgraded: `) {
			serves = nil // the one that did is dead
		}
	}
	mustServe(t, g, serves)
	if !oldDies {
		s.echoes(t, "after")
		s.ends(t)
	}
	finish(t, g, serves)
	check(t, g, s, oldDies)
}

// mustServe wants logins to be served by a process, or refused if it is nil.
func mustServe(t *testing.T, g *gatewaytest.Gateway, serves *gatewaytest.Process) {
	t.Helper()
	r := gatewaytest.Do(t, g.OpenSSH(t, "ssh", "-n", "gw", "echo served"))
	if serves == nil {
		if r.Status != 255 || !strings.Contains(r.Errs, "refused") {
			t.Errorf("nobody can serve, and a login ends with status %d, %q, %s", r.Status, r.Out, r.Errs)
		}
	} else if r.Status != 0 || r.Out != "served\n" {
		t.Errorf("process %d can serve, and a login ends with status %d, %q, %s", serves.Cmd.Process.Pid, r.Status, r.Out, r.Errs)
	}
}

// finish ends whoever is left, and has the next start finish what nobody could.
func finish(t *testing.T, g *gatewaytest.Gateway, serves *gatewaytest.Process) {
	t.Helper()
	if serves == g.Process {
		if last := successor(t, g); last != nil { // the upgrade was not over
			last.Signal(t, syscall.SIGTERM)
			last.Wait(t)
		}
	}
	if serves != nil {
		_ = serves.Cmd.Process.Signal(syscall.SIGTERM) // it may have ended, upgraded by now
		if status := serves.Wait(t); status != 0 {
			t.Errorf("process %d ended with status %d", serves.Cmd.Process.Pid, status)
		}
	}
	g.Wait(t) // its sessions have ended
	g.ServeRow(t, nil)
	g.Signal(t, syscall.SIGTERM)
	g.Wait(t)
	g.CheckFiles(t)
}

// check checks that every log has its end, and that the session's has what passed.
func check(t *testing.T, g *gatewaytest.Gateway, s *session, oldDies bool) {
	t.Helper()
	logs, want := g.Logs(t), binary.Complete
	if oldDies {
		want = binary.Recovered
	}
	for _, log := range logs.All() {
		if log.Verdict != binary.Complete {
			oracle.CheckWhole(t, log, binary.Recovered)
		}
	}
	log := logs.With(t, "cat")
	oracle.CheckWhole(t, log, want)
	if d := oracle.Of(s.client.Out.Bytes()).NoPrefix(log.Channels[0].Stdout); d != "" {
		t.Errorf("what the client received, held against the log, %s", d)
	}
}

// session is a client of the old process.
type session struct {
	client *gatewaytest.Process
	in     io.WriteCloser
}

func begin(t *testing.T, g *gatewaytest.Gateway) *session {
	t.Helper()
	cmd := g.OpenSSH(t, "ssh", "gw", "cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	return &session{gatewaytest.Begin(t, cmd), in}
}

func (s *session) echoes(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(s.in, line+"\n"); err != nil {
		t.Fatal(err)
	}
	s.client.Out.AwaitText(t, line+"\n", s.client.Ended)
}

func (s *session) ends(t *testing.T) {
	t.Helper()
	s.in.Close()
	if status := s.client.Wait(t); status != 0 {
		t.Errorf("the session ended with status %d: %s", status, s.client.Errs)
	}
}

// successor returns the process that runs the gateway's program beside its first, nil if
// there is none.
func successor(t *testing.T, g *gatewaytest.Gateway) *gatewaytest.Process {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // it has ended
		}
		args := strings.Split(string(b), "\x00")
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(f)))
		if err == nil && pid != g.Cmd.Process.Pid && len(args) > 1 && args[0] == g.Path("program") && args[1] == "serve" {
			return g.Successor(t, pid)
		}
	}
	return nil
}
