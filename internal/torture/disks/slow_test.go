package disks

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/torture"
)

// A disk that is slow makes sessions slow, and nothing else: what is recorded is exact.
func TestSlow(t *testing.T) {
	t.Parallel()
	for _, fs := range []string{"ext4", "xfs"} {
		t.Run(fs, func(t *testing.T) {
			t.Parallel()
			rig := torture.New(t)
			for n := range rig.Rounds(1) {
				t.Run(fmt.Sprint("round ", n), func(t *testing.T) { slow(t, rig, fs) })
			}
		})
	}
}

func slow(t *testing.T, rig *torture.Rig, fs string) {
	l := newLab(t, on(fs))
	l.begin(t, "bulk", "upload", "typing", "slow")
	l.device.Slow(t, time.Duration(5+rig.IntN(25))*time.Millisecond) // each of some hundred writes and flushes
	exact := l.works(t, rig.Uint64())
	l.passTime(t, 200)
	l.checkReady(t, true)
	l.device.Work(t)
	l.end(t)
	logs := l.Stop(t)
	for _, s := range l.sessions {
		s.check(t, "on a slow disk", s.seen(t), logs.With(t, s.program))
	}
	exact(logs)
}

// A gateway whose disk hangs ends when it is told to, as far as the kernel lets it, and
// what it leaves is finished at the next start.
func TestStopWhileTheDiskHangs(t *testing.T) {
	t.Parallel()
	l := newLab(t, on("ext4"), "sync: 0")
	l.begin(t, "bulk", "upload", "slow")
	l.device.Hang(t)
	l.Signal(t, syscall.SIGTERM)
	gatewaytest.Eventually(t, "it has ended, or the kernel keeps it", func() bool {
		return !l.Listens()
	})
	l.end(t)
	l.Errs.AwaitText(t, "stopped", l.Ended)
	l.device.Work(t)
	l.Wait(t)
	l.checkAgain(t, true)
}
