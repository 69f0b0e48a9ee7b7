package disks

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/torture/device"
)

// fault is something that a disk does.
type fault struct {
	name  string
	mount func(*testing.T, *lab)
	// hurt begins it. What it returns ends it; nil says that this takes a new mount.
	hurt func(*testing.T, *lab) (heal func())
	// forGood says that hurt returns nil.
	forGood bool
	// why is an expression for what the operator is told.
	why string
	// spares names the kinds of sessions that it may leave alone: they can be recorded.
	spares string
	// quiet says that nothing need fail: it is only that nobody new is let in.
	quiet bool
	// passes says that the gateway itself finds a way: new sessions begin again before heal.
	passes bool
}

const (
	noAnswer = "has not answered"
	noSpace  = "no space left|has not answered" // to write until there is none keeps a disk busy
	noFile   = "no such file|was removed"
	noDisk   = "input/output error"
)

func faults() []fault {
	return []fault{
		{name: "frozen", mount: on("ext4"), hurt: freeze, why: noAnswer},
		{name: "frozen xfs", mount: on("xfs"), hurt: freeze, why: noAnswer},
		{name: "hanging", mount: on("ext4"), hurt: hang, why: noAnswer},
		{name: "hanging xfs", mount: on("xfs"), hurt: hang, why: noAnswer},
		{name: "gone", mount: on("ext4"), hurt: shutdown, forGood: true, why: noDisk},
		{name: "gone xfs", mount: on("xfs"), hurt: shutdown, forGood: true, why: noDisk},
		{name: "failing", mount: on("ext4"), hurt: fail, forGood: true}, // some are told of an error, some of a read-only file system
		{name: "failing xfs", mount: on("xfs"), hurt: fail, forGood: true, why: noDisk},
		{name: "read-only", mount: on("ext4"), hurt: readOnly, forGood: true, why: "read-only file system"},
		{name: "full", mount: on("ext4"), hurt: fill, why: noSpace},
		{name: "full xfs", mount: on("xfs"), hurt: fill, why: noSpace},
		{name: "full tmpfs", mount: onTmpfs("size=4m"), hurt: fill, why: noSpace, passes: true},                                            // the reserve is a quarter of it
		{name: "without inodes", mount: onTmpfs("size=16m,nr_inodes=200"), hurt: useFiles, spares: "slow bulk typing upload", quiet: true}, // what there is of the journal is used again
		{name: "without the journal's folder", hurt: removeJournal, why: noFile, spares: "slow bulk typing upload", passes: true},
		{name: "without the logs' folder", hurt: moveLogs, why: noFile},
	}
}

func freeze(t *testing.T, l *lab) (thaw func()) { return device.Freeze(t, l.Path("disk")) }

func hang(t *testing.T, l *lab) (goOn func()) {
	l.device.Hang(t)
	return func() { l.device.Work(t) }
}

func shutdown(t *testing.T, l *lab) func() { device.Shutdown(t, l.Path("disk")); return nil }

func fail(t *testing.T, l *lab) func() { l.device.Fail(t); return nil }

func readOnly(t *testing.T, l *lab) func() { l.device.TriggerError(t); return nil }

// fill fills the disk to its last byte.
func fill(t *testing.T, l *lab) (heal func()) {
	t.Helper()
	name := filepath.Join(l.Path("disk"), "filler")
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Error(err)
		}
	}
}

// useFiles makes files until there can be no more, and makes one wherever one goes.
func useFiles(t *testing.T, l *lab) (heal func()) {
	t.Helper()
	dir := filepath.Join(l.Path("disk"), "files")
	mkdir(t, dir)
	use := func() {
		for err := error(nil); err == nil; {
			var f *os.File
			if f, err = os.CreateTemp(dir, ""); err == nil {
				f.Close()
			}
		}
	}
	use()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // ends by heal, or with the test
		defer close(stopped)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				use()
			case <-stop:
				return
			}
		}
	}()
	heal = sync.OnceFunc(func() {
		close(stop)
		<-stopped
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(heal)
	return heal
}

func moveLogs(t *testing.T, l *lab) (back func()) {
	from, to := l.Path("logs"), l.Path("away")
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Rename(to, from); err != nil {
			t.Error(err)
		}
	}
}

func removeJournal(t *testing.T, l *lab) func() {
	// In one step: meanwhile the gateway makes files in it.
	err := os.Rename(l.Path("state/journal"), l.Path("away"))
	if err = errors.Join(err, os.RemoveAll(l.Path("away"))); err != nil {
		t.Fatal(err)
	}
	return func() {}
}
