package device

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// janitorName makes a test binary the process that ends what a test has left running. With the
// last process in it the mount namespace goes, its mounts, and the loop devices under them.
const janitorName = "torture-janitor"

// keepJanitor starts the janitor, which waits for the end of this process, however that comes.
func keepJanitor() error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	var ends [2]int // bare numbers: nothing closes the second one before the kernel does, at our end
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("start janitor: %w", err)
	}
	cmd := exec.Command(self, janitorName)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // what ends a group of processes leaves it
	in := os.NewFile(uintptr(ends[0]), "end of the test")
	defer in.Close()
	cmd.Stdin = in
	return cmd.Start()
}

// clean kills who else is in this mount namespace, which is the test's alone.
func clean([]string) int {
	io.Copy(io.Discard, os.Stdin) // ends with the test
	mine, err := os.Readlink("/proc/self/ns/mnt")
	if err != nil {
		return 1
	}
	spaces, err := filepath.Glob("/proc/[0-9]*/ns/mnt")
	if err != nil {
		return 1
	}
	for _, space := range spaces {
		theirs, err := os.Readlink(space)
		pid, notNumber := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(space))))
		if err == nil && notNumber == nil && theirs == mine && pid != os.Getpid() {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended by itself
		}
	}
	return 0
}
