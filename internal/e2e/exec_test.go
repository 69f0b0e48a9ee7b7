package e2e

import (
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// sizes are plans of which each says something about buffers: a byte, a packet, more than
// any window.
func sizes() []oracle.Plan {
	return []oracle.Plan{
		{Seed: 1},
		{Seed: 2, Stdin: 1, Stdout: 1, Stderr: 1, Status: 1},
		{Seed: 3, Stdin: 32 << 10, Stdout: 32 << 10, Stderr: 32 << 10, Status: 42},
		{Seed: 4, Stdin: 8 << 20, Stdout: 8 << 20, Stderr: 1 << 20, Status: 255},
	}
}

func TestExecIsExact(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		var exchanges []*oracle.Exchange
		for _, plan := range sizes() {
			x := oracle.NewExchange(t, plan)
			x.Run(t, g.OpenSSH(t, "ssh", "gw", x.Command()))
			exchanges = append(exchanges, x)
		}
		logs := g.Stop(t)
		for i, x := range exchanges {
			x.Check(t, logs.Sessions[i])
		}
	})
}

// What a program prints just before it ends must neither be lost on the way nor in the log.
func TestLastWordsArriveWhole(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		const runs, atOnce = 25, 5
		exchanges := make([]*oracle.Exchange, runs)
		for i := range exchanges {
			exchanges[i] = oracle.NewExchange(t, oracle.Plan{Seed: uint64(100 + i), Stdout: 1 << 20, Status: i})
		}
		var workers sync.WaitGroup
		for w := range atOnce {
			workers.Go(func() {
				for i := w; i < runs; i += atOnce {
					exchanges[i].Run(t, g.OpenSSH(t, "ssh", "gw", exchanges[i].Command()))
				}
			})
		}
		workers.Wait()
		logs := g.Stop(t)
		for _, x := range exchanges {
			x.Check(t, logs.With(t, x.Command()))
		}
	})
}

func TestHowProgramsEnd(t *testing.T) {
	cases := []struct {
		program string
		status  int // of the client
		signal  string
	}{
		{"exit 0", 0, ""},
		{"exit 1", 1, ""},
		{"exit 127", 127, ""},
		{"exit 255", 255, ""},
		{"/nowhere/program", 127, ""},
		{"kill -TERM $$", 255, "TERM"},
		{"kill -KILL $$", 255, "KILL"},
	}
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		for _, c := range cases {
			if r := gatewaytest.Do(t, g.OpenSSH(t, "ssh", "gw", c.program)); r.Status != c.status {
				t.Errorf("ssh %q ended with status %d, want %d; it printed:\n%s%s", c.program, r.Status, c.status, r.Out, r.Errs)
			}
		}
		logs := g.Stop(t)
		for _, c := range cases {
			ch := logs.With(t, c.program).Channels[0]
			switch {
			case ch.Signal != c.signal:
				t.Errorf("%q: exit signal %q in the log, want %q", c.program, ch.Signal, c.signal)
			case c.signal == "" && (ch.Status == nil || int(*ch.Status) != c.status):
				t.Errorf("%q: exit status %v in the log, want %d", c.program, ch.Status, c.status)
			}
		}
	})
}

// The end of standard input is not the end of the program.
// A program that writes to nobody ends by SIGPIPE, and silently: the signal is not ignored in
// it, whoever started the gateway.
func TestProgramsHaveBrokenPipes(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		r := gatewaytest.Do(t, g.OpenSSH(t, "ssh", "gw", "yes | head -n 1"))
		if r.Status != 0 || r.Out != "y\n" || r.Errs != "" {
			t.Errorf("yes | head -n 1 ends with %d, prints %q and complains %q", r.Status, r.Out, r.Errs)
		}
		g.Stop(t)
	})
}

func TestEndOfInputDoesNotEndTheProgram(t *testing.T) {
	const program = "cat; sleep 0.1; echo done; sleep 0.1; echo error >&2"
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		for range 3 {
			cmd := g.OpenSSH(t, "ssh", "gw", program)
			cmd.Stdin = strings.NewReader("hello\n")
			if r := gatewaytest.Do(t, cmd); r.Out != "hello\ndone\n" || r.Errs != "error\n" || r.Status != 0 {
				t.Errorf("%q prints %q and %q and ends with %d", program, r.Out, r.Errs, r.Status)
			}
		}
		for _, log := range g.Stop(t).Sessions {
			oracle.Check(t, log, oracle.Session{
				Program: program, Stdin: oracle.Of([]byte("hello\n")),
				Stdout: oracle.Of([]byte("hello\ndone\n")), Stderr: oracle.Of([]byte("error\n")),
			})
		}
	})
}

