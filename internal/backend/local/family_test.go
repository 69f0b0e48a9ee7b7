//go:build linux

package local

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/internal/backend"
)

// Each of the three ways to find what belongs to a program finds what the others don't.
func TestFamily(t *testing.T) {
	for name, command := range map[string]string{
		"session":     `env -i sh -c 'set -m; sh -c "echo \$\$; exec sleep 1000" & exit'; echo`, // orphan, own group
		"descendants": `env -i setsid -w sh -c 'echo $$; exec sleep 1000'`,
		"mark":        `(setsid sh -c 'echo $$; exec sleep 1000' &)`,
	} {
		t.Run(name, func(t *testing.T) {
			cmd := script(command + "; sleep 1000")
			cmd.PTY = &backend.PTY{Term: "x"} // without a terminal there is no job control
			p, err := connect(t, testConfig(), ownName(t)).Start(t.Context(), cmd)
			if err != nil {
				t.Fatal(err)
			}
			var pid int
			for s := bufio.NewScanner(p.Streams().Stdout); pid == 0 && s.Scan(); {
				pid, _ = strconv.Atoi(strings.TrimSpace(s.Text()))
			}
			if s, err := readStat(pid); err != nil || s.dead {
				t.Fatalf("process %d before Close: %+v, %v", pid, s, err)
			}
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			if s, err := readStat(pid); err == nil && !s.dead {
				t.Errorf("process %d after Close: %+v, want none", pid, s)
			}
		})
	}
}

func TestReadStat(t *testing.T) {
	s, err := readStat(os.Getpid())
	if err != nil || s.pid != os.Getpid() || s.parent != os.Getppid() || s.born == 0 || s.dead {
		t.Errorf("readStat = %+v, %v", s, err)
	}
}
