package secrets

import (
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// guest is a client that gives away every secret that a client can.
type guest struct {
	wrong, answer, cookie, typed canary
	right                        canary
}

func newGuest() guest {
	return guest{
		wrong: newCanary("wrong password"), answer: newCanary("answer to a question"), cookie: newCanary("X11 cookie"),
		typed: newCanary("password typed at a prompt"), right: canaryOf("right password", []byte(gatewaytest.Password)),
	}
}

func (x guest) canaries() []canary { return []canary{x.wrong, x.answer, x.cookie, x.typed, x.right} }

// dial logs in with those methods.
func dial(t testing.TB, g *gatewaytest.Gateway, user string, methods ...ssh.AuthMethod) (*ssh.Client, error) {
	t.Helper()
	c, err := ssh.Dial("tcp", g.Addr, &ssh.ClientConfig{User: user, Auth: methods, HostKeyCallback: ssh.FixedHostKey(g.HostKey)})
	if err == nil {
		t.Cleanup(func() { c.Close() })
	}
	return c, err
}

// isRefused tries wrong passwords and answers, as a user that is there and as one that is not.
func (x guest) isRefused(t testing.TB, g *gatewaytest.Gateway) {
	t.Helper()
	answers := ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
		return []string{x.answer.text}, nil
	})
	for _, user := range []string{g.User, "stranger"} {
		wrong := ssh.RetryableAuthMethod(ssh.Password(x.wrong.text), 3)
		if _, err := dial(t, g, user, wrong, answers); err == nil {
			t.Fatalf("%s was let in with a wrong password", user)
		}
	}
}

// logsIn logs in with the password, and asks for X11.
func (x guest) logsIn(t testing.TB, g *gatewaytest.Gateway) *ssh.Session {
	t.Helper()
	c, err := dial(t, g, g.User, ssh.Password(gatewaytest.Password))
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	x11 := ssh.Marshal(struct {
		Single           bool
		Protocol, Cookie string
		Screen           uint32
	}{true, "MIT-MAGIC-COOKIE-1", x.cookie.text, 0})
	if _, err := s.SendRequest("x11-req", true, x11); err != nil {
		t.Fatal(err)
	}
	return s
}

// types runs a program that asks for a password, as sudo does, and types it. The program
// waits for the end of its input then.
func (x guest) types(t testing.TB, s *ssh.Session) io.WriteCloser {
	t.Helper()
	in, err := s.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RequestPty("xterm", 24, 80, ssh.TerminalModes{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(`stty -echo; printf 'Password: '; read x; printf '%s has come' "${#x}"; cat`); err != nil {
		t.Fatal(err)
	}
	await(t, out, "Password: ")
	if _, err := io.WriteString(in, x.typed.text+"\n"); err != nil {
		t.Fatal(err)
	}
	await(t, out, "has come")
	return in
}

// await reads until a text has come.
func await(t testing.TB, from io.Reader, text string) {
	t.Helper()
	var all strings.Builder
	for one := make([]byte, 1); !strings.Contains(all.String(), text); all.Write(one) {
		if _, err := from.Read(one); err != nil {
			t.Fatalf("%q did not come, but %q and then %v", text, all.String(), err)
		}
	}
}

// keys are the private keys that a gateway of a test and its clients have.
func keys(t testing.TB, g *gatewaytest.Gateway) (found []canary) {
	t.Helper()
	for _, name := range []string{"host", "client", "upstream"} {
		if _, err := os.Stat(g.Path(name)); err == nil {
			found = append(found, keyCanary(t, name+" key", g.Path(name)))
		}
	}
	return found
}
