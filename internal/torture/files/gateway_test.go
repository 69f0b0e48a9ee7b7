package files

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/internal/torture"
)

// TestNames gives every kind of name to a gateway, wherever SSH has one, from both sides.
// They are in the logs to the byte, and nowhere else are they more than text: not in the
// names of files, not in messages or metrics, not in what the commands print.
func TestNames(t *testing.T) {
	t.Parallel()
	rig := torture.New(t)
	g := gatewaytest.Start(t, startMirror(t).behind(), gatewaytest.Options{
		Passwords: true, Metrics: true,
		SSH: []string{"maxStartupsPerSource: 1000"},
	})
	for range rig.Rounds(1) {
		before, here := tree(t, g.Dir), tree(t, ".")
		all := drawn(rig, 20)
		conn := dial(t, g, "SSH-2.0-\x80\u202e\xff client")
		for _, n := range all {
			say(t, conn, n.text)
			try(t, g, n.text)
			strange(t, g, n.text)
		}
		conn.Close()
		if got := tree(t, "."); !slices.Equal(got, here) {
			t.Errorf("the gateway's own folder has %q, and had %q", got, here)
		}
		checkTree(t, before, tree(t, g.Dir))
		_, text := g.Ask(t, "/metrics")
		checkText(t, "metrics", text)
		if strings.Contains(text, "forged_total") {
			t.Error("a metric is forged")
		}
		checkMessages(t, g)
	}
	logs := g.Stop(t)
	for _, n := range names() {
		checkSession(t, logs.Sessions[0], n)
		checkAttempts(t, logs, n)
	}
	checkMessages(t, g)
	checkCommands(t, g)
}