// A program that left another behind, which holds its output open, ends for the client
// when that one ends too, as with sshd.
func TestBackgroundProgramKeepsItsOutput(t *testing.T) {
	const program = "(sleep 0.6; echo late) & echo early"
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		if r := gatewaytest.Do(t, g.OpenSSH(t, "ssh", "-n", "gw", program)); r.Out != "early\nlate\n" || r.Status != 0 {
			t.Errorf("%q prints %q and ends with %d, want early, late and 0", program, r.Out, r.Status)
		}
		oracle.Check(t, g.Stop(t).Only(t), oracle.Session{
			Program: program, Stdin: oracle.Of([]byte{}), Stdout: oracle.Of([]byte("early\nlate\n")), Stderr: oracle.Of([]byte{}),
		})
	})
}

func TestSeveralSessionsOnOneConnection(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		socket := g.Path("control")
		master := gatewaytest.Begin(t, g.OpenSSH(t, "ssh", "-M", "-S", socket, "-N", "gw"))
		shared := func(args ...string) *exec.Cmd {
			return g.OpenSSH(t, "ssh", append([]string{"-S", socket, "-o", "ControlMaster=no"}, args...)...)
		}
		gatewaytest.Eventually(t, "the connection that is shared is there", func() bool { return shared("-O", "check", "gw").Run() == nil })
		var exchanges []*oracle.Exchange
		var sessions sync.WaitGroup
		for i := range 4 {
			x := oracle.NewExchange(t, oracle.Plan{Seed: uint64(200 + i), Stdin: 500_000, Stdout: 1 << 20, Stderr: 300_000, Status: i})
			sessions.Go(func() { x.Run(t, shared("gw", x.Command())) })
			exchanges = append(exchanges, x)
		}
		sessions.Wait()
		gatewaytest.Must(t, shared("-O", "exit", "gw"))
		master.Wait(t)
		log := g.Stop(t).Only(t)
		for _, x := range exchanges {
			x.Check(t, log)
		}
		if n := len(log.Channels); n != len(exchanges) {
			t.Errorf("the log has %d channels, want %d", n, len(exchanges))
		}
	})
}

func TestConnectionWithoutSession(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		ssh := gatewaytest.Begin(t, g.OpenSSH(t, "ssh", "-v", "-N", "gw"))
		ssh.Errs.AwaitText(t, "Entering interactive session", ssh.Ended)
		ssh.Signal(t, syscall.SIGTERM)
		ssh.Wait(t)
		log := g.Stop(t).Only(t)
		if len(log.Channels) != 0 {
			t.Errorf("the log has %d channels, want none", len(log.Channels))
		}
		end := oracle.Bodies[*event.Disconnect](log)
		if len(end) != 1 || end[0].By != event.ByClient {
			t.Errorf("the log ends with %+v, want one disconnect by the client", end)
		}
	})
}

// The environment is the client's as far as the policy goes; what is refused is recorded.
func TestEnvironment(t *testing.T) {
	const program = `echo "$LC_TEST,$BASH_ENV"`
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		cmd := g.OpenSSH(t, "ssh", "-o", "SetEnv=LC_TEST=yes BASH_ENV=/tmp/evil", "gw", program)
		if out := gatewaytest.Must(t, cmd); out != "yes,\n" {
			t.Errorf("%s prints %q, want %q", program, out, "yes,\n")
		}
		ch := g.Stop(t).Only(t).Channels[0]
		if got := strings.Join(ch.Env, " "); got != "LC_TEST=yes BASH_ENV=/tmp/evil" {
			t.Errorf("the log has the variables %q", got)
		}
		if g.BackendName == "local" && len(ch.Failed) != 1 { // sshd does not say what it refuses
			t.Errorf("the log has the refusals %q, want one", ch.Failed)
		}
	})
}

// A program whose reader has gone ends, as it would without a gateway in between.
func TestNobodyReadsOn(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		cmd := g.OpenSSH(t, "ssh", "gw", "yes; true")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		two := make([]byte, 4)
		if _, err := io.ReadFull(out, two); err != nil || string(two) != "y\ny\n" {
			t.Errorf("read %q, %v", two, err)
		}
		out.Close()
		cmd.Wait() // whatever its status: that it ends is the point
		g.Stop(t)
	})
}
