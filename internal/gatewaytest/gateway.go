package gatewaytest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// Gateway is a sshtrail serve that a test has started.
type Gateway struct {
	*Process
	BackendName        string
	Dir                string // holds its files, and those of its clients
	User               string // may log in
	HostKey, ClientKey ssh.PublicKey
	Addr               string // host:port
	env                []string
}

// Start starts a gateway with a configuration of its own.
func Start(t testing.TB, b Backend, o Options) *Gateway {
	t.Helper()
	g := New(t, b, o)
	g.Serve(t)
	return g
}

// New makes all that a gateway needs, and does not start it.
func New(t testing.TB, b Backend, o Options) *Gateway {
	t.Helper()
	g := &Gateway{BackendName: b.Name, Dir: t.TempDir(), env: o.Env}
	g.writeConfig(t, b, o)
	return g
}

// announced is the line that says how to connect.
var announced = regexp.MustCompile(`(?m)^connect: +ssh -p (\d+) `)

// Serve starts the program and returns when it listens.
func (g *Gateway) Serve(t testing.TB) {
	t.Helper()
	limited := g.Command(t, "serve")
	cmd := exec.Command(limited.Path, limited.Args[1:]...) // it lives as long as its test
	cmd.Env = limited.Env
	g.Process = Begin(t, cmd)
	p := g.Process
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the gateway says:\n%s%s", p.Out, p.Errs)
		}
	})
	g.awaitServing(t)
}

// awaitServing returns when the program says how to connect.
func (g *Gateway) awaitServing(t testing.TB) {
	t.Helper()
	b := g.Out.Await(t, "line that says how to connect", g.Ended, announced.Match)
	g.Addr = "127.0.0.1:" + string(announced.FindSubmatch(b)[1])
	g.writeClientConfig(t)
}

// Command is a command of the program with the gateway's configuration.
func (g *Gateway) Command(t testing.TB, name string, args ...string) *exec.Cmd {
	cmd := Program(t, Sshtrail(), append([]string{name, "--config", g.Path("config.yaml")}, args...)...)
	cmd.Env = append(cmd.Env, g.env...)
	return cmd
}

// Stop stops the gateway as its operator does, and returns its logs, all of them good.
func (g *Gateway) Stop(t testing.TB) *Logs {
	t.Helper()
	g.Signal(t, syscall.SIGTERM)
	if status := g.Wait(t); status != 0 {
		t.Errorf("the gateway ended with status %d, want 0", status)
	}
	l := g.Logs(t)
	for _, one := range l.All() {
		oracle.CheckWhole(t, one, binary.Complete)
	}
	g.CheckFiles(t)
	return l
}

// Kill ends the gateway as the kernel does when there is no memory.
func (g *Gateway) Kill(t testing.TB) {
	t.Helper()
	g.Signal(t, syscall.SIGKILL)
	g.Wait(t)
}

// Logs are what the gateway has recorded.
type Logs struct {
	Own      []*oracle.Log // the gateway's own, one for each start
	Sessions []*oracle.Log // in the order in which the connections began
}

// All returns all logs, the gateway's own first.
func (l *Logs) All() []*oracle.Log { return slices.Concat(l.Own, l.Sessions) }

// Only returns the log of the only connection that logged in.
func (l *Logs) Only(t testing.TB) *oracle.Log {
	t.Helper()
	if len(l.Sessions) != 1 {
		t.Fatalf("there are %d logs of connections, want 1", len(l.Sessions))
	}
	return l.Sessions[0]
}

// With returns the log in which program was started.
func (l *Logs) With(t testing.TB, program string) *oracle.Log {
	t.Helper()
	i := slices.IndexFunc(l.Sessions, func(log *oracle.Log) bool { return len(log.Find(program)) > 0 })
	if i < 0 {
		t.Fatalf("no log has the program %q", program)
	}
	return l.Sessions[i]
}

// OwnBodies returns the bodies of type T in the gateway's own logs.
func OwnBodies[T event.Body](l *Logs) []T {
	var found []T
	for _, one := range l.Own {
		found = append(found, oracle.Bodies[T](one)...)
	}
	return found
}

// Logs reads all logs as they are now.
func (g *Gateway) Logs(t testing.TB) *Logs {
	t.Helper()
	l := &Logs{}
	for _, name := range g.Files(t, "logs") { // in the order of their names, which is that of their beginnings
		if strings.HasSuffix(name, ".cast") {
			continue // made of a log
		}
		log := oracle.ReadFile(t, name)
		if len(oracle.Bodies[*event.GatewayStart](log)) > 0 {
			l.Own = append(l.Own, log)
		} else {
			l.Sessions = append(l.Sessions, log)
		}
	}
	return l
}

// Spares is how many files of the journal a gateway keeps open for logs to come, at most.
const Spares = 64

// Files lists a folder of the gateway's.
func (g *Gateway) Files(t testing.TB, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(g.Path(folder))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, filepath.Join(g.Path(folder), e.Name()))
	}
	return names
}

// CheckFiles checks that a gateway which has stopped left its files as they should be.
func (g *Gateway) CheckFiles(t testing.TB) {
	t.Helper()
	for _, name := range g.Files(t, "state/journal") {
		if filepath.Base(name) != "spool" || len(g.Files(t, "state/journal/spool")) > 0 {
			t.Errorf("%s is left in the journal", name)
		}
	}
	for _, name := range g.Files(t, "logs") {
		if strings.Contains(filepath.Base(name), ".") && !strings.HasSuffix(name, ".cast") {
			t.Errorf("%s is left in the folder for logs", name)
		}
	}
	g.CheckModes(t)
}

// CheckModes checks that nobody but the gateway's user may read what it keeps.
func (g *Gateway) CheckModes(t testing.TB) {
	t.Helper()
	for _, folder := range []string{"state", "logs"} {
		err := filepath.WalkDir(g.Path(folder), func(path string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			want := os.FileMode(0o600)
			if d.IsDir() {
				want = os.ModeDir | 0o700
			}
			if info.Mode() != want {
				t.Errorf("%s has mode %v, want %v", path, info.Mode(), want)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// Listens reports whether the gateway takes connections.
func (g *Gateway) Listens() bool {
	c, err := net.Dial("tcp", g.Addr)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// Dial connects to the gateway without a client.
func (g *Gateway) Dial(t testing.TB) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", g.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(Patience))
	return c
}
