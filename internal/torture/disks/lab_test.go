package disks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/internal/torture/device"
)

// lab is a gateway whose journal and logs are on a disk that fails on command.
type lab struct {
	*gatewaytest.Gateway
	device   *device.Device
	sessions []*session
	worst    time.Duration // that a power cut has cost
}

// newLab starts a gateway whose journal and logs are on what mount mounts at disk:
// on the tester's own disk if it is nil.
func newLab(t *testing.T, mount func(*testing.T, *lab), audit ...string) *lab {
	t.Helper()
	l := &lab{Gateway: gatewaytest.New(t, gatewaytest.Local(t), gatewaytest.Options{Audit: audit, SSH: []string{"shutdownGrace: 1s"}, Metrics: true})}
	mkdir(t, l.Path("disk"), l.Path("state"), l.Path("state/journal"))
	if mount != nil {
		mount(t, l)
		mkdir(t, l.Path("disk/journal"), l.Path("disk/logs"))
		l.bind(t)
	}
	l.Serve(t)
	return l
}

// on mounts a new device with a file system of that kind.
func on(fs string) func(*testing.T, *lab) {
	return func(t *testing.T, l *lab) {
		l.device = device.New(t, fs)
		l.device.Mount(t, l.Path("disk"))
	}
}

// onTmpfs mounts memory, with mount options.
func onTmpfs(options string) func(*testing.T, *lab) {
	return func(t *testing.T, l *lab) { device.Tmpfs(t, l.Path("disk"), options) }
}

// bind puts journal and logs on what is mounted at disk.
func (l *lab) bind(t *testing.T) {
	t.Helper()
	device.Bind(t, l.Path("disk/journal"), l.Path("state/journal"))
	device.Bind(t, l.Path("disk/logs"), l.Path("logs"))
}

// remount takes the disk of a gateway that has ended away and mounts it anew, as a restart
// of the machine does.
func (l *lab) remount(t *testing.T) {
	t.Helper()
	for _, dir := range []string{"state/journal", "logs", "disk"} {
		device.Unmount(t, l.Path(dir))
	}
	l.device.Mount(t, l.Path("disk"))
	l.bind(t)
}

func mkdir(t *testing.T, folders ...string) {
	t.Helper()
	for _, f := range folders {
		if err := os.Mkdir(f, 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

// copied is a gateway with this one's configuration, whose files are on a copy of its disk.
func (l *lab) copied(t *testing.T, image string) *gatewaytest.Gateway {
	t.Helper()
	g := &gatewaytest.Gateway{Dir: t.TempDir()}
	mkdir(t, g.Path("disk"))
	device.MountImage(t, l.device.FS, image, g.Path("disk"))
	b, err := os.ReadFile(l.Path("config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	config := strings.NewReplacer(l.Path("state")+`"`, g.Path("disk")+`"`, l.Path("logs")+`"`, g.Path("disk/logs")+`"`).Replace(string(b))
	gatewaytest.WriteFile(t, g.Path("config.yaml"), config)
	return g
}

// names lists a folder of a gateway's: what is in it, without their folder.
func names(t *testing.T, g *gatewaytest.Gateway, folder string) []string {
	t.Helper()
	var found []string
	for _, f := range g.Files(t, folder) {
		found = append(found, filepath.Base(f))
	}
	return found
}

// works checks that the gateway takes a new session, and records it exactly.
func (l *lab) works(t *testing.T, seed uint64) func(*gatewaytest.Logs) {
	t.Helper()
	x := oracle.NewExchange(t, oracle.Plan{Seed: seed, Stdin: 300_000, Stdout: 300_000, Stderr: 10_000, Status: 3})
	x.Run(t, l.OpenSSH(t, "ssh", "gw", x.Command()))
	return func(logs *gatewaytest.Logs) { x.Check(t, logs.With(t, x.Command())) }
}
