package disks

import (
	"os"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/internal/torture/device"
)

func TestMain(m *testing.M) {
	oracle.RunProgram()
	device.Main()
	os.Exit(gatewaytest.Main(m))
}
