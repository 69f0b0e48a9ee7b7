package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// casts returns the casts in a folder, by their names.
func casts(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".cast") {
			b, err := os.ReadFile(filepath.Join(folder, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			found[e.Name()] = string(b)
		}
	}
	return found
}

// talk has sessions of several kinds, and one that is cut off by the gateway's end.
func talk(t *testing.T, g *gateway) {
	t.Helper()
	gatewaytest.Must(t, g.OpenSSH(t, "ssh", "gw", "echo one; echo two >&2; printf 'caf\\303\\251\\r\\n\\377'"))
	gatewaytest.Must(t, g.OpenSSH(t, "ssh", "-tt", "gw", "stty size; ls /"))
	gatewaytest.Must(t, g.OpenSSH(t, "ssh", "gw", "true"))
	ssh := gatewaytest.Begin(t, g.OpenSSH(t, "ssh", "gw", "seq 1 300000; exec sleep 1000"))
	ssh.Out.AwaitText(t, "\n300000\n", ssh.Ended)
	g.Kill(t)
	ssh.Wait(t)
}

// stopRecovered stops a gateway that has recovered logs, and returns what it has recorded.
func stopRecovered(t *testing.T, g *gateway) *gatewaytest.Logs {
	t.Helper()
	g.Signal(t, syscall.SIGTERM)
	if status := g.Wait(t); status != 0 {
		t.Errorf("the gateway ended with status %d, want 0", status)
	}
	g.CheckFiles(t)
	return g.Logs(t)
}

// What is recorded as casts while sessions run, or after a crash, is what an export of
// the log makes.
func TestCastsAreWhatAnExportMakes(t *testing.T) {
	for _, version := range []string{"2", "3"} {
		t.Run("version "+version, func(t *testing.T) {
			g := start(t, gatewaytest.Local(t), gatewaytest.Options{
				Audit: []string{"format: [binary, asciinema]", "asciinema: {version: " + version + "}"},
			})
			talk(t, g)
			g.Serve(t)
			gatewaytest.Must(t, g.OpenSSH(t, "ssh", "gw", "echo afterwards"))
			stopRecovered(t, g)
			exported := map[string]string{}
			for _, name := range g.Files(t, "logs") {
				if strings.HasSuffix(name, ".cast") {
					continue
				}
				folder := t.TempDir()
				cmd := g.Command(t, "export", name, "--to", "asciicast", "--version", version, "-o", folder)
				cmd.Run() // it fails for logs in which nothing was printed
				for cast, content := range casts(t, folder) {
					exported[cast] = content
				}
			}
			recorded := casts(t, g.Path("logs"))
			if len(exported) != 4 || len(recorded) != 4 {
				t.Errorf("%d casts were exported and %d recorded, want 4", len(exported), len(recorded))
			}
			for name, content := range exported {
				if recorded[name] != content {
					t.Errorf("%s was recorded with %d bytes, and exported with %d others", name, len(recorded[name]), len(content))
				}
			}
		})
	}
}

// With asciinema alone nothing else of the sessions is kept, also after a crash; the record
// of who came is.
func TestCastsAlone(t *testing.T) {
	g := start(t, gatewaytest.Local(t), gatewaytest.Options{Audit: []string{"format: asciinema"}})
	talk(t, g)
	g.Serve(t)
	gatewaytest.Must(t, g.OpenSSH(t, "ssh", "gw", "echo afterwards"))
	logs := stopRecovered(t, g)
	if len(logs.Own) != 2 || len(logs.Sessions) != 0 {
		t.Errorf("there are %d logs of the gateway's own, want 2, and %d of sessions", len(logs.Own), len(logs.Sessions))
	}
	recorded := casts(t, g.Path("logs"))
	if len(recorded) != 4 {
		t.Errorf("%d casts were recorded, want 4", len(recorded))
	}
	for name, content := range recorded {
		if !strings.HasPrefix(content, `{"version": 2, `) || !strings.Contains(content, fmt.Sprintf(`"title": "%s@local:%[1]s"`, g.User)) {
			t.Errorf("%s begins %.200q", name, content)
		}
	}
	if left := g.Files(t, "state/journal/spool"); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}
