package secrets

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// nobody is the user that the gateway of a test by root runs as: root may read anything.
const nobody = 65534

// letCores gives this process, and so what it starts, the highest limit of cores there is.
func letCores(t *testing.T) (soft string) {
	t.Helper()
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &l); err != nil {
		t.Fatal(err)
	}
	if l.Max < 2 {
		t.Fatal("no core can be written here, so that nothing can be shown: raise the limit with ulimit -H -c unlimited as root, then try again")
	}
	l.Cur = l.Max
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &l); err != nil {
		t.Fatal(err)
	}
	if l.Max == unix.RLIM_INFINITY {
		return "unlimited"
	}
	return fmt.Sprint(l.Max / 512) // the unit of POSIX's ulimit
}

// asNobody has cmd run as a user who may not read what is root's.
func asNobody(cmd *exec.Cmd) *exec.Cmd {
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return cmd
}

// serveAsNobody starts a gateway that is not root's, and dumps core if anything does.
func serveAsNobody(t *testing.T) *gatewaytest.Gateway {
	t.Helper()
	g := gatewaytest.New(t, gatewaytest.Local(t), gatewaytest.Options{Env: []string{"GOTRACEBACK=crash"}})
	if os.Geteuid() == 0 {
		if err := os.Chmod(filepath.Dir(g.Dir), 0o755); err != nil { // the test's own folder
			t.Fatal(err)
		}
		err := filepath.WalkDir(g.Dir, func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Chown(path, nobody, nobody)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limited := g.Command(t, "serve")
	cmd := exec.Command(limited.Path, limited.Args[1:]...)
	cmd.Env, cmd.Dir = limited.Env, g.Dir
	g.Process = gatewaytest.Begin(t, asNobody(cmd))
	g.Out.AwaitText(t, "host key:", g.Ended)
	return g
}

// Not even the user that the gateway runs as, whose other programs may be anybody's, can
// read its memory or trace it.
func TestMemoryIsNotForOthers(t *testing.T) {
	t.Parallel()
	letCores(t)
	g := serveAsNobody(t)
	proc := fmt.Sprintf("/proc/%d/", g.Cmd.Process.Pid)
	for _, name := range []string{"mem", "environ"} {
		info, err := os.Stat(proc + name)
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t).Uid; owner != 0 {
			t.Errorf("%s belongs to user %d, want root", proc+name, owner)
		}
	}
	for _, name := range []string{"environ", "maps"} {
		r := gatewaytest.Do(t, asNobody(gatewaytest.Program(t, "cat", proc+name)))
		if r.Status == 0 || !strings.Contains(r.Errs, "ermission denied") {
			t.Errorf("its own user reads %s: status %d, %d bytes, %q", proc+name, r.Status, len(r.Out), r.Errs)
		}
	}
}

func TestACrashLeavesNoCore(t *testing.T) {
	t.Parallel()
	letCores(t)
	// What the machine does with others that crash.
	other := gatewaytest.Begin(t, exec.Command("/bin/sh", "-c", "cd "+t.TempDir()+" && kill -ABRT $$"))
	other.Wait(t)
	if !other.Cmd.ProcessState.Sys().(syscall.WaitStatus).CoreDump() {
		t.Logf("on this machine nobody leaves a core: see /proc/sys/kernel/core_pattern")
	}

	g := serveAsNobody(t)
	g.Signal(t, syscall.SIGABRT)
	g.Wait(t)
	status := g.Cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signal() != syscall.SIGABRT {
		t.Errorf("the gateway ended with %v, want what leaves a core: SIGABRT", g.Cmd.ProcessState)
	}
	if status.CoreDump() {
		t.Error("the gateway has left a core")
	}
	if cores, _ := filepath.Glob(g.Path("core*")); len(cores) > 0 {
		t.Errorf("the gateway has left %s", cores)
	}
}

// What it keeps from cores is its own memory: a user's programs may leave theirs.
func TestProgramsKeepTheLimitOfCores(t *testing.T) {
	t.Parallel()
	soft := letCores(t)
	g := gatewaytest.Start(t, gatewaytest.Local(t), gatewaytest.Options{})
	checkCoreLimit(t, g)
	for range 2 { // the second after the limit was changed for the first
		if got := gatewaytest.Must(t, g.OpenSSH(t, "ssh", "gw", "ulimit -S -c")); got != soft+"\n" {
			t.Errorf("a program has the limit %q, want %s", got, soft)
		}
	}
	checkCoreLimit(t, g)
	g.Stop(t)
}

// checkCoreLimit wants the gateway's own limit to let nothing of a core be written.
func checkCoreLimit(t *testing.T, g *gatewaytest.Gateway) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", g.Cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "Max core file size"); ok && strings.Fields(rest)[0] != "1" {
			t.Errorf("the gateway's own limit is %s, want 1", rest)
		}
	}
}
