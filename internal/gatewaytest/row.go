package gatewaytest

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"testing"
)

// BeginRow starts cmd, from which other processes may take over. They are siblings of it
// and so children of the test too (see [Process.Successor]), and write where it writes:
// Out and Errs go on after its end, and are of all of them.
func BeginRow(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{Cmd: cmd, Out: newOutput(), Errs: newOutput(), Ended: make(chan struct{})}
	out, errs := p.Out.pipe(t), p.Errs.pipe(t)
	defer out.Close()
	defer errs.Close()
	cmd.Stdout, cmd.Stderr = out, errs
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	p.watch(t)
	return p
}

// pipe returns a file, to be closed; what processes write to it is kept.
func (o *Output) pipe(t testing.TB) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // ends by the cleanup, if not with the last process
		defer close(done)
		_, _ = io.Copy(o, r) // its end is the processes', or the test's
	}()
	t.Cleanup(func() { r.Close(); <-done })
	return w
}

// watch sees to it that the process's end is noticed, and comes at the end of the test.
func (p *Process) watch(t testing.TB) {
	go func() { // ends with the process, which the cleanup ends
		defer close(p.Ended)
		p.Cmd.ProcessState, _ = p.Cmd.Process.Wait() // its status is asked for later
	}()
	t.Cleanup(func() {
		_ = p.Cmd.Process.Kill()
		<-p.Ended
	})
}

// Successor returns the process with a number that has taken over from this one.
func (p *Process) Successor(t testing.TB, pid int) *Process {
	t.Helper()
	process, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	next := &Process{Cmd: &exec.Cmd{Path: p.Cmd.Path, Args: p.Cmd.Args, Process: process}, Out: p.Out, Errs: p.Errs, Ended: make(chan struct{})}
	next.watch(t)
	return next
}

// ServeRow is Serve for a gateway that is upgraded later: the program is a copy at
// the gateway's Path program, for the test to put something else in its place.
func (g *Gateway) ServeRow(t testing.TB, change func(*exec.Cmd)) {
	t.Helper()
	g.Install(t, Sshtrail())
	cmd := exec.Command(g.Path("program"), "serve", "--config", g.Path("config.yaml"))
	cmd.Env = g.Command(t, "serve").Env
	if change != nil {
		change(cmd)
	}
	g.Process = BeginRow(t, cmd)
	p := g.Process
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the gateways say:\n%s%s", p.Out, p.Errs)
		}
	})
	g.awaitServing(t)
}

// Install puts a copy of a program in the place of the gateway's, as package managers do.
func (g *Gateway) Install(t testing.TB, program string) {
	t.Helper()
	if err := exec.Command("cp", program, g.Path("program.new")).Run(); err != nil {
		t.Fatalf("copy %s: %v", program, err)
	}
	if err := os.Rename(g.Path("program.new"), g.Path("program")); err != nil {
		t.Fatal(err)
	}
}

// Upgrade has a new process take over and returns the old one. The gateway's Process is
// the new one then.
func (g *Gateway) Upgrade(t testing.TB) *Process {
	t.Helper()
	upgraded := regexp.MustCompile(`msg="upgraded: [^\n]* serves=(\d+) `)
	said := len(g.Errs.Bytes())
	g.Signal(t, syscall.SIGUSR2)
	b := g.Errs.Await(t, "message that it is upgraded", g.Ended, func(b []byte) bool { return upgraded.Match(b[said:]) })
	pid, err := strconv.Atoi(string(upgraded.FindSubmatch(b[said:])[1]))
	if err != nil {
		t.Fatal(err)
	}
	old := g.Process
	g.Process = old.Successor(t, pid)
	return old
}

// NotUpgraded asks for an upgrade that must fail, with a message that says each of says.
func (g *Gateway) NotUpgraded(t testing.TB, says ...string) {
	t.Helper()
	said := len(g.Errs.Bytes())
	g.Signal(t, syscall.SIGUSR2)
	b := g.Errs.Await(t, "message that it is not upgraded", g.Ended, func(b []byte) bool {
		_, after, found := bytes.Cut(b[said:], []byte(`msg="not upgraded`))
		return found && bytes.Contains(after, []byte("\n"))
	})
	for _, s := range says {
		if !bytes.Contains(b[said:], []byte(s)) {
			t.Errorf("the messages do not say %q:\n%s", s, b[said:])
		}
	}
}
