package e2e

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

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// gateway is a sshtrail serve that a test has started.
type gateway struct {
	*process
	backend            string
	dir                string // holds its files, and those of its clients
	user               string // may log in
	hostKey, clientKey ssh.PublicKey
	addr               string // host:port
}

// onEachBackend runs a test with a gateway for each backend.
func onEachBackend(t *testing.T, o options, test func(t *testing.T, g *gateway)) {
	t.Parallel()
	for _, b := range []backend{local(t), proxied()} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			test(t, start(t, b, o))
		})
	}
}

// start starts a gateway with a configuration of its own.
func start(t testing.TB, b backend, o options) *gateway {
	t.Helper()
	g := newGateway(t, b, o)
	g.serve(t)
	return g
}

// newGateway makes all that a gateway needs, and does not start it.
func newGateway(t testing.TB, b backend, o options) *gateway {
	t.Helper()
	g := &gateway{backend: b.name, dir: t.TempDir()}
	g.writeConfig(t, b, o)
	return g
}

// announced is the line that says how to connect.
var announced = regexp.MustCompile(`(?m)^connect: +ssh -p (\d+) `)

// serve starts the program and returns when it listens.
func (g *gateway) serve(t testing.TB) {
	t.Helper()
	limited := g.command(t, "serve")
	cmd := exec.Command(limited.Path, limited.Args[1:]...) // it lives as long as its test
	cmd.Env = limited.Env
	g.process = begin(t, cmd)
	p := g.process
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the gateway says:\n%s%s", p.out, p.errs)
		}
	})
	b := p.out.await(t, "line that says how to connect", p.ended, announced.Match)
	g.addr = "127.0.0.1:" + string(announced.FindSubmatch(b)[1])
	g.writeClientConfig(t)
}

// command is a command of the program with the gateway's configuration.
func (g *gateway) command(t testing.TB, name string, args ...string) *exec.Cmd {
	return program(t, sshtrail, append([]string{name, "--config", g.path("config.yaml")}, args...)...)
}

// stop stops the gateway as its operator does, and returns its logs, all of them good.
func (g *gateway) stop(t testing.TB) *logs {
	t.Helper()
	g.signal(t, syscall.SIGTERM)
	if status := g.wait(t); status != 0 {
		t.Errorf("the gateway ended with status %d, want 0", status)
	}
	l := g.logs(t)
	for _, one := range l.all() {
		oracle.CheckWhole(t, one, binary.Complete)
	}
	g.checkFiles(t)
	return l
}

// kill ends the gateway as the kernel does when there is no memory.
func (g *gateway) kill(t testing.TB) {
	t.Helper()
	g.signal(t, syscall.SIGKILL)
	g.wait(t)
}

// logs are what the gateway has recorded.
type logs struct {
	own      []*oracle.Log // the gateway's own, one for each start
	sessions []*oracle.Log // in the order in which the connections began
}

func (l *logs) all() []*oracle.Log { return slices.Concat(l.own, l.sessions) }

// only returns the log of the only connection that logged in.
func (l *logs) only(t testing.TB) *oracle.Log {
	t.Helper()
	if len(l.sessions) != 1 {
		t.Fatalf("there are %d logs of connections, want 1", len(l.sessions))
	}
	return l.sessions[0]
}

// with returns the log in which program was started.
func (l *logs) with(t testing.TB, program string) *oracle.Log {
	t.Helper()
	i := slices.IndexFunc(l.sessions, func(log *oracle.Log) bool { return len(log.Find(program)) > 0 })
	if i < 0 {
		t.Fatalf("no log has the program %q", program)
	}
	return l.sessions[i]
}

// ownBodies returns the bodies of type T in the gateway's own logs.
func ownBodies[T event.Body](l *logs) []T {
	var found []T
	for _, one := range l.own {
		found = append(found, oracle.Bodies[T](one)...)
	}
	return found
}

// logs reads all logs as they are now.
func (g *gateway) logs(t testing.TB) *logs {
	t.Helper()
	l := &logs{}
	for _, name := range g.files(t, "logs") { // in the order of their names, which is that of their beginnings
		log := oracle.ReadFile(t, name)
		if len(oracle.Bodies[*event.GatewayStart](log)) > 0 {
			l.own = append(l.own, log)
		} else {
			l.sessions = append(l.sessions, log)
		}
	}
	return l
}

// files lists a folder of the gateway's.
func (g *gateway) files(t testing.TB, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(g.path(folder))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, filepath.Join(g.path(folder), e.Name()))
	}
	return names
}

// checkFiles checks that a gateway which has stopped left its files as they should be.
func (g *gateway) checkFiles(t testing.TB) {
	t.Helper()
	for _, name := range g.files(t, "state/journal") {
		if filepath.Base(name) != "lock" {
			t.Errorf("%s is left in the journal", name)
		}
	}
	for _, name := range g.files(t, "logs") {
		if strings.Contains(filepath.Base(name), ".") {
			t.Errorf("%s is left in the folder for logs", name)
		}
	}
	g.checkModes(t)
}

// checkModes checks that nobody but the gateway's user may read what it keeps.
func (g *gateway) checkModes(t testing.TB) {
	t.Helper()
	for _, folder := range []string{"state", "logs"} {
		err := filepath.WalkDir(g.path(folder), func(path string, d os.DirEntry, err error) error {
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

// listens reports whether the gateway takes connections.
func (g *gateway) listens() bool {
	c, err := net.Dial("tcp", g.addr)
	if err != nil {
		return false
	}
	c.Close()
	return true
}
