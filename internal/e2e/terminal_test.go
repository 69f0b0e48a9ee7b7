package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// terminal is a tmux with one window, in which a test is the person at the keyboard.
type terminal struct {
	socket string
}

// openTerminal opens a window of 100 columns and 30 rows that runs a command line.
func openTerminal(t *testing.T, command string) *terminal {
	t.Helper()
	x := &terminal{filepath.Join(t.TempDir(), "tmux")}
	gatewaytest.WriteFile(t, x.socket+".conf", "set -g status off\nset -g default-terminal xterm-256color\nset -g remain-on-exit on\n")
	gatewaytest.Must(t, x.tmux(t, "-f", x.socket+".conf", "new-session", "-d", "-x", "100", "-y", "30", command))
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the terminal shows:\n%s", gatewaytest.Do(t, x.tmux(t, "capture-pane", "-p")).Out)
		}
		gatewaytest.Do(t, x.tmux(t, "kill-server"))
	})
	return x
}

func (x *terminal) tmux(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	return gatewaytest.Program(t, "tmux", append([]string{"-u", "-S", x.socket}, args...)...)
}

// write types text and presses Enter.
func (x *terminal) write(t *testing.T, text string) {
	t.Helper()
	gatewaytest.Must(t, x.tmux(t, "send-keys", "-l", text))
	x.press(t, "Enter")
}

// press presses a key, by tmux's name for it.
func (x *terminal) press(t *testing.T, key string) {
	t.Helper()
	gatewaytest.Must(t, x.tmux(t, "send-keys", key))
}

// screen returns what is shown.
func (x *terminal) screen(t *testing.T) string {
	t.Helper()
	return gatewaytest.Must(t, x.tmux(t, "capture-pane", "-p"))
}

// awaitLine waits until a line is shown that ends in text. A prompt may be before it, if
// what was typed overtook it.
func (x *terminal) awaitLine(t *testing.T, text string) {
	t.Helper()
	gatewaytest.Eventually(t, fmt.Sprintf("the terminal shows a line that ends in %q", text), func() bool {
		for line := range strings.SplitSeq(x.screen(t), "\n") {
			if strings.HasSuffix(strings.TrimRight(line, " "), text) {
				return true
			}
		}
		return false
	})
}

// login opens a terminal with a session through the gateway. When the client ends it
// shows its status.
func (g *gateway) login(t *testing.T) *terminal {
	t.Helper()
	x := openTerminal(t, fmt.Sprintf("ssh -F '%s' gw; echo client ended with $?; sleep 60", g.Path("ssh_config")))
	gatewaytest.Eventually(t, "a prompt is shown", func() bool { return strings.ContainsAny(x.screen(t), "$#") })
	return x
}

func TestTerminal(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		x := g.login(t)
		x.write(t, `PS1="> "; echo "TERM is $TERM, size is $(stty size)"`)
		x.awaitLine(t, "TERM is xterm-256color, size is 30 100")

		gatewaytest.Must(t, x.tmux(t, "resize-window", "-x", "120", "-y", "40"))
		x.write(t, `until test "$(stty size)" = "40 120"; do sleep 0.05; done; echo re""sized`)
		x.awaitLine(t, "resized")

		x.write(t, `sh -c 'echo sl""eeps; exec sleep 1000'`)
		x.awaitLine(t, "sleeps")
		x.press(t, "C-c")
		x.write(t, `echo "ended with $?"`)
		x.awaitLine(t, "ended with 130")

		x.write(t, `printf '\033[1;31m%s\033[0m\n' "$(echo red | tr a-z A-Z)"`)
		x.awaitLine(t, "RED")
		if shown := gatewaytest.Must(t, x.tmux(t, "capture-pane", "-p", "-e")); !strings.Contains(shown, "\x1b[1m\x1b[31mRED") && !strings.Contains(shown, "\x1b[1;31mRED") {
			t.Errorf("the terminal shows no red RED:\n%q", shown)
		}
		x.write(t, "exit 7")
		x.awaitLine(t, "client ended with 7")
		checkTerminalLog(t, g.Stop(t).Only(t))
	})
}

func checkTerminalLog(t *testing.T, log *oracle.Log) {
	t.Helper()
	ch := log.Channels[0]
	if ch.Request != "shell" || ch.PTY == nil || ch.PTY.Term != "xterm-256color" || ch.PTY.Columns != 100 || ch.PTY.Rows != 30 {
		t.Errorf("the log has %s with terminal %+v, want a shell in one of 100 by 30", ch.Request, ch.PTY)
	}
	if n := len(ch.Windows); n == 0 || ch.Windows[n-1].Columns != 120 || ch.Windows[n-1].Rows != 40 {
		t.Errorf("the log has the sizes %v, want 120 by 40 as the last", ch.Windows)
	}
	if ch.Status == nil || *ch.Status != 7 {
		t.Errorf("the log has exit status %v, want 7", ch.Status)
	}
	for _, typed := range []string{"exit 7\r", "\x03", "sleep 1000'\r"} {
		if !strings.Contains(string(ch.Stdin.Bytes), typed) {
			t.Errorf("the log's input lacks %q", typed)
		}
	}
	for _, printed := range []string{"TERM is xterm-256color, size is 30 100\r\n", "\x1b[1;31mRED\x1b[0m\r\n"} {
		if !strings.Contains(string(ch.Stdout.Bytes), printed) {
			t.Errorf("the log's output lacks %q", printed)
		}
	}
	if ch.Stderr.Length != 0 {
		t.Errorf("the log has %d bytes of stderr, which a terminal does not have", ch.Stderr.Length)
	}
}

func TestVim(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		gatewaytest.Program(t, "vim") // says what to install
		file := filepath.Join(t.TempDir(), "text")
		x := g.login(t)
		x.write(t, "vim -u NONE "+file+"; echo vim has e''nded")
		gatewaytest.Eventually(t, "vim is there", func() bool { return strings.Contains(x.screen(t), "[New File]") })
		x.press(t, "i")
		gatewaytest.Must(t, x.tmux(t, "send-keys", "-l", "grüße"))
		x.press(t, "Escape")
		x.write(t, ":wq")
		x.awaitLine(t, "vim has ended") // it throws away what is typed while it ends
		x.write(t, `cat `+file+`; exit`)
		x.awaitLine(t, "grüße")
		x.awaitLine(t, "client ended with 0")
		out := string(g.Stop(t).Only(t).Channels[0].Stdout.Bytes)
		if !strings.Contains(out, "\x1b[?1049h") || !strings.Contains(out, "\x1b[?1049l") || !strings.Contains(out, "grüße") {
			t.Errorf("the log's output has no vim in it:\n%q", out)
		}
	})
}
