package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/oracle"
)

// putty is one of PuTTY's clients. PuTTY reads no key of OpenSSH's form: a password.
func (g *gateway) putty(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	_, port, _ := net.SplitHostPort(g.addr) // is one that the program printed
	return g.client(t, name, append([]string{"-batch", "-P", port, "-pw", password, "-hostkey", ssh.FingerprintSHA256(g.hostKey)}, args...)...)
}

func TestPlink(t *testing.T) {
	onEachBackend(t, options{}, func(t *testing.T, g *gateway) {
		for _, plan := range sizes() {
			x := oracle.NewExchange(t, plan)
			x.Run(t, g.putty(t, "plink", "-ssh", "-T", g.user+"@127.0.0.1", x.Command()))
			defer func() { x.Check(t, g.logs(t).with(t, x.Command())) }()
		}
		g.stop(t)
	})
}

func TestPSFTP(t *testing.T) {
	onEachBackend(t, options{}, func(t *testing.T, g *gateway) {
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
		writeFile(t, batch, text+"quit\n")
		must(t, g.putty(t, "psftp", "-b", batch, g.user+"@127.0.0.1"))
		same(t, there, files)
		same(t, back, files)
		carried(t, g.stop(t).only(t).Channels[0], files, true, true)
	})
}

// dbclient runs Dropbear's client with its output in files. Version 2022.83 hangs at the end,
// with OpenSSH's server too, if it has to wait for who reads from it.
const dbclient = `dbclient "$@" >"$HOME/out" 2>"$HOME/err"; status=$?; cat "$HOME/out"; cat "$HOME/err" >&2; exit $status`

func TestDropbear(t *testing.T) {
	onEachBackend(t, options{}, func(t *testing.T, g *gateway) {
		_, port, _ := net.SplitHostPort(g.addr) // is one that the program printed
		if err := os.Mkdir(g.path(".ssh"), 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, g.path(".ssh/known_hosts"), "127.0.0.1 "+string(ssh.MarshalAuthorizedKey(g.hostKey)))
		// Much one way at a time: dbclient is at its slowest both ways at once.
		plans := append(sizes()[:3], oracle.Plan{Seed: 5, Stdin: 8 << 20}, oracle.Plan{Seed: 6, Stdout: 8 << 20, Stderr: 1 << 20, Status: 255})
		for _, plan := range plans {
			x := oracle.NewExchange(t, plan)
			program(t, "dbclient") // says what to install
			cmd := g.client(t, "/bin/sh", "-c", dbclient, "sh", "-T", "-p", port, g.user+"@127.0.0.1", x.Command())
			cmd.Env = append(cmd.Env, "DROPBEAR_PASSWORD="+password, "HOME="+g.dir)
			x.Run(t, cmd)
			defer func() { x.Check(t, g.logs(t).with(t, x.Command())) }()
		}
		g.stop(t)
	})
}
