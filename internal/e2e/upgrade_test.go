package e2e

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// startRow starts a gateway that is to be upgraded.
func startRow(t *testing.T, b gatewaytest.Backend, o gatewaytest.Options) *gateway {
	t.Helper()
	g := newGateway(t, b, o)
	g.ServeRow(t, nil)
	return g
}

// typist is a person in a session with a terminal, whose keys are echoed by cat.
type typist struct {
	*gatewaytest.Process
	program string
	in      io.WriteCloser
	typed   bytes.Buffer
}

func (g *gateway) typist(t *testing.T, name string) *typist {
	t.Helper()
	p := &typist{program: "stty -onlcr; echo ready " + name + "; cat"}
	cmd := g.OpenSSH(t, "ssh", "-tt", "gw", p.program)
	var err error
	if p.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	p.Process = gatewaytest.Begin(t, cmd)
	p.Out.AwaitText(t, "ready "+name+"\n", p.Ended)
	return p
}

// types types a line and sees it twice: the terminal's echo, and cat's.
func (p *typist) types(t *testing.T, line string) {
	t.Helper()
	for _, key := range line + "\r" {
		if _, err := io.WriteString(p.in, string(key)); err != nil {
			t.Fatal(err)
		}
		p.typed.WriteRune(key)
	}
	p.Out.AwaitText(t, line+"\n"+line+"\n", p.Ended)
}

// leaves ends the session, with the key that ends input.
func (p *typist) leaves(t *testing.T) {
	t.Helper()
	p.typed.WriteString("\x04")
	if _, err := io.WriteString(p.in, "\x04"); err != nil {
		t.Fatal(err)
	}
	if status := p.Wait(t); status != 0 {
		t.Errorf("the session of %q ended with status %d: %s", p.program, status, p.Errs)
	}
}

func (p *typist) check(t *testing.T, logs *gatewaytest.Logs) {
	t.Helper()
	oracle.Check(t, logs.With(t, p.program), oracle.Session{
		Program: p.program, Stdin: oracle.Of(p.typed.Bytes()), Stdout: oracle.Of(p.Out.Bytes()), Stderr: oracle.Of(nil),
	})
}

// bulk is a session that sends much, in parts, to a program that says what it got.
type bulk struct {
	*gatewaytest.Process
	data io.Reader
	in   io.WriteCloser
}

const bulkSize = 64 << 20

func (g *gateway) bulk(t *testing.T) *bulk {
	t.Helper()
	b := &bulk{data: oracle.Data(1, bulkSize)}
	cmd := g.OpenSSH(t, "ssh", "gw", "sha256sum")
	var err error
	if b.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	b.Process = gatewaytest.Begin(t, cmd)
	return b
}

// part sends a part while the test goes on. The returned function waits for its end.
func (b *bulk) part(t *testing.T, size int64) (wait func()) {
	done := make(chan error, 1)
	go func() { _, err := io.CopyN(b.in, b.data, size); done <- err }() // ends with the client at the latest
	return func() {
		t.Helper()
		if err := <-done; err != nil {
			t.Errorf("send: %v", err)
		}
	}
}

func (b *bulk) leaves(t *testing.T) {
	t.Helper()
	b.in.Close()
	if status := b.Wait(t); status != 0 {
		t.Errorf("the bulk session ended with status %d: %s", status, b.Errs)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, oracle.Data(1, bulkSize)); err != nil {
		t.Fatal(err)
	}
	if got, want := b.Out.String(), fmt.Sprintf("%x  -\n", sum.Sum(nil)); got != want {
		t.Errorf("the program got bytes with the sum %q, want %q", got, want)
	}
}

func (b *bulk) check(t *testing.T, logs *gatewaytest.Logs) {
	t.Helper()
	oracle.Check(t, logs.With(t, "sha256sum"), oracle.Session{
		Program: "sha256sum", Stdin: oracle.DataContent(1, bulkSize), Stdout: oracle.Of(b.Out.Bytes()), Stderr: oracle.Of(nil),
	})
}

// transfers is an sftp with a person who types commands.
type transfers struct {
	*gatewaytest.Process
	in io.WriteCloser
}

