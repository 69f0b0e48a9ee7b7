package gatewaytest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// packages says which of Debian's packages has a client.
var packages = map[string]string{
	"ssh": "openssh-client", "scp": "openssh-client", "sftp": "openssh-client",
	"plink": "putty-tools", "psftp": "putty-tools", "dbclient": "dropbear-bin", "sshpass": "sshpass",
	"rsync": "rsync", "git": "git", "tmux": "tmux", "vim": "vim", "expect": "expect",
}

// Client is a client of the gateway's. Should it hang, the gateway says where it is itself.
func (g *Gateway) Client(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := Program(t, name, args...)
	cmd.Cancel = func() error {
		_ = g.Cmd.Process.Signal(syscall.SIGQUIT)
		return cmd.Process.Kill()
	}
	return cmd
}

// Program is a program with arguments, in an environment that has nothing of the tester's.
// If it is no server it must end within our patience.
func Program(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	path := name
	if !filepath.IsAbs(name) {
		var err error
		if path, err = exec.LookPath(name); err != nil {
			t.Fatalf("%s is missing: install it with apt-get install %s, or run make test", name, packages[name])
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, path, args...)
	home := t.TempDir()
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "LANG=C.UTF-8", "TERM=xterm-256color",
		"GORACE=atexit_sleep_ms=0"} // the race detector would sleep for a second at the end
	return cmd
}

// OpenSSH is one of OpenSSH's clients, which knows the gateway as gw.
func (g *Gateway) OpenSSH(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	return g.Client(t, name, append([]string{"-F", g.Path("ssh_config")}, args...)...)
}

// Result is how a client ended, and what it printed.
type Result struct {
	Status    int
	Out, Errs string
}

// Do runs a client to its end.
func Do(t testing.TB, cmd *exec.Cmd) Result {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run %s: %v", cmd, err)
	}
	return Result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// Must runs a client that must end well, and returns what it printed.
func Must(t testing.TB, cmd *exec.Cmd) string {
	t.Helper()
	r := Do(t, cmd)
	if r.Status != 0 {
		t.Fatalf("%s ended with status %d; it printed:\n%s%s", cmd, r.Status, r.Out, r.Errs)
	}
	return r.Out
}

// Fails runs a client that must end with status and say why.
func Fails(t testing.TB, cmd *exec.Cmd, status int, says ...string) {
	t.Helper()
	r := Do(t, cmd)
	if r.Status != status {
		t.Errorf("%s ended with status %d, want %d", cmd, r.Status, status)
	}
	for _, s := range says {
		if !strings.Contains(r.Out+r.Errs, s) {
			t.Errorf("%s does not say %q; it says:\n%s%s", cmd, s, r.Out, r.Errs)
		}
	}
}
