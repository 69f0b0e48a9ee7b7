package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// withoutTerminal starts a program as service managers do, in a session of its own.
func withoutTerminal(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// manager does what systemd does for a service with a socket unit: it listens, gives the
// socket to each process that it starts, and hears what that says.
type manager struct {
	ln     *net.TCPListener
	file   *os.File
	notify *net.UnixConn
}

func newManager(t *testing.T) *manager {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	m := &manager{ln: ln.(*net.TCPListener)}
	if m.file, err = m.ln.File(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.file.Close() })
	address := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify"), Net: "unixgram"}
	if m.notify, err = net.ListenUnixgram("unixgram", address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.notify.Close() })
	_ = m.notify.SetDeadline(time.Now().Add(2 * gatewaytest.Patience))
	return m
}

// start starts the gateway, which has one more file open that it knows nothing of.
func (m *manager) start(t *testing.T, g *gateway) {
	t.Helper()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	g.ServeRow(t, func(cmd *exec.Cmd) {
		withoutTerminal(cmd)
		cmd.Args = append([]string{"/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
		cmd.ExtraFiles = []*os.File{m.file, null}
		cmd.Env = append(cmd.Env, "LISTEN_FDS=1", "LISTEN_FDNAMES=ssh", "NOTIFY_SOCKET="+m.notify.LocalAddr().String())
	})
}

// hears waits for a message.
func (m *manager) hears(t *testing.T, want string) {
	t.Helper()
	b := make([]byte, 4096)
	for {
		n, err := m.notify.Read(b)
		if err != nil {
			t.Fatalf("wait for %q: %v", want, err)
		}
		if got := string(b[:n]); got == want {
			return
		} else if !strings.HasPrefix(got, "STATUS=") {
			t.Errorf("the manager hears %q, want %q", got, want)
		}
	}
}

// A service manager's socket is there before the gateway, and when it is not: who connects
// meanwhile waits, and is served.
func TestSocketActivation(t *testing.T) {
	t.Parallel()
	g, m := newGateway(t, gatewaytest.Local(t), gatewaytest.Options{}), newManager(t)
	early, err := net.Dial("tcp", m.ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	m.start(t, g)
	m.hears(t, "READY=1")
	if g.Addr != m.ln.Addr().String() {
		t.Fatalf("the gateway says that it listens on %s, want %s", g.Addr, m.ln.Addr())
	}
	g.Errs.AwaitText(t, `socket="service manager"`, g.Ended)
	g.Errs.AwaitText(t, "ssh.listen is not", g.Ended) // which is another address
	if out := g.runOn(t, early, "echo early"); out != "early\n" {
		t.Errorf("who connected before the gateway ran gets %q", out)
	}
	g.inheritsNothing(t)

	p := g.typist(t, "over the upgrade")
	old := g.Upgrade(t)
	m.hears(t, fmt.Sprintf("MAINPID=%d", g.Cmd.Process.Pid))
	m.hears(t, "READY=1")
	g.inheritsNothing(t)
	p.types(t, "one more")
	p.leaves(t)
	old.Wait(t)
	g.Stop(t)
	m.hears(t, "STOPPING=1")

	late, err := net.Dial("tcp", m.ln.Addr().String())
	if err != nil {
		t.Fatalf("connect while no gateway runs: %v", err)
	}
	defer late.Close()
	m.start(t, g)
	m.hears(t, "READY=1")
	if out := g.runOn(t, late, "echo late"); out != "late\n" {
		t.Errorf("who connected while no gateway ran gets %q", out)
	}
	g.Stop(t)
}

// runOn logs in on a connection and returns what a program prints.
func (g *gateway) runOn(t *testing.T, c net.Conn, program string) string {
	t.Helper()
	b, err := os.ReadFile(g.Path("client"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePrivateKey(b)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(gatewaytest.Patience))
	conn, channels, requests, err := ssh.NewClientConn(c, g.Addr, &ssh.ClientConfig{
		User: g.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.FixedHostKey(g.HostKey),
	})
	if err != nil {
		t.Fatalf("log in: %v", err)
	}
	client := ssh.NewClient(conn, channels, requests)
	defer client.Close()
	s, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Output(program)
	if err != nil {
		t.Errorf("run %q: %v", program, err)
	}
	return string(out)
}

// inheritsNothing checks that programs of sessions have no file but their streams, and no
// variable of the manager's.
func (g *gateway) inheritsNothing(t *testing.T) {
	t.Helper()
	const look = `for f in $(seq 0 99); do if test -e /proc/$$/fd/$f; then echo $f; fi; done; env`
	out := gatewaytest.Must(t, g.OpenSSH(t, "ssh", "gw", look))
	if !strings.HasPrefix(out, "0\n1\n2\n") || strings.HasPrefix(out, "0\n1\n2\n3") {
		t.Errorf("a program of a session has these descriptors, and variables:\n%s", out)
	}
	for _, name := range []string{"LISTEN_", "NOTIFY_", "SSHTRAIL_HANDOVER"} {
		if strings.Contains(out, name) {
			t.Errorf("a program of a session has a variable %s:\n%s", name, out)
		}
	}
}

// Stopped and started again and again, with the socket kept, a gateway refuses nobody.
func TestRestartsWithTheSocketKept(t *testing.T) {
	t.Parallel()
	g, m := newGateway(t, gatewaytest.Local(t), gatewaytest.Options{}), newManager(t)
	addr := m.ln.Addr().String()
	stop, done := make(chan struct{}), make(chan struct{})
	served, ended := 0, 0
	go func() { // ends by stop
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			switch problem := greeted(addr); {
			case problem == "":
				served++
			case strings.Contains(problem, "refused"), strings.Contains(problem, "timeout"):
				t.Errorf("connection %d: %s", served+ended, problem)
				return
			default: // it was accepted, and the gateway stopped before it greeted
				ended++
			}
		}
	}()
	const starts = 3
	for range starts {
		m.start(t, g)
		m.hears(t, "READY=1")
		gatewaytest.Must(t, g.OpenSSH(t, "ssh", "gw", "true"))
		g.Stop(t)
		m.hears(t, "STOPPING=1")
	}
	m.start(t, g)
	m.hears(t, "READY=1")
	close(stop)
	<-done
	t.Logf("%d connections served, %d ended by a stop", served, ended)
	if served == 0 || ended > starts {
		t.Errorf("%d connections were served and %d ended by %d stops, want at most one by each", served, ended, starts)
	}
	if logs := g.Stop(t); len(logs.Sessions) != starts {
		t.Errorf("there are %d logs of sessions, want %d", len(logs.Sessions), starts)
	}
}
