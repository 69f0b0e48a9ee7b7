package secrets

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// traces are everything that a gateway has left, by where.
type traces map[string][]byte

// traces collects files, as they are and decompressed, and messages. The private host keys
// that a gateway makes for itself are where they belong.
func collect(t testing.TB, g *gatewaytest.Gateway) traces {
	t.Helper()
	found := traces{"standard output": g.Out.Bytes(), "standard error": g.Errs.Bytes()}
	for _, folder := range []string{"logs", "state"} {
		err := filepath.WalkDir(g.Path(folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.Contains(path, "/hostkeys/") {
				return err
			}
			b, err := os.ReadFile(path)
			if os.IsNotExist(err) {
				return nil // a part of the journal that is in the log by now
			}
			found[path] = b
			if plain := decompressed(b); len(plain) > 0 {
				found[path+", decompressed"] = plain
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// headerSize is the size of what comes before the first block of a log.
const headerSize = 40

// decompressed is the content of a log's blocks, as far as it is there.
func decompressed(log []byte) []byte {
	if len(log) < headerSize {
		return nil
	}
	r, err := gzip.NewReader(bufio.NewReader(bytes.NewReader(log[headerSize:])))
	if err != nil {
		return nil
	}
	plain, _ := io.ReadAll(r) // an open log ends anywhere
	return plain
}

// commands adds what the commands print that read logs and configurations. The gateway has
// stopped.
func (found traces) commands(t testing.TB, g *gatewaytest.Gateway) traces {
	t.Helper()
	for _, line := range []string{"check", "ls", "ls --json", "recover"} {
		found.run(t, g, strings.Fields(line)...)
	}
	for _, file := range g.Files(t, "logs") {
		for _, command := range []string{"show", "decode", "verify"} {
			found.run(t, g, command, filepath.Base(file))
		}
		found.run(t, g, "show", "--json", filepath.Base(file))
	}
	return found
}

func (found traces) run(t testing.TB, g *gatewaytest.Gateway, args ...string) {
	t.Helper()
	cmd := g.Command(t, args[0], args[1:]...)
	if args[0] == "verify" || args[0] == "decode" { // they take files
		cmd = gatewaytest.Program(t, gatewaytest.Sshtrail(), args[0], filepath.Join(g.Path("logs"), args[1]))
	}
	r := gatewaytest.Do(t, cmd)
	if r.Status != 0 {
		t.Errorf("sshtrail %s ends with %d:\n%s", strings.Join(args, " "), r.Status, r.Errs)
	}
	found["what sshtrail "+strings.Join(args, " ")+" prints"] = []byte(r.Out + r.Errs)
}

// lack checks that no canary is anywhere.
func (found traces) lack(t testing.TB, canaries ...canary) {
	t.Helper()
	for where, b := range found {
		for _, c := range canaries {
			if form := c.in(b); form != "" {
				t.Errorf("the %s is in %s (%s)", c.what, where, form)
			}
		}
	}
}

// have checks that a text is somewhere: what is searched is what it should be.
func (found traces) have(t testing.TB, where, text string) {
	t.Helper()
	for name, b := range found {
		if strings.Contains(name, where) && bytes.Contains(b, []byte(text)) {
			return
		}
	}
	t.Errorf("%q is in nothing that is called %s", text, where)
}
