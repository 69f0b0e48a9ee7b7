package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/oracle"
)

// patience is how long a test waits for what takes milliseconds, on a machine that is
// busy with other things.
const patience = 60 * time.Second

// sshtrail is the program under test, built by TestMain.
var sshtrail string

func TestMain(m *testing.M) {
	oracle.RunProgram()
	runAlone()
	flag.Parse()
	// Tests mostly wait for other processes, so there may be more of them than cores.
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		if err := f.Value.Set(strconv.Itoa(atOnce)); err != nil {
			panic(err)
		}
	}
	os.Exit(run(m))
}

// atOnce is how many tests run at a time.
const atOnce = 6

func run(m *testing.M) int {
	dir, err := build()
	if dir != "" {
		defer os.RemoveAll(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// build builds the program, with the race detector if the tests have it.
func build() (string, error) {
	dir, err := os.MkdirTemp("", "e2e")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // some tests run it as another user
		return dir, err
	}
	sshtrail = filepath.Join(dir, "sshtrail")
	args := []string{"build", "-o", sshtrail}
	if raced {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "../../cmd/sshtrail")...).CombinedOutput()
	if err != nil {
		return dir, fmt.Errorf("build the program under test: %w\n%s", err, out)
	}
	return dir, nil
}
