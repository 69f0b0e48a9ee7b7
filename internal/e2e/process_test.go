package e2e

import (
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// process is a program that a test has started.
type process struct {
	cmd       *exec.Cmd
	out, errs *output
	ended     chan struct{}
}

// begin starts cmd. It is killed at the end of the test, if it is still there. Its output
// is kept unless it goes elsewhere already.
func begin(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, out: newOutput(), errs: newOutput(), ended: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = p.out
	}
	if cmd.Stderr == nil {
		cmd.Stderr = p.errs
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	go func() { // ends with the process, which the cleanup ends
		defer close(p.ended)
		_ = cmd.Wait() // its status is asked for later
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.ended
	})
	return p
}

// wait waits for the process's end and returns its exit status, -1 if a signal ended it.
func (p *process) wait(t testing.TB) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		_ = p.cmd.Process.Signal(syscall.SIGQUIT) // a Go program says where it hangs
		select {
		case <-p.ended:
		case <-time.After(time.Second):
		}
		t.Fatalf("%s did not end in %v; it wrote:\n%s%s", p.cmd, patience, p.out, p.errs)
	}
	return p.cmd.ProcessState.ExitCode()
}

// signal sends a signal.
func (p *process) signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatalf("signal %v to %s: %v", sig, p.cmd, err)
	}
}
