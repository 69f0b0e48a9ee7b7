package gatewaytest

import (
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// Process is a program that a test has started.
type Process struct {
	Cmd       *exec.Cmd
	Out, Errs *Output
	Ended     chan struct{}
}

// Begin starts cmd. It is killed at the end of the test, if it is still there. Its output
// is kept unless it goes elsewhere already.
func Begin(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{Cmd: cmd, Out: newOutput(), Errs: newOutput(), Ended: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = p.Out
	}
	if cmd.Stderr == nil {
		cmd.Stderr = p.Errs
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	go func() { // ends with the process, which the cleanup ends
		defer close(p.Ended)
		_ = cmd.Wait() // its status is asked for later
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.Ended
	})
	return p
}

// Wait waits for the process's end and returns its exit status, -1 if a signal ended it.
func (p *Process) Wait(t testing.TB) int {
	t.Helper()
	select {
	case <-p.Ended:
	case <-time.After(Patience):
		_ = p.Cmd.Process.Signal(syscall.SIGQUIT) // a Go program says where it hangs
		select {
		case <-p.Ended:
		case <-time.After(time.Second):
		}
		t.Fatalf("%s did not end in %v; it wrote:\n%s%s", p.Cmd, Patience, p.Out, p.Errs)
	}
	return p.Cmd.ProcessState.ExitCode()
}

// Signal sends a Signal.
func (p *Process) Signal(t testing.TB, sig syscall.Signal) {
	t.Helper()
	if err := p.Cmd.Process.Signal(sig); err != nil {
		t.Fatalf("signal %v to %s: %v", sig, p.Cmd, err)
	}
}