func (g *gateway) sftp(t *testing.T) *transfers {
	t.Helper()
	cmd := g.OpenSSH(t, "sftp", "-b", "-", "gw")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	return &transfers{gatewaytest.Begin(t, cmd), in}
}

func (x *transfers) does(t *testing.T, commands ...string) {
	t.Helper()
	for _, c := range commands {
		if _, err := io.WriteString(x.in, c+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	token := fmt.Sprintf("done %d", len(x.Out.Bytes()))
	if _, err := io.WriteString(x.in, "!echo "+token+"\n"); err != nil {
		t.Fatal(err)
	}
	x.Out.AwaitText(t, "\n"+token+"\n", x.Ended)
}

// An upgrade interrupts nobody: who is logged in goes on where they are, however many
// upgrades come, and each log is exact and complete.
func TestUpgradesDisturbNoSession(t *testing.T) {
	t.Parallel()
	for _, b := range []gatewaytest.Backend{gatewaytest.Local(t), gatewaytest.Proxied()} {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			// The grace is for stops: it has no meaning for who is upgraded.
			g := startRow(t, b, gatewaytest.Options{SSH: []string{"shutdownGrace: 0s"}})
			files, there, back := copies(t), filepath.Join(t.TempDir(), "there"), t.TempDir()
			people := []*typist{g.typist(t, "0")}
			much, sftp := g.bulk(t), g.sftp(t)
			var old []*gatewaytest.Process
			const upgrades = 3
			for i := range upgrades {
				wait := much.part(t, bulkSize/upgrades)
				old = append(old, g.Upgrade(t))
				for _, p := range people {
					p.types(t, fmt.Sprintf("after upgrade %d", i))
				}
				switch i {
				case 0:
					sftp.does(t, "mkdir "+there, "put -r "+files+"/* "+there)
				case 1:
					sftp.does(t, "get -r "+there+"/* "+back)
				}
				wait()
				people = append(people, g.typist(t, fmt.Sprint(i+1))) // with the new process
			}
			much.part(t, bulkSize-upgrades*(bulkSize/upgrades))()
			much.leaves(t)
			sftp.in.Close()
			if status := sftp.Wait(t); status != 0 {
				t.Errorf("sftp ended with status %d: %s", status, sftp.Errs)
			}
			for _, p := range people {
				p.leaves(t)
			}
			for i, p := range old {
				if status := p.Wait(t); status != 0 {
					t.Errorf("the process before upgrade %d ended with status %d", i, status)
				}
			}
			logs := g.Stop(t)
			same(t, there, files)
			same(t, back, files)
			if len(logs.Own) != upgrades+1 || len(logs.Sessions) != len(people)+2 {
				t.Errorf("there are %d logs of gateways and %d of sessions, want %d and %d", len(logs.Own), len(logs.Sessions), upgrades+1, len(people)+2)
			}
			for i, stop := range gatewaytest.OwnBodies[*event.GatewayStop](logs) {
				if upgraded := strings.HasPrefix(stop.Reason, "upgraded: process "); upgraded != (i < upgrades) {
					t.Errorf("gateway %d stopped since %q", i, stop.Reason)
				}
			}
			for _, p := range people {
				p.check(t, logs)
			}
			much.check(t, logs)
			carried(t, logs.With(t, "sftp").Channels[0], files, true, true)
		})
	}
}

