package device

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == victimName {
		victim()
		return
	}
	Main()
	os.Exit(m.Run())
}

// mounted is a new device with a file system, on a folder.
func mounted(t *testing.T, fs string) (*Device, string) {
	t.Helper()
	d, dir := New(t, fs), t.TempDir()
	d.Mount(t, dir)
	return d, dir
}

// put writes a file and, if it is to be durable, syncs it.
func put(t *testing.T, path string, b []byte, durable bool) error {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(b); err != nil || !durable {
		return err
	}
	return f.Sync()
}

// What was synced is there after a power cut, and what was just written is not.
func TestCut(t *testing.T) {
	for _, fs := range []string{"ext4", "xfs"} {
		t.Run(fs, func(t *testing.T) {
			d, dir := mounted(t, fs)
			content := bytes.Repeat([]byte("x"), 100_000)
			if err := errors.Join(put(t, filepath.Join(dir, "synced"), content, true), put(t, filepath.Join(dir, "written"), content, false)); err != nil {
				t.Fatal(err)
			}
			for seed := range uint64(3) {
				image, again := filepath.Join(t.TempDir(), "image"), t.TempDir()
				d.Cut(t, image, seed)
				MountImage(t, fs, image, again)
				b, err := os.ReadFile(filepath.Join(again, "synced"))
				if err != nil || !bytes.Equal(b, content) {
					t.Errorf("what was synced is lost: %d bytes are there, %v", len(b), err)
				}
				if b, err := os.ReadFile(filepath.Join(again, "written")); err == nil && bytes.Equal(b, content) {
					t.Error("what was not synced is there")
				}
			}
		})
	}
}

// Who writes to a disk that hangs waits until it works again, and learns of one that fails.
func TestHangAndFail(t *testing.T) {
	d, dir := mounted(t, "ext4")
	d.Hang(t)
	done := make(chan error, 1)
	go func() { done <- put(t, filepath.Join(dir, "hung"), []byte("x"), true) }() // ends by Work
	const while = 200 * time.Millisecond
	select {
	case err := <-done:
		t.Errorf("a disk that hangs says %v", err)
	case <-time.After(while):
	}
	d.Work(t)
	if err := <-done; err != nil {
		t.Errorf("a disk that works again says %v", err)
	}
	d.Fail(t)
	if err := put(t, filepath.Join(dir, "failed"), []byte("x"), true); !errors.Is(err, syscall.EIO) && !errors.Is(err, syscall.EROFS) {
		t.Errorf("a disk that fails says %v", err)
	}
}

// A file system that is frozen lets who writes wait, until it thaws.
func TestFreeze(t *testing.T) {
	_, dir := mounted(t, "xfs")
	thaw := Freeze(t, dir)
	done := make(chan error, 1)
	go func() { done <- put(t, filepath.Join(dir, "file"), []byte("x"), true) }() // ends by thaw
	const while = 200 * time.Millisecond
	select {
	case err := <-done:
		t.Errorf("a frozen disk says %v", err)
	case <-time.After(while):
	}
	thaw()
	if err := <-done; err != nil {
		t.Errorf("a disk that has thawed says %v", err)
	}
}

// A file system without a disk, and one with an error, take no more.
func TestShutdownAndError(t *testing.T) {
	_, gone := mounted(t, "xfs")
	Shutdown(t, gone)
	if _, err := os.Create(filepath.Join(gone, "file")); !errors.Is(err, syscall.EIO) {
		t.Errorf("a disk that is gone says %v", err)
	}
	d, dir := mounted(t, "ext4")
	d.TriggerError(t)
	if _, err := os.Create(filepath.Join(dir, "file")); !errors.Is(err, syscall.EROFS) {
		t.Errorf("a file system with an error says %v", err)
	}
}

// victimName makes the test binary a test that is killed while its programs run.
const victimName = "torture-victim"

// However a test ends, nothing that it has started runs on.
func TestNothingIsLeft(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, victimName)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, out); err != nil { // it ends with the last process that has it
		t.Error(err)
	}
	_ = cmd.Wait() // it was killed
	deadline := time.After(time.Minute)
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		// A zombie has ended, if nobody has asked yet how.
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || bytes.Contains(state, []byte(") Z ")) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("process %d runs on: %s", pid, state)
		}
	}
}

// victim starts a program that would run for long, says its number, and waits to be killed.
func victim() {
	sleep := exec.Command("sleep", "1000")
	sleep.Stdout = os.Stdout
	if err := errors.Join(keepJanitor(), sleep.Start()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	runtime.GC() // which closes files that nobody refers to
	fmt.Println(sleep.Process.Pid)
	_ = sleep.Wait() // it is killed before that
}
