package record_test

import (
	"path"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/record"
)

// A sync beside the session that fails ends it, though it may send nothing more.
func TestASyncThatFailsEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var armed atomic.Bool
		m := newDisk(t)
		p := faultdisk.NewProcess(m, func(c faultdisk.Call) faultdisk.Fault {
			if c.Op == faultdisk.Sync && armed.CompareAndSwap(true, false) {
				return faultdisk.Fault{Err: syscall.EIO}
			}
			return faultdisk.Fault{}
		})
		r, s := begun(t, p, nil)
		pass(time.Second)
		failed := make(chan error, 1)
		s.log.OnFailure(func(err error) { failed <- err })
		armed.Store(true)
		s.output(1, 10)
		select {
		case <-failed:
		case <-time.After(5 * time.Second):
			t.Error("nobody was told that a sync failed")
		}
		mustClose(t, r)
		events, _ := readLog(t, m, s.log.ID())
		if why := lastDisconnect(events).Reason; !strings.Contains(why, "input/output error") {
			t.Errorf("the log ends since %q, want the disk's error", why)
		}
	})
}

// A log whose sync hangs keeps no other from becoming durable.
func TestASyncWaitsForNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDisk(t)
		var stuck atomic.Value // the name of the log whose syncs hang
		stuck.Store("none")
		back := make(chan struct{})
		p := faultdisk.NewProcess(m, func(c faultdisk.Call) faultdisk.Fault {
			if c.Op == faultdisk.Sync && strings.Contains(c.Name, stuck.Load().(string)) {
				return faultdisk.Fault{Hang: back}
			}
			return faultdisk.Fault{}
		})
		r, s := begun(t, p, nil)
		pass(time.Second)
		stuck.Store(string(s.log.ID()))
		s.output(1, 10)
		pass(100 * time.Millisecond)
		other := &session{log: r.Begin()}
		other.begin()
		other.output(1, 1000)
		pass(time.Second)
		check(t, m.PowerCut(0), other)
		close(back)
		s.end()
		other.end()
		mustClose(t, r)
	})
}

// The journal's part of a block goes when the block is durable in the log, and not before.
func TestSegmentsGoWhenTheirBlocksAreDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDisk(t)
		r, s := begun(t, m, nil)
		s.output(40, 1000)
		pass(time.Second)
		if n := len(segments(t, m)); n > 2 {
			t.Errorf("%d segments are left of a journal whose blocks are in the log", n)
		}
		for seed := range uint64(4) {
			check(t, m.PowerCut(seed), s)
		}
		s.end()
		mustClose(t, r)
	})
}

// A segment without a name is no journal: no recovery would find what is in it.
func TestASegmentThatIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDisk(t)
		r, s := begun(t, m, func(c *record.Config) { c.Block = 0 })
		failed := make(chan error, 1)
		s.log.OnFailure(func(err error) { failed <- err })
		for _, name := range segments(t, m) {
			if err := m.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
		s.output(1, 10)
		select {
		case <-failed:
		case <-time.After(5 * time.Second):
			t.Error("nobody noticed that a segment was removed")
		}
		mustClose(t, r)
	})
}

// segments returns the files of all journals in which there is something, those of one
// log in order.
func segments(t *testing.T, m *faultdisk.Memory) []string {
	t.Helper()
	dirs, err := m.ReadDir(journal)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, dir := range dirs {
		if !dir.IsDir() {
			continue
		}
		entries, err := m.ReadDir(path.Join(journal, dir.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if name := path.Join(journal, dir.Name(), e.Name()); strings.Contains(e.Name(), ".") && hasHead(t, m, name) {
				found = append(found, name)
			}
		}
	}
	return found
}

// hasHead reports whether a file of the journal has a segment.
func hasHead(t *testing.T, m *faultdisk.Memory, name string) bool {
	t.Helper()
	f, err := m.OpenFile(name, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	head := make([]byte, 9)
	n, _ := f.ReadAt(head, 0)
	return n == len(head) && head[8] == 1
}

// A store that takes its time holds up its own session, which may be only so far ahead.
func TestAStoreThatIsSlowHoldsItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDisk(t)
		var slow atomic.Bool
		back := make(chan struct{})
		p := faultdisk.NewProcess(m, func(c faultdisk.Call) faultdisk.Fault {
			if slow.Load() && c.Op == faultdisk.Write && strings.HasPrefix(c.Name, logs) {
				return faultdisk.Fault{Hang: back}
			}
			return faultdisk.Fault{}
		})
		r, s := begun(t, p, nil)
		slow.Store(true)
		done := make(chan struct{})
		go func() { // ends when the store is back
			defer close(done)
			s.output(100, 1<<10)
		}()
		synctest.Wait()
		if n := len(segments(t, m)); n > 6 { // those that wait, and one that is not synced yet
			t.Errorf("the session is %d blocks of 4 KiB ahead of its store", n)
		}
		select {
		case <-done:
			t.Error("the session did not wait for its store")
		default:
		}
		close(back)
		<-done
		s.end()
		mustClose(t, r)
		if events, verdict := readLog(t, m, s.log.ID()); s.err != nil || verdict != binary.Complete || string(stdout(events)) != s.bytes.String() {
			t.Errorf("the log is %v, Emit %v; want complete", verdict, s.err)
		}
	})
}
