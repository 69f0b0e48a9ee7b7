package files

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// measuredVariable names the environment variable that has the path of the program
// without the race detector, which would take the memory and the time that are measured.
const measuredVariable = "SSHTRAIL_MEASURED"

func TestMain(m *testing.M) {
	oracle.RunProgram()
	if os.Getenv(measureVariable) != "" {
		os.Exit(measure(os.Args[1:]))
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "files")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "sshtrail")
	if out, err := exec.Command("go", "build", "-o", path, "github.com/sshtrail/sshtrail/cmd/sshtrail").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program to be measured: %v\n%s", err, out)
		return 1
	}
	if err := os.Setenv(measuredVariable, path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return gatewaytest.Main(m)
}
