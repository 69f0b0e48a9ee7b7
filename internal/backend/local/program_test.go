//go:build linux

package local

import (
	"io"
	"os"
	"os/exec"
	"os/user"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sshtrail/sshtrail/internal/backend"
)

// asNobody runs a test of this package as a user without rights.
func asNobody(t *testing.T, name string) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+name+"$", "-test.v", "-test.timeout=2m")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+name) {
		t.Errorf("%s as nobody: %v\n%s", name, err, out)
	}
}

func TestConformanceUnprivileged(t *testing.T) {
	if os.Geteuid() != 0 {
		return // TestConformance is the same
	}
	asNobody(t, "TestConformance")
}

// output runs cmd and returns its output.
func outputOf(t *testing.T, h backend.Host, cmd backend.Command, input string) string {
	t.Helper()
	p, err := h.Start(t.Context(), cmd)
	if err != nil {
		t.Fatalf("Start(%q): %v", cmd.Program, err)
	}
	defer p.Close()
	_, _ = io.WriteString(p.Streams().Stdin, input)
	_ = p.Streams().Stdin.Close()
	if p.Streams().Stderr != nil {
		go func() { _, _ = io.Copy(os.Stderr, p.Streams().Stderr) }()
	}
	out, err := io.ReadAll(p.Streams().Stdout)
	if err != nil {
		t.Fatalf("output of %q: %v", cmd.Program, err)
	}
	return string(out)
}

func script(s string) backend.Command { return backend.Command{Kind: backend.Exec, Program: s} }

func TestIdentity(t *testing.T) {
	for _, name := range users(t) {
		u, err := user.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		groups, err := u.GroupIds()
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(groups)
		got := strings.Fields(outputOf(t, connect(t, testConfig(), name), script("id -u; id -g; id -G"), ""))
		if len(got) < 3 || got[0] != u.Uid || got[1] != u.Gid {
			t.Fatalf("id of %s = %v, want %s %s", name, got, u.Uid, u.Gid)
		}
		slices.Sort(got[2:])
		if os.Geteuid() == 0 && !slices.Equal(got[2:], groups) {
			t.Errorf("groups of %s = %v, want %v", name, got[2:], groups)
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("TZ", "Europe/Vienna")
	t.Setenv("SECRET_OF_THE_GATEWAY", "x")
	name := ownName(t)
	a, err := lookup(passwdFile, name)
	if err != nil {
		t.Fatal(err)
	}
	cmd := script("env; tty")
	cmd.Env = []string{"LANG=C", "HOME=/evil", "PATH=/evil", "SSHTRAIL_PROGRAM=x", "USER=evil"}
	cmd.PTY = &backend.PTY{Term: "vt100"}
	lines := strings.Split(strings.TrimSuffix(outputOf(t, connect(t, testConfig(), name), cmd, ""), "\r\n"), "\r\n")
	tty := lines[len(lines)-1]
	lines = slices.DeleteFunc(lines[:len(lines)-1], func(l string) bool {
		set, _, _ := strings.Cut(l, "=") // of the shell's own doing
		return set == "PWD" || set == "OLDPWD" || set == "SHLVL" || set == "_"
	})
	slices.Sort(lines)
	want := []string{
		"HOME=" + a.home, "LANG=C", "LOGNAME=" + name, "PATH=" + searchPath, "SHELL=/bin/sh",
		"SSHTRAIL_PROGRAM=*",
		"SSH_CLIENT=192.0.2.7 4711 2222", "SSH_CONNECTION=192.0.2.7 4711 2001:db8::1 2222",
		"SSH_TTY=" + tty, "TERM=vt100", "TZ=Europe/Vienna", "USER=" + name,
	}
	for i, l := range lines {
		if mark, ok := strings.CutPrefix(l, markName+"="); ok && len(mark) > 20 {
			lines[i] = markName + "=*"
		}
	}
	slices.Sort(want)
	slices.Sort(lines)
	if !slices.Equal(lines, want) {
		t.Errorf("environment:\n%s\nwant:\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

func TestLoginShell(t *testing.T) {
	h := connect(t, testConfig(), ownName(t))
	if got := outputOf(t, h, backend.Command{Kind: backend.Shell}, "echo $0; pwd\n"); !strings.HasPrefix(got, "-sh\n/") {
		t.Errorf("$0 and folder = %q, want -sh and home", got)
	}
	if got := outputOf(t, h, script("echo $0"), ""); got != "sh\n" {
		t.Errorf("$0 = %q, want sh", got)
	}
}

func TestShellThatIsNotThere(t *testing.T) {
	c := testConfig()
	c.Shell = "/no/such/shell"
	if _, err := connect(t, c, ownName(t)).Start(t.Context(), script("true")); err == nil || !strings.Contains(err.Error(), c.Shell) {
		t.Errorf("Start = %v, want an error that names the shell", err)
	}
}

// Nothing of the gateway's is open in a program.
func TestDescriptors(t *testing.T) {
	inherited, err := unix.Dup(2) // as a careless starter leaves one
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(inherited)
	for _, pty := range []*backend.PTY{nil, {Term: "x"}} {
		cmd := script("cd /proc/self/fd && echo *") // the shell itself, which opens the folder
		cmd.PTY = pty
		got := strings.Fields(outputOf(t, connect(t, testConfig(), ownName(t)), cmd, ""))
		if len(got) < 3 || len(got) > 4 || !slices.Equal(got[:3], []string{"0", "1", "2"}) {
			t.Errorf("open in the program: %v, want 0 1 2 and the folder", got)
		}
	}
}

// Files that are the program's by number are so by name.
func TestReopen(t *testing.T) {
	for _, name := range users(t) {
		h := connect(t, testConfig(), name)
		if got := outputOf(t, h, script("echo by name >/dev/stdout"), ""); got != "by name\n" {
			t.Errorf("as %s: %q, want the line", name, got)
		}
		cmd := script("echo by name >$(tty); stat -c '%U %a' $(tty)")
		cmd.PTY = &backend.PTY{Term: "x"}
		if got := outputOf(t, h, cmd, ""); !strings.HasPrefix(got, "by name\r\n"+name+" 6") {
			t.Errorf("as %s: %q, want the line, and the terminal its own", name, got)
		}
	}
}
