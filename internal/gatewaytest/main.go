// Package gatewaytest runs the built program for tests, as its users start it, with the
// clients that its users have.
//
// The program is built once, by [Main], with the race detector if the tests have it. A
// [Gateway] has a configuration, keys and folders of its own:
//
//	g := gatewaytest.Start(t, gatewaytest.Local(t), gatewaytest.Options{})
//	gatewaytest.Must(t, g.OpenSSH(t, "ssh", "gw", "true"))
//	logs := g.Stop(t) // all of them good, nothing left in the journal
package gatewaytest

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// Patience is how long a test waits for what takes milliseconds, on a machine that is
// busy with other things.
const Patience = 60 * time.Second

// atOnce is how many tests run at a time.
const atOnce = 6

// programVariable names the environment variable that has the path of the program.
const programVariable = "SSHTRAIL_UNDER_TEST"

// Sshtrail is the path of the program under test.
func Sshtrail() string { return os.Getenv(programVariable) }

// Main builds the program, runs the tests and returns their exit status, for a TestMain. With
// the environment variable SSHTRAIL_UNDER_TEST it tests the program that this names.
func Main(m *testing.M) int {
	flag.Parse()
	// Tests mostly wait for other processes, so there may be more of them than cores.
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		if err := f.Value.Set(strconv.Itoa(atOnce)); err != nil {
			panic(err)
		}
	}
	if Sshtrail() == "" {
		dir, err := build()
		if dir != "" {
			defer os.RemoveAll(dir)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

// build builds the program, with the race detector if the tests have it, into a folder
// of its own.
func build() (string, error) {
	dir, err := os.MkdirTemp("", "gatewaytest")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // some tests run it as another user
		return dir, err
	}
	path := filepath.Join(dir, "sshtrail")
	args := []string{"build", "-o", path}
	if raced {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "github.com/sshtrail/sshtrail/cmd/sshtrail")...).CombinedOutput()
	if err != nil {
		return dir, fmt.Errorf("build the program under test: %w\n%s", err, out)
	}
	return dir, os.Setenv(programVariable, path)
}
