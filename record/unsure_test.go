package record

import (
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/storage/mem"
)

// Who waited for a sync that failed does not find, by another one, that all is well.
func TestWhoWaitsForASyncThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var armed atomic.Bool
		p := faultdisk.NewProcess(faultdisk.NewMemory(), func(c faultdisk.Call) faultdisk.Fault {
			if c.Op == faultdisk.Sync && armed.CompareAndSwap(true, false) {
				return faultdisk.Fault{Err: syscall.EIO}
			}
			return faultdisk.Fault{}
		})
		r, err := Open(t.Context(), Config{Journal: "/journal", Store: mem.New(), FS: p, Sync: -1})
		if err != nil {
			t.Fatal(err)
		}
		l := r.Begin()
		for _, body := range []event.Body{&event.Connect{Country: "XX"}, &event.HandshakeSuccessful{}} {
			if err := l.Emit(0, body); err != nil {
				t.Fatal(err)
			}
		}
		armed.Store(true)
		if err := l.syncTo(1); err == nil {
			t.Error("a sync that failed gave no error")
		}
		if err := l.syncTo(2); err == nil {
			t.Error("the next sync says that all is well")
		}
		if err := l.Emit(0, &event.Disconnect{}); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
	})
}
