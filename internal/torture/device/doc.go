// Package device makes disks for tests that fail on command: real file systems on a real
// block device, whose blocks a process of the test's keeps in memory.
//
// The process serves one file by FUSE, and the kernel makes a block device of that file. So the test
// decides how long each write takes, whether it is answered at all, and what a power cut leaves: all
// that was flushed, and of the rest what chance has it. What the file system has not
// written yet is in the kernel's memory, as on every machine.
//
// It takes root. A TestMain begins with [Main]; what is mounted then is in a mount
// namespace of the test's own, and goes with it, however that ends.
package device

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// alone, in the environment, says that this process has its mounts for itself.
const alone = "SSHTRAIL_TORTURE_MOUNTS"

// Main gives the process a mount namespace of its own, or makes it one of this package's
// own helpers: then it does not return.
func Main() {
	if len(os.Args) > 1 {
		if helper := helpers()[os.Args[1]]; helper != nil {
			os.Exit(helper(os.Args[2:]))
		}
	}
	begin := again
	if os.Getenv(alone) != "" {
		begin = keepJanitor
	}
	if err := begin(); err != nil {
		fmt.Fprintf(os.Stderr, "these tests mount file systems that fail, and could not begin: %v; run them as root\n", err)
		os.Exit(1)
	}
}

// again starts this program anew, in the same process, where no mount is seen by others.
func again() error {
	runtime.LockOSThread() // a namespace is a thread's, and what executes a program is left alone
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("make mount namespace: %w", err)
	}
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts private: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	return syscall.Exec(self, os.Args, append(os.Environ(), alone+"=1"))
}

// helpers are what this program can be beside a test, by their first argument.
func helpers() map[string]func(args []string) int {
	return map[string]func([]string) int{serverName: serve, freezerName: freeze, janitorName: clean}
}
