package e2e

import (
	"os"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

func TestMain(m *testing.M) {
	oracle.RunProgram()
	runAlone()
	os.Exit(gatewaytest.Main(m))
}

// gateway is a gateway, and what these tests do with one.
type gateway struct{ *gatewaytest.Gateway }

// onEachBackend runs a test with a gateway for each backend.
func onEachBackend(t *testing.T, o gatewaytest.Options, test func(t *testing.T, g *gateway)) {
	t.Parallel()
	for _, b := range []gatewaytest.Backend{gatewaytest.Local(t), gatewaytest.Proxied()} {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			test(t, start(t, b, o))
		})
	}
}

// start starts a gateway with a configuration of its own.
func start(t testing.TB, b gatewaytest.Backend, o gatewaytest.Options) *gateway {
	t.Helper()
	return &gateway{gatewaytest.Start(t, b, o)}
}

// newGateway makes all that a gateway needs, and does not start it.
func newGateway(t testing.TB, b gatewaytest.Backend, o gatewaytest.Options) *gateway {
	t.Helper()
	return &gateway{gatewaytest.New(t, b, o)}
}
