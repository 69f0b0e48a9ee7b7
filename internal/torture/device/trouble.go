package device

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The ioctls of linux/fs.h, linux/xfs_fs.h and fs/ext4/ext4.h; ext4's one to shut down is xfs's.
const (
	fiFreeze   = 0xc0045877 // FIFREEZE
	fiThaw     = 0xc0045878 // FITHAW
	goingDown  = 0x8004587d // XFS_IOC_GOINGDOWN, EXT4_IOC_SHUTDOWN
	noLogFlush = 2
)

// Shutdown cuts the file system under dir off from its disk, at once: nothing that it
// did not write by now gets there.
func Shutdown(t testing.TB, dir string) {
	t.Helper()
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.IoctlSetPointerInt(int(f.Fd()), goingDown, noLogFlush); err != nil {
		t.Fatalf("shut down the file system under %s: %v", dir, err)
	}
}

// TriggerError makes ext4 find an error in itself: with errors=remount-ro it can't be
// written any more.
func (d *Device) TriggerError(t testing.TB) {
	t.Helper()
	name := filepath.Join("/sys/fs/ext4", filepath.Base(d.Path), "trigger_fs_error")
	if err := os.WriteFile(name, []byte("torture"), 0); err != nil {
		t.Fatalf("%v: these tests need the kernel's sysfs", err)
	}
}

// freezerName makes a test binary the process that freezes a file system and thaws it.
const freezerName = "torture-freezer"

// thawsAt is when a file system thaws that nobody has thawed before.
const thawsAt = 30 * time.Second

// Freeze stops the file system under dir: who writes waits. thaw lets it go on, as
// does the end of the test, of its process, or of half a minute.
func Freeze(t testing.TB, dir string) (thaw func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, freezerName, dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it outlives what a Ctrl-C ends
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	var out io.ReadCloser
	if err == nil {
		out, err = cmd.StdoutPipe()
	}
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	over := false
	thaw = func() {
		if over {
			return
		}
		over = true
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("thaw %s: %v", dir, err)
		}
	}
	t.Cleanup(thaw)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "frozen\n" {
		t.Fatalf("freeze %s: %q, %v", dir, line, err)
	}
	return thaw
}

func freeze(args []string) int {
	f, err := os.Open(args[0])
	if err == nil {
		err = unix.IoctlSetInt(int(f.Fd()), fiFreeze, 0)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: freeze %s: %v\n", freezerName, args[0], err)
		return 1
	}
	fmt.Println("frozen")
	told := make(chan struct{})
	go func() { // ends with the process
		io.Copy(io.Discard, os.Stdin)
		close(told)
	}()
	select {
	case <-told:
	case <-time.After(thawsAt):
	}
	if err := unix.IoctlSetInt(int(f.Fd()), fiThaw, 0); err != nil {
		fmt.Fprintf(os.Stderr, "%s: thaw %s: %v\n", freezerName, args[0], err)
		return 1
	}
	runtime.KeepAlive(f)
	return 0
}
