package device

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Device is a block device that does what a test tells it.
type Device struct {
	FS   string // ext4 or xfs
	Path string // of the block device while it is mounted

	file    string // that its blocks are in
	in      io.WriteCloser
	answers *bufio.Reader
}

// size is that of a new device: xfs takes no less.
func size(fs string) int64 {
	if fs == "xfs" {
		return 304 << 20
	}
	return 96 << 20
}

// New makes a device with an empty file system.
func New(t testing.TB, fs string) *Device {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.Command(self, serverName, dir, strconv.FormatInt(size(fs), 10))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // whom a Ctrl-C ends first does not matter
	cmd.Stderr = os.Stderr
	d := &Device{FS: fs, file: filepath.Join(dir, fileName)}
	out, err := cmd.StdoutPipe()
	if err == nil {
		d.in, err = cmd.StdinPipe()
	}
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	d.answers = bufio.NewReader(out)
	t.Cleanup(func() {
		d.in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the disk's process ended with %v", err)
		}
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount device: %v", err)
		}
	})
	d.answered(t, "its start")
	format(t, fs, d.file)
	return d
}

// format makes an empty file system.
func format(t testing.TB, fs, file string) {
	t.Helper()
	args := map[string][]string{"ext4": {"-q", "-F", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0"}, "xfs": {"-q", "-f", "-K"}}
	mkfs := "/usr/sbin/mkfs." + fs
	if _, err := os.Stat(mkfs); err != nil {
		t.Fatalf("%s is missing: install e2fsprogs and xfsprogs, or run make setup", mkfs)
	}
	loop := attach(t, file)
	defer loop.Close()
	if out, err := exec.Command(mkfs, append(args[fs], loop.Name())...).CombinedOutput(); err != nil {
		t.Fatalf("make file system: %v\n%s", err, out)
	}
}

func (d *Device) answered(t testing.TB, what string) {
	t.Helper()
	line, err := d.answers.ReadString('\n')
	if err != nil || line != "ok\n" {
		t.Fatalf("the disk answers %s with %q, %v; it needs root, and the kernel's FUSE and loop devices", what, strings.TrimSpace(line), err)
	}
}

func (d *Device) tell(t testing.TB, format string, args ...any) {
	t.Helper()
	line := fmt.Sprintf(format, args...)
	if _, err := io.WriteString(d.in, line+"\n"); err != nil {
		t.Fatalf("tell the disk %q: %v", line, err)
	}
	d.answered(t, line)
}

// Work ends what Slow, Hang and Fail began.
func (d *Device) Work(t testing.TB) { t.Helper(); d.tell(t, "work") }

// Slow makes each write, and each flush, take that long.
func (d *Device) Slow(t testing.TB, delay time.Duration) { t.Helper(); d.tell(t, "delay %v", delay) }

// Hang lets no write and no flush end until Work.
func (d *Device) Hang(t testing.TB) { t.Helper(); d.tell(t, "hang") }

// Fail fails each write and each flush.
func (d *Device) Fail(t testing.TB) { t.Helper(); d.tell(t, "fail") }

// Cut writes an image of the disk to a new file, as a power cut at this moment would
// leave it. All that was flushed is in it; what was not is by chance, which seed decides.
func (d *Device) Cut(t testing.TB, path string, seed uint64) {
	t.Helper()
	d.tell(t, "cut %d %q", seed, path)
}

// Mount mounts the device on a folder, until the end of the test or [Unmount].
func (d *Device) Mount(t testing.TB, dir string) {
	t.Helper()
	d.Path = MountImage(t, d.FS, d.file, dir)
}

// MountImage mounts a file with a file system, as Cut leaves one, on a folder, and returns the
// block device. It goes with its last mount.
func MountImage(t testing.TB, fs, file, dir string) string {
	t.Helper()
	loop := attach(t, file)
	defer loop.Close()
	options := map[string]string{"ext4": "errors=remount-ro", "xfs": "nouuid"}[fs]
	if err := unix.Mount(loop.Name(), dir, fs, unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOATIME, options); err != nil {
		t.Fatalf("mount %s on %s: %v", loop.Name(), dir, err)
	}
	cleanMount(t, dir)
	return loop.Name()
}

// Tmpfs mounts a file system in memory, with mount options such as size and nr_inodes.
func Tmpfs(t testing.TB, dir, options string) {
	t.Helper()
	if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		t.Fatalf("mount a tmpfs with %q: %v; see the kernel's configuration", options, err)
	}
	cleanMount(t, dir)
}

// Bind makes a folder another name of one, until the end of the test or Unmount.
func Bind(t testing.TB, folder, as string) {
	t.Helper()
	if err := unix.Mount(folder, as, "", unix.MS_BIND, ""); err != nil {
		t.Fatalf("bind %s to %s: %v", folder, as, err)
	}
	cleanMount(t, as)
}

func cleanMount(t testing.TB, dir string) {
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) { // EINVAL: is none any more
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
}

// Unmount unmounts a folder that nobody uses any more.
func Unmount(t testing.TB, dir string) {
	t.Helper()
	if err := unix.Unmount(dir, 0); err != nil {
		t.Fatalf("unmount %s: %v", dir, err)
	}
}

// attach makes a block device of a file, for as long as it is open or mounted.
func attach(t testing.TB, file string) *os.File {
	t.Helper()
	back, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		t.Fatalf("%v: these tests need the kernel's loop devices", err)
	}
	defer control.Close()
	const tries = 100
	for range tries {
		n, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			t.Fatalf("find a free loop device: %v", err)
		}
		loop, err := os.OpenFile(fmt.Sprintf("/dev/loop%d", n), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		err = unix.IoctlLoopConfigure(int(loop.Fd()), &unix.LoopConfig{
			Fd: uint32(back.Fd()), Info: unix.LoopInfo64{Flags: unix.LO_FLAGS_AUTOCLEAR},
		})
		if err == nil {
			return loop
		}
		loop.Close()
		if !errors.Is(err, unix.EBUSY) { // somebody else was faster
			t.Fatalf("make a block device of %s: %v", file, err)
		}
	}
	t.Fatalf("no loop device is free")
	return nil
}
