package record_test

import (
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/record"
)

// Logs that are written to slowly are synced together; one call to the disk makes them all
// durable. Where that fails, or takes too long, each is synced by itself, and as soon.
func TestLogsAreSyncedTogether(t *testing.T) {
	for name, test := range map[string]struct {
		fault    faultdisk.Fault
		together int // calls at least
		alone    bool
	}{
		"works":   {faultdisk.Fault{}, 4, false},
		"fails":   {faultdisk.Fault{Err: syscall.EIO}, 1, true},
		"hangs":   {faultdisk.Fault{Hang: make(chan struct{})}, 1, true},
		"missing": {faultdisk.Fault{Err: syscall.ENOSYS}, 1, true},
	} {
		run(t, name, func(t *testing.T) {
			back := make(chan struct{})
			if test.fault.Hang != nil {
				test.fault.Hang = back
			}
			m := newDisk(t)
			var all, one atomic.Int64
			p := faultdisk.NewProcess(m, func(c faultdisk.Call) faultdisk.Fault {
				switch {
				case c.Op == faultdisk.SyncAll:
					all.Add(1)
					return test.fault
				case c.Op == faultdisk.Sync && strings.HasPrefix(c.Name, journal):
					one.Add(1)
				}
				return faultdisk.Fault{}
			})
			r := mustOpen(t, p, func(c *record.Config) { c.Sync, c.Block = 100*time.Millisecond, 0; record.Together(c, 3) })
			var sessions []*session
			for range 3 {
				s := &session{log: r.Begin()}
				s.begin()
				sessions = append(sessions, s)
			}
			pass(time.Second)
			before := one.Load()
			for range 5 {
				for _, s := range sessions {
					s.output(1, 10)
				}
				pass(time.Second)
				cut := m.PowerCut(0)
				for _, s := range sessions {
					check(t, cut, s)
				}
			}
			if got := all.Load(); got < int64(test.together) || test.alone && got > 2 {
				t.Errorf("they were synced together %d times, want %d at least", got, test.together)
			}
			if alone := one.Load() > before; alone != test.alone {
				t.Errorf("they were synced alone: %v, want %v", alone, test.alone)
			}
			close(back)
			for _, s := range sessions {
				s.end()
				if s.err != nil {
					t.Error(s.err)
				}
			}
			synctest.Wait()
			mustClose(t, r)
		})
	}
}
