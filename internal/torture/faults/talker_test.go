package faults

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// talker is a real client with a real program, which answers each line on both outputs
// and notes what it has read in a file.
type talker struct {
	name  string
	file  string // what the program has read
	ssh   *gatewaytest.Process
	stdin io.WriteCloser
	sent  int

	ended   bool          // before its time
	slowest time.Duration // of its rounds
}

// padding makes a line long, so that blocks are full after a few.
const padding = 600

func (k *talker) line(n int) string {
	return fmt.Sprintf("%s-%d-%s", k.name, n, strings.Repeat("x", padding))
}

// program is what the talker's client asks for. The name makes it differ from every other.
func (k *talker) program() string {
	return fmt.Sprintf(`echo "reply to %s"; while IFS= read -r x; do printf '%%s\n' "$x" >>%s; echo "reply $x"; echo "note $x" >&2; done; exit %d`, k.name, k.file, status)
}

// talk logs in and returns when the program runs.
func talk(t testing.TB, g *gatewaytest.Gateway, name string) *talker {
	t.Helper()
	k := &talker{name: name, file: t.TempDir() + "/read"}
	cmd := g.OpenSSH(t, "ssh", "gw", k.program())
	var err error
	if k.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	k.ssh = gatewaytest.Begin(t, cmd)
	k.await("reply to " + name + "\n")
	return k
}

// await waits until the client has printed text, or has ended.
func (k *talker) await(text string) {
	began := time.Now()
	k.ended = !k.ssh.Out.Arrives(text, k.ssh.Ended)
	k.slowest = max(k.slowest, time.Since(began))
}

// round sends a line and waits for the reply.
func (k *talker) round() {
	if k.ended {
		return
	}
	line := k.line(k.sent)
	k.sent++
	if _, err := io.WriteString(k.stdin, line+"\n"); err != nil {
		k.ended = true
		return
	}
	k.await("reply " + line + "\n")
}

// finish ends the program, and returns the client's exit status.
func (k *talker) finish(t testing.TB) int {
	t.Helper()
	k.stdin.Close()
	return k.ssh.Wait(t)
}

// streams returns what was sent in all, and what was received, by the program's input and
// its two outputs.
func (k *talker) streams(t testing.TB) (sent, received [3]string) {
	t.Helper()
	sent[1] = "reply to " + k.name + "\n"
	for n := range k.sent {
		sent[0] += k.line(n) + "\n"
		sent[1] += "reply " + k.line(n) + "\n"
		sent[2] += "note " + k.line(n) + "\n"
	}
	read, err := os.ReadFile(k.file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	notes := k.ssh.Errs.String()
	for _, others := range []string{sentence, "Connection to ", "client_loop: "} { // the gateway's words, and OpenSSH's
		notes, _, _ = strings.Cut(notes, others)
	}
	return sent, [3]string{string(read), k.ssh.Out.String(), notes}
}

// told is what the gateway itself, or the client, has said.
func (k *talker) told() string {
	notes := k.ssh.Errs.String()
	if i := strings.LastIndex(notes, strings.Repeat("x", padding)+"\n"); i >= 0 {
		notes = notes[i+padding+1:]
	}
	return notes
}