// While a gateway is upgraded, whoever connects is served, by one process or the other.
func TestUpgradesRefuseNobody(t *testing.T) {
	t.Parallel()
	g := startRow(t, gatewaytest.Local(t), gatewaytest.Options{})
	stop := make(chan struct{})
	served := func(once func() string) <-chan int {
		n := make(chan int, 1)
		go func() { // ends by stop
			count := 0
			defer func() { n <- count }()
			for {
				select {
				case <-stop:
					return
				default:
				}
				if problem := once(); problem != "" {
					t.Errorf("connection %d: %s", count, problem)
					return
				}
				count++
			}
		}()
		return n
	}
	strangers := served(func() string { return greeted(g.Addr) })
	logins := served(func() string {
		r := gatewaytest.Do(t, g.OpenSSH(t, "ssh", "-n", "gw", "echo served"))
		if r.Status != 0 || r.Out != "served\n" {
			return fmt.Sprintf("status %d, %q, %s", r.Status, r.Out, r.Errs)
		}
		return ""
	})
	var old []*gatewaytest.Process
	for range 3 {
		old = append(old, g.Upgrade(t))
		gatewaytest.Must(t, g.OpenSSH(t, "ssh", "gw", "true"))
	}
	close(stop)
	a, b := <-strangers, <-logins
	t.Logf("%d connections and %d logins", a, b)
	for _, p := range old {
		if status := p.Wait(t); status != 0 {
			t.Errorf("an old process ended with status %d", status)
		}
	}
	if logs := g.Stop(t); len(logs.Sessions) != 3+b {
		t.Errorf("there are %d logs of sessions, want %d", len(logs.Sessions), 3+b)
	}
}

// An old process that is killed is as any that is killed: what it leaves is finished, by
// the one that took over, while that one serves.
func TestOldProcessKilledAfterAnUpgrade(t *testing.T) {
	t.Parallel()
	g := startRow(t, gatewaytest.Local(t), gatewaytest.Options{})
	p := g.typist(t, "old")
	old := g.Upgrade(t)
	p.types(t, "before the end")
	old.Signal(t, syscall.SIGKILL)
	old.Wait(t)
	p.Wait(t)
	gatewaytest.Eventually(t, "the only log that is open is the new process's own", func() bool {
		open, err := filepath.Glob(g.Path("logs/*.partial"))
		return err == nil && len(open) == 1
	})
	g.Signal(t, syscall.SIGTERM)
	if status := g.Wait(t); status != 0 {
		t.Errorf("the new process ended with status %d", status)
	}
	g.CheckFiles(t)
	logs := g.Logs(t)
	log := logs.With(t, p.program)
	oracle.CheckWhole(t, log, binary.Recovered)
	oracle.CheckWhole(t, logs.Own[0], binary.Recovered)
	oracle.CheckWhole(t, logs.Own[1], binary.Complete)
	if d := oracle.Of(p.Out.Bytes()).NoPrefix(log.Channels[0].Stdout); d != "" {
		t.Errorf("what the client received, held against the log, %s", d)
	}
}

// A new process that is killed is none of the old one's business.
func TestNewProcessKilledAfterAnUpgrade(t *testing.T) {
	t.Parallel()
	g := startRow(t, gatewaytest.Local(t), gatewaytest.Options{})
	p := g.typist(t, "old")
	old := g.Upgrade(t)
	lost := g.typist(t, "new")
	g.Kill(t)
	lost.Wait(t)
	p.types(t, "after the end of the new one")
	p.leaves(t)
	if status := old.Wait(t); status != 0 {
		t.Errorf("the old process ended with status %d", status)
	}
	g.ServeRow(t, nil)
	g.Signal(t, syscall.SIGTERM)
	g.Wait(t)
	g.CheckFiles(t)
	logs := g.Logs(t)
	p.check(t, logs)
	oracle.CheckWhole(t, logs.With(t, lost.program), binary.Recovered)
}

// Whoever stops the new process means that one: the old one has its own sessions.
func TestStopOfTheNewProcess(t *testing.T) {
	t.Parallel()
	g := startRow(t, gatewaytest.Local(t), gatewaytest.Options{SSH: []string{"shutdownGrace: 100ms"}})
	p := g.typist(t, "old")
	old := g.Upgrade(t)
	g.Signal(t, syscall.SIGTERM)
	g.Wait(t)
	p.types(t, "still here")
	old.Signal(t, syscall.SIGTERM)
	if status := p.Wait(t); status != 255 || !strings.Contains(p.Errs.String(), "sshtrail: the gateway is stopping") {
		t.Errorf("the client ended with status %d and was told %q, want 255 and why", status, p.Errs)
	}
	if status := old.Wait(t); status != 0 {
		t.Errorf("the old process ended with status %d", status)
	}
	g.CheckFiles(t)
	for _, log := range g.Logs(t).All() {
		oracle.CheckWhole(t, log, binary.Complete)
	}
}
