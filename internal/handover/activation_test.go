package handover

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestActivation(t *testing.T) {
	for _, c := range []struct {
		name, pid, count, names string
		want                    []string
		fails                   string
	}{
		{"nothing", "", "", "", nil, ""},
		{"another's", "8", "1", "ssh", nil, ""},
		{"no names", "7", "2", "", []string{"unknown", "unknown"}, ""},
		{"names", "7", "2", "ssh:metrics", []string{"ssh", "metrics"}, ""},
		{"none", "7", "0", "", []string{}, ""},
		{"too few names", "7", "2", "ssh", nil, "1 names for 2 sockets"},
		{"no number", "7", "many", "", nil, `"many"`},
		{"negative", "7", "-1", "", nil, `"-1"`},
		{"too many", "7", "1000000000", "", nil, "1000000000"},
	} {
		got, err := activation{c.pid, c.count, c.names}.sockets(7)
		if fmt.Sprint(got) != fmt.Sprint(c.want) || (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%s: sockets = %q, %v, want %q and an error with %q", c.name, got, err, c.want, c.fails)
		}
	}
}

// activated starts a service as systemd does: with the sockets from descriptor 3 on, and
// variables that say so.
func activated(t *testing.T, names string, sockets ...*os.File) *service {
	t.Helper()
	return begin(t, func(cmd *exec.Cmd) {
		cmd.Args = append([]string{"/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
		cmd.ExtraFiles = sockets
		cmd.Env = append(cmd.Env, fmt.Sprintf("LISTEN_FDS=%d", len(sockets)), "LISTEN_FDNAMES="+names)
	})
}

func file(t *testing.T, l interface{ File() (*os.File, error) }) *os.File {
	t.Helper()
	f, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func listen(t *testing.T) *net.TCPListener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.(*net.TCPListener)
}

func TestManagersSocket(t *testing.T) {
	for _, names := range []string{"ssh", "sshtrail.socket", "metrics:ssh"} {
		t.Run(names, func(t *testing.T) {
			t.Parallel()
			l := listen(t)
			sockets := []*os.File{file(t, l)}
			unused := "[]"
			if strings.HasPrefix(names, "metrics") {
				sockets = append([]*os.File{file(t, listen(t))}, sockets...)
				unused = `["metrics"]`
			}
			s := activated(t, names, sockets...).serving(t)
			if s.addr != l.Addr().String() || !strings.Contains(s.Out.String(), "unused "+unused+", origin service manager.") {
				t.Errorf("the service says %s, want %s, unused %s, of the service manager", s.Out, l.Addr(), unused)
			}
			s.mustServe(t)
			s.tell(t, "listen", "127.0.0.2:0") // which is not listened on, since the manager gave a socket
			next := s.upgrade(t)
			next.mustServe(t)
			said := next.await(t, fmt.Sprintf("serves %d", next.Cmd.Process.Pid))
			if !strings.HasSuffix(said, "unused "+unused+", origin service manager.") {
				t.Errorf("the new process says %s", said)
			}
		})
	}
}

func TestManagersSocketThatIsOfNoUse(t *testing.T) {
	l := listen(t)
	unix, err := net.Listen("unix", t.TempDir()+"/socket")
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	one, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	plain, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	for name, c := range map[string]struct {
		names   string
		sockets []*os.File
		says    string
	}{
		"a connection":  {"ssh", []*os.File{file(t, one.(*net.TCPConn))}, "set Accept=no"},
		"a Unix socket": {"ssh", []*os.File{file(t, unix.(*net.UnixListener))}, "no TCP socket"},
		"no socket":     {"ssh", []*os.File{plain}, `take over socket "ssh"`},
		"two of a name": {"ssh:ssh", []*os.File{file(t, l), file(t, listen(t))}, "two sockets"},
		"other names":   {"a:b", []*os.File{file(t, l), file(t, listen(t))}, "FileDescriptorName= to one of ssh, metrics"},
	} {
		t.Run(name, func(t *testing.T) {
			s := activated(t, c.names, c.sockets...)
			if status := s.Wait(t); status != 1 {
				t.Errorf("it ends with status %d, want 1", status)
			}
			s.Errs.AwaitText(t, c.says, nil)
		})
	}
}

// Programs that a service starts get none of its sockets, and no variable of the
// manager's.
func TestProgramsInheritNothing(t *testing.T) {
	if os.Getenv("HANDOVER_TEST_INHERIT") == "" {
		cmd := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" -test.run '^TestProgramsInheritNothing$'`, os.Args[0])
		cmd.ExtraFiles = []*os.File{file(t, listen(t)), file(t, listen(t))} // one is not spoken of
		cmd.Env = append(os.Environ(), "LISTEN_FDS=1", "LISTEN_FDNAMES=ssh", "NOTIFY_SOCKET=/nobody", "HANDOVER_TEST_INHERIT=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	p, err := Begin("ssh")
	if err != nil {
		t.Fatal(err)
	}
	l, err := p.Listen("ssh", "")
	if err != nil || l.Origin != Managers {
		t.Fatalf("Listen = %+v, %v, want the manager's", l, err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	// Without package os/exec, which closes what it does not know.
	pid, _, err := syscall.StartProcess("/bin/sh", []string{"sh", "-c", "for f in 0 1 2 3 4 5 6 7 8 9; do test -e /proc/$$/fd/$f && echo $f; done; echo; env"},
		&syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, w.Fd(), w.Fd()}})
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	process, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer process.Wait()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	descriptors, env, _ := strings.Cut(string(b), "\n\n")
	if descriptors != "0\n1\n2" {
		t.Errorf("a program has the descriptors %q", descriptors)
	}
	for _, name := range []string{"LISTEN_", "NOTIFY_"} {
		if strings.Contains(env, name) {
			t.Errorf("a program has a variable %s:\n%s", name, env)
		}
	}
}
