package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// measureVariable tells the test binary to run a command and to write what it took to
// the file 3. A process is said to have taken what its parent held when it was started,
// so the parent must be a small one.
const measureVariable = "SSHTRAIL_MEASURE"

// usage is what a command took.
type usage struct {
	Memory int64         // at most, in bytes
	CPU    time.Duration // of all its threads
	Status int           // -1 if a signal ended it
}

// measure runs a command and returns its exit status.
func measure(args []string) int {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	s := cmd.ProcessState
	u := usage{s.SysUsage().(*syscall.Rusage).Maxrss << 10, s.UserTime() + s.SystemTime(), s.ExitCode()}
	if err := json.NewEncoder(os.NewFile(3, "usage")).Encode(u); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
