package faults

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// injection is what strace does to a process's system calls.
type injection struct {
	calls  string // names, as strace has them
	effect string // error=ENOSPC, signal=KILL, delay_exit=…
	when   string // each thread counts its own: 3 is its third call, 3+ that and all later ones
	paths  []string
}

// attach has strace inject into a running process, until the test or the process ends. It
// needs the right to trace: root's, or that of the process's user where the kernel allows it.
func attach(t testing.TB, pid int, i injection) *gatewaytest.Process {
	t.Helper()
	path, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal("strace is missing: install it with apt-get install strace, or run make test")
	}
	args := []string{"-f", "-o", "/dev/null", "-p", strconv.Itoa(pid), "-e", "trace=" + i.calls, "-e", "inject=" + i.calls + ":" + i.effect + ":when=" + i.when}
	for _, p := range i.paths {
		args = append(args, "-P", p)
	}
	p := gatewaytest.Begin(t, exec.Command(path, args...))
	said := p.Errs.Await(t, "word that it is attached (run this as root: tracing needs the right to it)", p.Ended, func(b []byte) bool {
		return strings.Contains(string(b), "attached")
	})
	t.Logf("strace: %.80s", said)
	return p
}
