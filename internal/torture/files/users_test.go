package files

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/internal/torture"
)

// TestUsersWithNames has every kind of name as that of a user who may log in, with a
// comment of that name at the key: whom the configuration takes gets in, is in a log, and
// is told of as text.
func TestUsersWithNames(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t, startMirror(t).behind(), gatewaytest.Options{})
	key := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(g.ClientKey)))
	var users []string
	lines := strings.Builder{}
	for _, n := range names() {
		if n.text == "" || !utf8.ValidString(n.text) || strings.Contains(n.text, "\ufeff") {
			continue // the configuration is text
		}
		line := fmt.Sprintf("    - {name: %s, keys: [%s]}\n", quotedYAML(t, n.text), quotedYAML(t, key+" "+strings.NewReplacer("\n", "", "\r", "", "\x00", "").Replace(n.text)))
		one := t.TempDir() + "/config.yaml"
		gatewaytest.WriteFile(t, one, "backend: local\nauth:\n  users:\n"+line)
		if r := sshtrail(t, nil, "check", "--config", one); r.Status == 0 {
			users = append(users, n.text)
			lines.WriteString(line)
		}
	}
	if len(users) < 20 {
		t.Fatalf("the configuration takes only %d of the names: %q", len(users), users)
	}
	g.Edit(t, "users:\n", "users:\n"+lines.String())
	g.Serve(t)
	for _, user := range users {
		g.User = user
		c := dial(t, g, "SSH-2.0-client")
		c.Close()
	}
	checkMessages(t, g)
	logs := g.Stop(t)
	var got []string
	for _, log := range logs.Sessions {
		got = append(got, *log.Summary.Username)
	}
	slices.Sort(got)
	slices.Sort(users)
	if !slices.Equal(got, users) {
		t.Errorf("the logs are of %q, want %q", got, users)
	}
	checkCommands(t, g)
}

// quotedYAML quotes a text so that YAML reads it as it is.
func quotedYAML(t testing.TB, text string) string {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("\u0085", `\N`, "\u007f", `\x7f`).Replace(strings.TrimSpace(b.String()))
}

// TestNamesFromOpenSSH gives the names that a command line can hold to OpenSSH's client.
func TestNamesFromOpenSSH(t *testing.T) {
	t.Parallel()
	rig := torture.New(t)
	g := gatewaytest.Start(t, startMirror(t).behind(), gatewaytest.Options{})
	here := tree(t, ".")
	var said []string
	for _, n := range some(rig, names(), 12) {
		if strings.Contains(n.text, "\x00") || n.text == "" {
			continue // no command line has it; it would ask for a shell
		}
		said = append(said, n.text)
		r := gatewaytest.Do(t, g.OpenSSH(t, "ssh", "gw", "--", n.text))
		if r.Out != n.text {
			t.Errorf("%s: ssh printed %q, want %q", n.kind, r.Out, n.text)
		}
	}
	if got := tree(t, "."); !slices.Equal(got, here) {
		t.Errorf("the gateway's own folder has %q, and had %q", got, here)
	}
	checkMessages(t, g)
	logs := g.Stop(t)
	for _, text := range said {
		if !slices.ContainsFunc(logs.Sessions, func(l *oracle.Log) bool { return len(l.Find(text)) == 1 }) {
			t.Errorf("no log has the program %q", text)
		}
	}
	checkCommands(t, g)
}
