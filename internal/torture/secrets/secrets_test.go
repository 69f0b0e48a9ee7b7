package secrets

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// start starts a gateway without keystrokes, in an environment with a secret in it.
func start(t *testing.T, b gatewaytest.Backend, o gatewaytest.Options, secret canary) *gatewaytest.Gateway {
	t.Helper()
	o.Env = append(o.Env, "GATEWAY_TOKEN="+secret.text, "GOTRACEBACK=all")
	o.Metrics = true
	g := gatewaytest.New(t, b, o)
	g.Edit(t, "stdin: true", "stdin: false")
	g.Serve(t)
	return g
}

// onEachBackend runs a test with a gateway for each backend.
func onEachBackend(t *testing.T, test func(t *testing.T, g *gatewaytest.Gateway, environment canary)) {
	t.Parallel()
	for _, b := range []gatewaytest.Backend{gatewaytest.Local(t), gatewaytest.Proxied()} {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			environment := newCanary("gateway's environment")
			test(t, start(t, b, gatewaytest.Options{}, environment), environment)
		})
	}
}

// TestSecretsAreNowhere looks at everything while a session goes on, and after it.
func TestSecretsAreNowhere(t *testing.T) {
	onEachBackend(t, func(t *testing.T, g *gatewaytest.Gateway, environment canary) {
		x := newGuest()
		canaries := append(append(x.canaries(), keys(t, g)...), environment)
		x.isRefused(t, g)
		s := x.logsIn(t, g)
		x.types(t, s)

		found := collect(t, g)
		found.have(t, "state/journal", "stty -echo") // the session is in it
		for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
			_, answer := g.Ask(t, path)
			found[path] = []byte(answer)
		}
		found.lack(t, canaries...)

		s.Close()
		logs := g.Stop(t)
		if len(logs.Sessions) != 1 {
			t.Errorf("there are %d logs of sessions, want 1", len(logs.Sessions))
		}
		found = collect(t, g).commands(t, g)
		found.have(t, ", decompressed", "stty -echo")
		found.have(t, ", decompressed", "passwordHidden")
		found.have(t, ", decompressed", "cookieHidden")
		found.have(t, "sshtrail show", "stty -echo")
		found.lack(t, canaries...)
	})
}

// TestACrashTellsNoSecret has the runtime print every goroutine, as a panic does, while
// secrets are in memory.
func TestACrashTellsNoSecret(t *testing.T) {
	onEachBackend(t, func(t *testing.T, g *gatewaytest.Gateway, environment canary) {
		x := newGuest()
		x.isRefused(t, g)
		x.types(t, x.logsIn(t, g))
		g.Signal(t, syscall.SIGQUIT)
		g.Wait(t)
		found := collect(t, g)
		found.have(t, "standard error", "goroutine ")
		found.lack(t, append(append(x.canaries(), keys(t, g)...), environment)...)
		gatewaytest.Must(t, g.Command(t, "recover"))
		collect(t, g).commands(t, g).lack(t, append(append(x.canaries(), keys(t, g)...), environment)...)
	})
}

// What the gateway was started with is not for programs of its users.
func TestProgramsDoNotSeeTheGatewaysEnvironment(t *testing.T) {
	onEachBackend(t, func(t *testing.T, g *gatewaytest.Gateway, environment canary) {
		out := gatewaytest.Must(t, g.OpenSSH(t, "ssh", "gw", "env; cat /proc/self/environ"))
		if !strings.Contains(out, "PATH=") {
			t.Errorf("env prints %q", out)
		}
		if form := environment.in([]byte(out)); form != "" {
			t.Errorf("a program has the gateway's environment (%s):\n%s", form, out)
		}
		g.Stop(t)
	})
}

// TestUpstreamPasswordIsNowhere is about the password that the gateway itself logs in with: at
// a target that takes it, and at one that does not.
func TestUpstreamPasswordIsNowhere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from  string
		takes bool
	}{{"text", true}, {"text", false}, {"file", true}, {"env", true}} {
		t.Run(fmt.Sprintf("from %s, taken: %v", c.from, c.takes), func(t *testing.T) {
			t.Parallel()
			password := newCanary("password for the target")
			target := newUpstream(t, password.text, c.takes)
			g := start(t, target.backend(t, c.from, password), gatewaytest.Options{Env: []string{"UPSTREAM=" + password.text}}, newCanary("unused"))
			client, err := dial(t, g, g.User, ssh.Password(gatewaytest.Password))
			if err != nil {
				t.Fatal(err)
			}
			s, err := client.NewSession()
			if err == nil {
				err = s.Run("true")
			}
			if (err == nil) != c.takes || target.tried.Load() == 0 {
				t.Errorf("a program ends with %v; the target was given the password %d times", err, target.tried.Load())
			}
			canaries := append(keys(t, g), password)
			collect(t, g).lack(t, canaries...)
			client.Close()
			g.Stop(t)
			collect(t, g).commands(t, g).lack(t, canaries...)
		})
	}
}
