package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// running counts processes that have arg among their arguments.
func running(t *testing.T, arg string) int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // it has ended
		}
		args := strings.Split(string(b), "\x00")
		if len(args) > 1 && args[0] == "sleep" && args[1] == arg {
			n++
		}
	}
	return n
}

// When the client has gone nothing of what it started is left, whatever was done to hide
// it: not in the background, not in a session of its own.
func TestNothingIsLeftRunning(t *testing.T) {
	for name, c := range map[string]struct {
		flag string
		kill bool
	}{"the client is killed": {"-T", true}, "its terminal is": {"-tt", true}, "the program ends": {"-T", false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := start(t, gatewaytest.Local(t), gatewaytest.Options{})
			arg := fmt.Sprintf("1000.%d%d", os.Getpid(), len(name)) // that no other test has
			sleep := "sleep " + arg
			program, want := fmt.Sprintf("%s & nohup setsid %s & (setsid %s &) ; ", sleep, sleep, sleep), 3
			if c.kill {
				program, want = program+sleep, want+1
			} else { // output that is held open would hold the session, as with sshd
				program = "exec >/dev/null 2>&1; " + program + "read x"
			}
			cmd := g.OpenSSH(t, "ssh", c.flag, "gw", program)
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			ssh := gatewaytest.Begin(t, cmd)
			gatewaytest.Eventually(t, "all that it starts runs", func() bool { return running(t, arg) == want })
			if c.kill {
				ssh.Signal(t, syscall.SIGKILL)
			} else {
				in.Close()
			}
			ssh.Wait(t)
			gatewaytest.Eventually(t, "nothing runs any more", func() bool { return running(t, arg) == 0 })
			g.Stop(t)
		})
	}
}
