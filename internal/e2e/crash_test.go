package e2e

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// rounds is how often each kind of session is met by a kill, each time at another moment.
const rounds = 3

// crashes runs a test with each backend, several times, with a moment that a seed decides:
// after how many bytes the gateway is killed.
func crashes(t *testing.T, most int64, test func(t *testing.T, g *gateway, moment int64)) {
	for round := range rounds {
		moment := rand.New(rand.NewPCG(uint64(most), uint64(round))).Int64N(most)
		t.Run(fmt.Sprintf("after %d bytes", moment), func(t *testing.T) {
			onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) { test(t, g, moment) })
		})
	}
}

// recovered finishes what the killed gateway has left, by a new start, by sshtrail recover
// or by both, and returns the session's log.
func (g *gateway) recovered(t *testing.T, moment int64) *oracle.Log {
	t.Helper()
	if moment%2 == 0 {
		gatewaytest.Must(t, g.Command(t, "recover"))
		if out := gatewaytest.Must(t, g.Command(t, "recover")); out != "nothing to recover\n" {
			t.Errorf("a second sshtrail recover prints %q", out)
		}
	}
	before := g.Files(t, "logs")
	g.Serve(t)
	g.Signal(t, 15)
	if status := g.Wait(t); status != 0 {
		t.Errorf("the gateway ended with status %d, want 0", status)
	}
	if now := g.Files(t, "logs"); len(now) != len(before)+1 {
		t.Errorf("there were %d logs and are %d after the start, want one more", len(before), len(now))
	}
	g.CheckFiles(t)
	logs := g.Logs(t)
	if len(logs.Own) != 2 || logs.Own[0].Verdict != binary.Recovered || logs.Own[1].Verdict != binary.Complete {
		t.Errorf("the gateway has %d logs of its own, want a recovered and a complete one", len(logs.Own))
	}
	log := logs.Only(t)
	oracle.CheckWhole(t, log, binary.Recovered)
	end := oracle.Bodies[*event.Disconnect](log)
	if len(end) != 1 || !end[0].Recovered {
		t.Errorf("the log ends with %+v, want one recovered disconnect", end)
	}
	return log
}

// checkBetween checks that received ⊑ log ⊑ sent: what either side has seen is recorded,
// in order, and nothing that was not there.
func checkBetween(t *testing.T, what string, received, log, sent oracle.Content) {
	t.Helper()
	if d := received.NoPrefix(log); d != "" {
		t.Errorf("%s: what was received, held against the log, %s", what, d)
	}
	if d := log.NoPrefix(sent); d != "" {
		t.Errorf("%s: the log, held against what was sent, %s", what, d)
	}
}

func TestKilledDuringOutput(t *testing.T) {
	crashes(t, 8<<20, func(t *testing.T, g *gateway, moment int64) {
		plan := oracle.Plan{Seed: uint64(moment), Stdout: 32 << 20}
		x := oracle.NewExchange(t, plan)
		ssh := gatewaytest.Begin(t, g.OpenSSH(t, "ssh", "-n", "gw", x.Command()))
		ssh.Out.Await(t, "output", ssh.Ended, func(b []byte) bool { return int64(len(b)) >= moment })
		g.Kill(t)
		ssh.Wait(t)
		_, sent, _ := plan.Sent()
		checkBetween(t, "output", oracle.Of(ssh.Out.Bytes()), g.recovered(t, moment).Channels[0].Stdout, sent)
	})
}

func TestKilledDuringUpload(t *testing.T) {
	crashes(t, 8<<20, func(t *testing.T, g *gateway, moment int64) {
		file := filepath.Join(t.TempDir(), "there")
		const size = 32 << 20
		cmd := g.OpenSSH(t, "ssh", "gw", "cat > "+file)
		r, w := io.Pipe()
		defer r.Close()
		cmd.Stdin = r
		ssh := gatewaytest.Begin(t, cmd)
		killed := make(chan struct{})
		go func() { // ends with its pipe
			data := oracle.Data(uint64(moment), size)
			io.CopyN(w, data, moment)
			close(killed)
			io.Copy(w, data)
			w.Close()
		}()
		select {
		case <-killed:
		case <-ssh.Ended:
			t.Fatalf("ssh ended by itself; it printed:\n%s", ssh.Errs)
		}
		gatewaytest.Eventually(t, "the upload has begun", func() bool { _, err := os.Stat(file); return err == nil })
		g.Kill(t)
		r.Close()
		ssh.Wait(t)
		log := g.recovered(t, moment) // by then nobody writes to the file any more
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		checkBetween(t, "input", oracle.Of(b), log.Channels[0].Stdin, oracle.DataContent(uint64(moment), size))
	})
}

func TestKilledDuringTyping(t *testing.T) {
	crashes(t, 200, func(t *testing.T, g *gateway, moment int64) {
		r, w := io.Pipe()
		defer r.Close()
		cmd := g.OpenSSH(t, "ssh", "-tt", "gw", "stty -onlcr; echo ready; cat")
		cmd.Stdin = r
		ssh := gatewaytest.Begin(t, cmd)
		ssh.Out.AwaitText(t, "ready", ssh.Ended)
		var typed bytes.Buffer
		for i := range moment {
			key := string("abcdefghijklmnopqrstuvwxyz"[i%26])
			typed.WriteString(key)
			if _, err := io.WriteString(w, key); err != nil {
				t.Fatal(err)
			}
			if i%10 == 0 { // else they come in one packet
				ssh.Out.Await(t, "echo of what was typed", ssh.Ended, func(b []byte) bool { return int64(len(b)) >= i })
			}
		}
		g.Kill(t)
		r.Close()
		ssh.Wait(t)
		ch := g.recovered(t, moment).Channels[0]
		echo := strings.TrimPrefix(ssh.Out.String(), "ready\n")
		checkBetween(t, "input", oracle.Of([]byte(echo)), ch.Stdin, oracle.Of(typed.Bytes()))
		if d := oracle.Of(ssh.Out.Bytes()).NoPrefix(ch.Stdout); d != "" {
			t.Errorf("what the client received, held against the log, %s", d)
		}
	})
}
