package s3

import (
	"os"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

func TestMain(m *testing.M) {
	oracle.RunProgram()
	os.Exit(gatewaytest.Main(m))
}
