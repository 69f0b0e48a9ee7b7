package upgrades

import (
	"os"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

func TestMain(m *testing.M) { os.Exit(gatewaytest.Main(m)) }
