package backendtest

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/internal/backend"
)

// family is a program with all kinds of offspring: each line of its output is the process
// id of one. They are a child, one in a group of its own, one that ignores the hangup, a
// daemon in a session of its own, whose parent is gone, and one that is stopped.
const family = `
echo $$
sleep 1000 & echo $!
set -m; sleep 1001 & echo $!; set +m
(trap '' HUP; exec sleep 1002) & echo $!
(setsid sh -c 'echo $$; exec sleep 1003' &)
sh -c 'echo $$; kill -STOP $$' &
`

const familySize = 6

// alive prints those of its input's process ids that are still there. A zombie is not.
const alive = `while read pid; do grep -q '^State:.[^ZX]' /proc/$pid/status 2>/dev/null && echo $pid; done; true`

// pids reads n lines.
func pids(t *testing.T, r io.Reader, n int) string {
	t.Helper()
	var lines strings.Builder
	buf := make([]byte, 100)
	for strings.Count(lines.String(), "\n") < n {
		k, err := r.Read(buf)
		lines.Write(buf[:k])
		if err != nil {
			t.Fatalf("output = %q, %v, want %d lines", lines.String(), err, n)
		}
	}
	return strings.ReplaceAll(lines.String(), "\r", "")
}

func wantAlive(t *testing.T, h backend.Host, pids string, want int) {
	t.Helper()
	if got := run(t, h, sh(alive), pids).stdout; strings.Count(string(got), "\n") != want {
		t.Errorf("of processes %q, %q live, want %d", pids, got, want)
	}
}

func (s suite) testCloseEndsEverything(t *testing.T) {
	for name, cmd := range map[string]backend.Command{
		"pipes":    sh(family + "wait"),
		"terminal": onTerminal(family + "wait"),
	} {
		t.Run(name, func(t *testing.T) {
			h := s.connect(t)
			other := start(t, h, sh("echo $$; exec sleep 1000"))
			bystander := pids(t, other.Streams().Stdout, 1)
			p := start(t, h, cmd)
			all := pids(t, p.Streams().Stdout, familySize)
			wantAlive(t, h, all, familySize)
			if err := p.Close(); err != nil {
				t.Fatalf("Close: %v", err)
			}
			wantAlive(t, h, all, 0)
			wantAlive(t, h, bystander, 1)
		})
	}
}

// A program that has ended may have left some that nobody reads.
func (s suite) testCloseEndsWhoIsLeft(t *testing.T) {
	h := s.connect(t)
	p := start(t, h, sh("exec 3>&1 >/dev/null 2>&1; { "+strings.ReplaceAll(family, "echo $", "echo >&3 $")+"} ; exec 3>&-"))
	all := pids(t, p.Streams().Stdout, familySize)
	if exit, err := p.Wait(); err != nil || exit != (backend.Exit{}) {
		t.Fatalf("Wait = %+v, %v", exit, err)
	}
	wantAlive(t, h, all, familySize-1)
	if err := p.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	wantAlive(t, h, all, 0)
}

// Close interrupts who reads and who writes, and the streams are at their ends.
func (s suite) testCloseInterrupts(t *testing.T) {
	for name, cmd := range map[string]backend.Command{
		"pipes":    sh("echo ready; exec sleep 1000"),
		"terminal": onTerminal("stty raw; echo ready; exec sleep 1000"),
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, s.connect(t), cmd)
			streams := p.Streams()
			await(t, streams.Stdout, "ready")
			write, read := make(chan error), make(chan error)
			go func() {
				for {
					if _, err := streams.Stdin.Write(make([]byte, 1<<16)); err != nil {
						write <- err
						return
					}
				}
			}()
			go func() { _, err := io.Copy(io.Discard, streams.Stdout); read <- err }()
			if err := p.Close(); err != nil {
				t.Fatalf("Close: %v", err)
			}
			if err := <-write; err == nil {
				t.Error("Write after Close = nil, want an error")
			}
			if err := <-read; err != nil {
				t.Errorf("Read after Close = %v, want EOF", err)
			}
			if exit, err := p.Wait(); err != nil || (exit.Signal == "" && exit.Status == 0) {
				t.Errorf("Wait = %+v, %v, want the end by a signal", exit, err)
			}
			if err := p.Signal("TERM"); err == nil {
				t.Error("Signal after Close = nil, want an error")
			}
		})
	}
}

func (s suite) testHostClose(t *testing.T) {
	h, other := s.connect(t), s.connect(t)
	var all strings.Builder
	for range 3 {
		p := start(t, h, sh("echo $$; exec sleep 1000"))
		all.WriteString(pids(t, p.Streams().Stdout, 1))
	}
	wantAlive(t, other, all.String(), 3)
	for range 2 {
		if err := h.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	wantAlive(t, other, all.String(), 0)
	if p, err := h.Start(t.Context(), sh("true")); err == nil {
		_ = p.Close()
		t.Error("Start after Close = nil, want an error")
	}
	if h.String() == "" || fmt.Sprint(h) != h.String() {
		t.Errorf("String() = %q", h.String())
	}
}
