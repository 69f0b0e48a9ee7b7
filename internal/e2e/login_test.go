package e2e

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// withPassword is ssh with a password that is typed by a program, and no key.
func (g *gateway) withPassword(t *testing.T, secret string, args ...string) *exec.Cmd {
	t.Helper()
	return g.client(t, "sshpass", append([]string{"-p", secret, "ssh", "-F", g.path("ssh_config"), "-o", "PubkeyAuthentication=no"}, args...)...)
}

func TestPassword(t *testing.T) {
	onEachBackend(t, options{}, func(t *testing.T, g *gateway) {
		if out := must(t, g.withPassword(t, password, "gw", "echo in")); out != "in\n" {
			t.Errorf("echo in prints %q", out)
		}
		logs := g.stop(t)
		good := oracle.Bodies[*event.AuthPasswordSuccessful](logs.only(t))
		if len(good) != 1 || good[0].Username != g.user || !good[0].PasswordHidden || len(good[0].Password) != 0 {
			t.Errorf("the log has %+v, want one success without the password", good)
		}
		g.checkNotKept(t, logs, password)
	})
}

// Whoever is refused gets no log, and is in the gateway's own.
func TestRefusedLogins(t *testing.T) {
	const wrong = "wrong horse battery staple"
	t.Parallel()
	g := start(t, local(t), options{})
	fails(t, g.withPassword(t, wrong, "gw", "true"), 255, "Permission denied")
	other := g.path("other")
	writeKey(t, other)
	fails(t, g.openssh(t, "ssh", "-o", "BatchMode=yes", "-i", other, "stranger", "true"), 255, "Permission denied")
	fails(t, g.openssh(t, "ssh", "-o", "BatchMode=yes", "-l", "nobody-like-this", "gw", "true"), 255, "Permission denied")

	logs := g.stop(t)
	if len(logs.sessions) != 0 {
		t.Errorf("there are %d logs of connections, want none", len(logs.sessions))
	}
	if b := ownBodies[*event.AuthPasswordFailed](logs); len(b) != 1 || b[0].Username != g.user || !b[0].PasswordHidden || b[0].Reason == "" {
		t.Errorf("the gateway's log has %+v, want one password that failed, with the reason", b)
	}
	keys := ownBodies[*event.AuthPubkeyFailed](logs)
	if len(keys) != 2 {
		t.Errorf("the gateway's log has %d keys that failed, want those of two clients", len(keys))
	}
	for _, k := range keys {
		if k.Key == "" || k.Reason == "" {
			t.Errorf("the gateway's log has a key that failed without the key or the reason: %+v", k)
		}
	}
	if n := len(ownBodies[*event.HandshakeFailed](logs)); n != 3 {
		t.Errorf("the gateway's log has %d failed handshakes, want 3", n)
	}
	if n := len(ownBodies[*event.Disconnect](logs)); n != 3 {
		t.Errorf("the gateway's log has %d disconnects, want 3", n)
	}
	g.checkNotKept(t, logs, wrong)
}

// checkNotKept checks that a secret is in no log and in no message.
func (g *gateway) checkNotKept(t *testing.T, logs *logs, secret string) {
	t.Helper()
	for _, log := range logs.all() {
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
	if messages := g.out.String() + g.errs.String(); strings.Contains(messages, secret) {
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
	g := start(t, local(t), options{passwords: true})
	must(t, g.withPassword(t, password, "gw", "true"))
	good := oracle.Bodies[*event.AuthPasswordSuccessful](g.stop(t).only(t))
	if len(good) != 1 || string(good[0].Password) != password || good[0].PasswordHidden {
		t.Errorf("the log has %+v, want one success with the password", good)
	}
}
