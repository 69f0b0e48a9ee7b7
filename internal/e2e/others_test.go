package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// putty is one of PuTTY's clients. PuTTY reads no key of OpenSSH's form: a password.
func (g *gateway) putty(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	_, port, _ := net.SplitHostPort(g.Addr) // is one that the program printed
	return g.Client(t, name, append([]string{"-batch", "-P", port, "-pw", gatewaytest.Password, "-hostkey", ssh.FingerprintSHA256(g.HostKey)}, args...)...)
}

func TestPlink(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		for _, plan := range sizes() {
			x := oracle.NewExchange(t, plan)
			x.Run(t, g.putty(t, "plink", "-ssh", "-T", g.User+"@127.0.0.1", x.Command()))
			defer func() { x.Check(t, g.Logs(t).With(t, x.Command())) }()
		}
		g.Stop(t)
	})
}

func TestPSFTP(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		files, there, back := copies(t), t.TempDir(), t.TempDir()
		batch := filepath.Join(t.TempDir(), "batch")
		text := "cd " + there + "\nlcd " + files + "\n"
		for i := range 4 {
			text += fmt.Sprintf("put \"file %d\" \"sent %d\"\nmv \"sent %d\" \"file %d\"\n", i, i, i, i)
		}
		text += "ls\nlcd " + back + "\n"
		for i := range 4 {
			text += fmt.Sprintf("get \"file %d\"\n", i)
		}
		gatewaytest.WriteFile(t, batch, text+"quit\n")
		gatewaytest.Must(t, g.putty(t, "psftp", "-b", batch, g.User+"@127.0.0.1"))
		same(t, there, files)
		same(t, back, files)
		carried(t, g.Stop(t).Only(t).Channels[0], files, true, true)
	})
}

// dbclient runs Dropbear's client with its output in files. Version 2022.83 hangs at the end,
// with OpenSSH's server too, if it has to wait for who reads from it.
const dbclient = `dbclient "$@" >"$HOME/out" 2>"$HOME/err"; status=$?; cat "$HOME/out"; cat "$HOME/err" >&2; exit $status`

func TestDropbear(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		_, port, _ := net.SplitHostPort(g.Addr) // is one that the program printed
		if err := os.Mkdir(g.Path(".ssh"), 0o700); err != nil {
			t.Fatal(err)
		}
		gatewaytest.WriteFile(t, g.Path(".ssh/known_hosts"), "127.0.0.1 "+string(ssh.MarshalAuthorizedKey(g.HostKey)))
		// Much one way at a time: dbclient is at its slowest both ways at once.
		plans := append(sizes()[:3], oracle.Plan{Seed: 5, Stdin: 8 << 20}, oracle.Plan{Seed: 6, Stdout: 8 << 20, Stderr: 1 << 20, Status: 255})
		for _, plan := range plans {
			x := oracle.NewExchange(t, plan)
			gatewaytest.Program(t, "dbclient") // says what to install
			cmd := g.Client(t, "/bin/sh", "-c", dbclient, "sh", "-T", "-p", port, g.User+"@127.0.0.1", x.Command())
			cmd.Env = append(cmd.Env, "DROPBEAR_PASSWORD="+gatewaytest.Password, "HOME="+g.Dir)
			x.Run(t, cmd)
			defer func() { x.Check(t, g.Logs(t).With(t, x.Command())) }()
		}
		g.Stop(t)
	})
}
