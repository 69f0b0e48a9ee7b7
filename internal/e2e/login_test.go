package e2e

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// withPassword is ssh with a password that is typed by a program, and no key.
func (g *gateway) withPassword(t *testing.T, secret string, args ...string) *exec.Cmd {
	t.Helper()
	return g.Client(t, "sshpass", append([]string{"-p", secret, "ssh", "-F", g.Path("ssh_config"), "-o", "PubkeyAuthentication=no"}, args...)...)
}

func TestPassword(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		if out := gatewaytest.Must(t, g.withPassword(t, gatewaytest.Password, "gw", "echo in")); out != "in\n" {
			t.Errorf("echo in prints %q", out)
		}
		logs := g.Stop(t)
		good := oracle.Bodies[*event.AuthPasswordSuccessful](logs.Only(t))
		if len(good) != 1 || good[0].Username != g.User || !good[0].PasswordHidden || len(good[0].Password) != 0 {
			t.Errorf("the log has %+v, want one success without the password", good)
		}
		g.checkNotKept(t, logs, gatewaytest.Password)
	})
}

// Whoever is refused gets no log, and is in the gateway's own.
func TestRefusedLogins(t *testing.T) {
	const wrong = "wrong horse battery staple"
	t.Parallel()
	g := start(t, gatewaytest.Local(t), gatewaytest.Options{})
	gatewaytest.Fails(t, g.withPassword(t, wrong, "gw", "true"), 255, "Permission denied")
	other := g.Path("other")
	gatewaytest.WriteKey(t, other)
	gatewaytest.Fails(t, g.OpenSSH(t, "ssh", "-o", "BatchMode=yes", "-i", other, "stranger", "true"), 255, "Permission denied")
	gatewaytest.Fails(t, g.OpenSSH(t, "ssh", "-o", "BatchMode=yes", "-l", "nobody-like-this", "gw", "true"), 255, "Permission denied")

	logs := g.Stop(t)
	if len(logs.Sessions) != 0 {
		t.Errorf("there are %d logs of connections, want none", len(logs.Sessions))
	}
	if b := gatewaytest.OwnBodies[*event.AuthPasswordFailed](logs); len(b) != 1 || b[0].Username != g.User || !b[0].PasswordHidden || b[0].Reason == "" {
		t.Errorf("the gateway's log has %+v, want one password that failed, with the reason", b)
	}
	keys := gatewaytest.OwnBodies[*event.AuthPubkeyFailed](logs)
	if len(keys) != 2 {
		t.Errorf("the gateway's log has %d keys that failed, want those of two clients", len(keys))
	}
	for _, k := range keys {
		if k.Key == "" || k.Reason == "" {
			t.Errorf("the gateway's log has a key that failed without the key or the reason: %+v", k)
		}
	}
	if n := len(gatewaytest.OwnBodies[*event.HandshakeFailed](logs)); n != 3 {
		t.Errorf("the gateway's log has %d failed handshakes, want 3", n)
	}
	if n := len(gatewaytest.OwnBodies[*event.Disconnect](logs)); n != 3 {
		t.Errorf("the gateway's log has %d disconnects, want 3", n)
	}
	g.checkNotKept(t, logs, wrong)
}

// checkNotKept checks that a secret is in no log and in no message.
func (g *gateway) checkNotKept(t *testing.T, logs *gatewaytest.Logs, secret string) {
	t.Helper()
	for _, log := range logs.All() {
		for _, ev := range log.Events {
			b, err := json.Marshal(ev.Body)
			if err != nil {
				t.Fatal(err)
			}
			// JSON has bytes in base64, so those are looked at as they are.
			if strings.Contains(string(b), secret) || strings.Contains(passwordOf(ev.Body), secret) {
				t.Errorf("the password is in event %d, %s", ev.Seq, b)
			}
		}
	}
	if messages := g.Out.String() + g.Errs.String(); strings.Contains(messages, secret) {
		t.Errorf("the password is in the gateway's messages:\n%s", messages)
	}
}

func passwordOf(b event.Body) string {
	switch b := b.(type) {
	case *event.AuthPassword:
		return string(b.Password)
	case *event.AuthPasswordSuccessful:
		return string(b.Password)
	case *event.AuthPasswordFailed:
		return string(b.Password)
	case *event.AuthPasswordBackendError:
		return string(b.Password)
	}
	return ""
}

// With audit.intercept.passwords they are kept: what is not found above can be found.
func TestPasswordsOnRequest(t *testing.T) {
	t.Parallel()
	g := start(t, gatewaytest.Local(t), gatewaytest.Options{Passwords: true})
	gatewaytest.Must(t, g.withPassword(t, gatewaytest.Password, "gw", "true"))
	good := oracle.Bodies[*event.AuthPasswordSuccessful](g.Stop(t).Only(t))
	if len(good) != 1 || string(good[0].Password) != gatewaytest.Password || good[0].PasswordHidden {
		t.Errorf("the log has %+v, want one success with the password", good)
	}
}