// dial logs in.
func dial(t testing.TB, g *gatewaytest.Gateway, version string) *ssh.Client {
	t.Helper()
	key, err := os.ReadFile(g.Path("client"))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.ParsePrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ssh.Dial("tcp", g.Addr, &ssh.ClientConfig{
		User: g.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: ssh.FixedHostKey(g.HostKey), ClientVersion: version,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// say says a name in each request that has one.
func say(t testing.TB, c *ssh.Client, text string) {
	t.Helper()
	for _, kind := range []string{"exec", "subsystem"} {
		ch, requests, err := c.OpenChannel("session", nil)
		if err != nil {
			t.Fatalf("open a session: %v", err)
		}
		go ssh.DiscardRequests(requests) // ends with the channel
		for _, r := range []struct {
			name    string
			payload any
		}{
			{"env", struct{ Name, Value string }{text, text}},
			{"pty-req", struct {
				Term  string
				C, R  uint32
				W, H  uint32
				Modes string
			}{text, 80, 24, 0, 0, "\x00"}},
			{"signal", struct{ Name string }{text}},
			{"x11-req", struct {
				Single           bool
				Protocol, Cookie string
				Screen           uint32
			}{false, text, text, 0}},
			{"unknown-" + text, struct{ Text string }{text}},
			{kind, struct{ Text string }{text}},
		} {
			if _, err := ch.SendRequest(r.name, r.name != kind, ssh.Marshal(r.payload)); err != nil {
				t.Fatalf("%s of %q: %v", r.name, text, err)
			}
		}
		await(t, ch)
	}
	for _, kind := range []struct {
		name    string
		payload any
	}{
		{"unknown-" + text, struct{ Text string }{text}},
		{"direct-tcpip", struct {
			Host  string
			Port  uint32
			From  string
			Port2 uint32
		}{text, 1, text, 2}},
		{"direct-streamlocal@openssh.com", struct {
			Path, Reserved string
			More           uint32
		}{text, "", 0}},
	} {
		if ch, _, err := c.OpenChannel(kind.name, ssh.Marshal(kind.payload)); err == nil {
			ch.Close()
			t.Errorf("a channel %q is open", kind.name)
		}
	}
	for _, r := range []struct {
		name    string
		payload any
	}{
		{"unknown-" + text, struct{ Text string }{text}},
		{"tcpip-forward", struct {
			Host string
			Port uint32
		}{text, 1}},
		{"streamlocal-forward@openssh.com", struct{ Path string }{text}},
	} {
		if _, _, err := c.SendRequest(r.name, true, ssh.Marshal(r.payload)); err != nil {
			t.Fatalf("%s of %q: %v", r.name, text, err)
		}
	}
}

// await reads what a program prints, to its end.
func await(t testing.TB, ch ssh.Channel) {
	t.Helper()
	buf := make([]byte, 32<<10)
	for {
		if _, err := ch.Read(buf); err != nil {
			break
		}
	}
	ch.Close() // the other side may have done so first
}

// try tries to log in under a name, with the name as a password.
func try(t testing.TB, g *gatewaytest.Gateway, text string) {
	t.Helper()
	c, err := ssh.Dial("tcp", g.Addr, &ssh.ClientConfig{
		User: text, Auth: []ssh.AuthMethod{ssh.Password(text)}, HostKeyCallback: ssh.FixedHostKey(g.HostKey), Timeout: gatewaytest.Patience,
	})
	if err == nil {
		c.Close()
		t.Fatalf("%q is let in", text)
	}
}

// strange begins with a name where the client's version belongs (RFC 4253 §4.2).
func strange(t testing.TB, g *gatewaytest.Gateway, text string) {
	t.Helper()
	c, err := net.Dial("tcp", g.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(gatewaytest.Patience))
	if _, err := c.Write([]byte("SSH-2.0-" + text + "\r\n")); err != nil {
		return // it has closed the connection already
	}
	c.(*net.TCPConn).CloseWrite()
	buf := make([]byte, 4096)
	for err == nil {
		_, err = c.Read(buf)
	}
}

// tree lists a folder and all that is below it.
func tree(t testing.TB, dir string) []string {
	t.Helper()
	var all []string
	if err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		all = append(all, strings.TrimPrefix(path, dir))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// ours are the names of the files that a gateway may make.
var ours = regexp.MustCompile(`^/(logs/[0-9a-f]{32}(\.partial)?|state/journal/([0-9a-f]{32}/)?[0-9a-f]{32}\.[0-9]+)$`)

func checkTree(t testing.TB, before, after []string) {
	t.Helper()
	for _, path := range after {
		if !slices.Contains(before, path) && !ours.MatchString(path) {
			t.Errorf("the gateway has made %q", path)
		}
	}
}

// checkText looks for what acts on a terminal.
func checkText(t testing.TB, what, text string) {
	t.Helper()
	s := &sieve{}
	s.Write([]byte(text))
	if s.end(); s.flaw != "" {
		t.Errorf("%s have %s", what, s.flaw)
	}
}

// said is how each line of the gateway's messages begins.
var said = regexp.MustCompile(`^time=\S+ level=(INFO|WARN|ERROR) msg=("[a-z]|[a-z])`)

func checkMessages(t testing.TB, g *gatewaytest.Gateway) {
	t.Helper()
	text := g.Errs.String()
	checkText(t, "messages", text)
	for line := range strings.Lines(text) {
		if !said.MatchString(line) || strings.Contains(line, `level=ERROR msg="forged"`) && strings.HasPrefix(line, "time=2026-01-01") {
			t.Errorf("the gateway says %q", line)
		}
	}
}

// checkSession looks for a name in each event of a session that has one.
func checkSession(t testing.TB, log *oracle.Log, n name) {
	t.Helper()
	unknown := "unknown-" + n.text
	for what, found := range map[string]int{
		"program":      count(log, func(b *event.Exec) bool { return b.Program == n.text }),
		"subsystem":    count(log, func(b *event.Subsystem) bool { return b.Subsystem == n.text }),
		"variable":     count(log, func(b *event.SetEnv) bool { return b.Name == n.text && b.Value == n.text }),
		"terminal":     count(log, func(b *event.Pty) bool { return b.Term == n.text }),
		"signal":       count(log, func(b *event.Signal) bool { return b.Signal == n.text }),
		"X11 protocol": count(log, func(b *event.X11) bool { return b.AuthProtocol == n.text }),
		"request":      count(log, func(b *event.ChannelRequestUnknown) bool { return b.RequestType == unknown }),
		"channel":      count(log, func(b *event.NewChannel) bool { return b.ChannelType == unknown }),
		"host": count(log, func(b *event.NewChannelDirectTCPIP) bool {
			return b.HostToConnect == n.text && b.OriginatorHost == n.text
		}),
		"path":           count(log, func(b *event.NewChannelDirectStreamLocal) bool { return b.Path == n.text }),
		"global request": count(log, func(b *event.GlobalRequestUnknown) bool { return b.RequestType == unknown }),
		"forwarded host": count(log, func(b *event.ForwardTCPIP) bool { return b.BindHost == n.text }),
		"forwarded path": count(log, func(b *event.ForwardStreamLocal) bool { return b.Path == n.text }),
		"signal of the target's": count(log, func(b *event.ExitSignal) bool {
			return b.Signal == n.text && b.ErrorMessage == n.text && b.LanguageTag == n.text
		}),
	} {
		if found == 0 {
			t.Errorf("%s: the log has no %s of %q", n.kind, what, n.text)
		}
	}
	for _, c := range log.Find(n.text) {
		if string(c.Stdout.Bytes) != n.text || string(c.Stderr.Bytes) != n.text {
			t.Errorf("%s: channel %d printed %q and %q, want %q", n.kind, c.ID, c.Stdout.Bytes, c.Stderr.Bytes, n.text)
		}
	}
}

// count counts the bodies of a type that are as is says.
func count[T event.Body](log *oracle.Log, is func(T) bool) int {
	n := 0
	for _, b := range oracle.Bodies[T](log) {
		if is(b) {
			n++
		}
	}
	return n
}

// checkAttempts looks for a name in the record of access.
func checkAttempts(t testing.TB, logs *gatewaytest.Logs, n name) {
	t.Helper()
	for _, b := range gatewaytest.OwnBodies[*event.AuthPasswordFailed](logs) {
		if b.Username == n.text && string(b.Password) == n.text {
			return
		}
	}
	t.Errorf("%s: the record of access has no attempt of %q", n.kind, n.text)
}

// checkCommands has every command that reads tell of what there is.
func checkCommands(t testing.TB, g *gatewaytest.Gateway) {
	t.Helper()
	folder := g.Path("logs")
	all := [][]string{{"ls", folder}, {"ls", "--json", folder}}
	for _, path := range g.Files(t, "logs") {
		all = append(all, []string{"show", path}, []string{"show", "--json", path}, []string{"decode", path}, []string{"verify", path}, []string{"verify", "--json", path})
		if v := oracle.ReadFile(t, path).Verdict; v != binary.Complete {
			t.Errorf("%s is %s", path, v)
		}
	}
	for _, args := range all {
		if r := sshtrail(t, nil, args...); r.Status != 0 {
			t.Errorf("sshtrail %q ended with status %d; it said:\n%s", args, r.Status, r.errs)
		}
	}
}
