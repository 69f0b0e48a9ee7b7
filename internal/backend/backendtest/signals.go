package backendtest

import (
	"fmt"
	"io"
	"testing"

	"github.com/sshtrail/sshtrail/internal/backend"
)

func (s suite) testSignals(t *testing.T) {
	for _, name := range []string{"INT", "TERM", "HUP", "USR1"} {
		t.Run(name, func(t *testing.T) {
			p := start(t, s.connect(t), sh(fmt.Sprintf("trap 'echo got; exit 7' %s; echo ready; while :; do sleep 0.05; done", name)))
			await(t, p.Streams().Stdout, "ready\n")
			if err := p.Signal(name); err != nil {
				t.Fatalf("Signal(%s): %v", name, err)
			}
			await(t, p.Streams().Stdout, "got\n")
			exit, err := p.Wait()
			if err != nil {
				t.Fatalf("Wait: %v", err)
			}
			wantExit(t, exit, 7)
		})
	}
	p := start(t, s.connect(t), sh("exit 0"))
	if _, err := p.Wait(); err != nil {
		t.Fatalf("Wait: %v", err)
	}
	if err := p.Signal("NONSENSE"); err == nil {
		t.Error("Signal(NONSENSE) = nil, want an error")
	}
}

func (s suite) testExitSignal(t *testing.T) {
	for name, number := range map[string]uint32{"KILL": 9, "TERM": 15, "USR1": 10} {
		t.Run(name, func(t *testing.T) {
			p := start(t, s.connect(t), sh("echo ready; exec sleep 1000"))
			await(t, p.Streams().Stdout, "ready\n")
			if err := p.Signal(name); err != nil {
				t.Fatalf("Signal(%s): %v", name, err)
			}
			if rest, err := io.ReadAll(p.Streams().Stdout); len(rest) != 0 || err != nil {
				t.Errorf("stdout = %q, %v, want its end", rest, err)
			}
			want := backend.Exit{Signal: name}
			if s.options.StatusForSignal {
				want = backend.Exit{Status: 128 + number}
			}
			if exit, err := p.Wait(); err != nil || exit != want {
				t.Errorf("Wait = %+v, %v, want %+v", exit, err, want)
			}
		})
	}
}
