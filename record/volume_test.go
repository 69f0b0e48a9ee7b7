package record_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/record"
)

const manyFiles = 1000

// roomy is a configuration with thresholds and a reserve, on a disk with a limit.
func roomy(c *record.Config) {
	c.Room = record.Room{Folders: []string{logs}, Warn: 40 << 10, Refuse: 20 << 10, Reserve: 256 << 10}
}

// fill fills a disk with a file until only so much is left, when nothing is at work on it.
func fill(t testing.TB, m *faultdisk.Memory, left uint64) {
	t.Helper()
	pass(time.Second)
	f, err := m.OpenFile("/ballast", 0x442, 0o600) // O_APPEND|O_CREATE|O_RDWR
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	space, err := m.Space("/")
	if err != nil {
		t.Fatal(err)
	}
	if space.Free > left {
		if _, err := f.Write(make([]byte, space.Free-left)); err != nil {
			t.Fatal(err)
		}
	}
}

// A disk that is full ends the session; what was kept in reserve lets the log have its
// end, and the reason.
func TestTheReserveIsForTheEndsOfLogs(t *testing.T) {
	for name, reserve := range map[string]uint64{"with": 256 << 10, "without": 0} {
		run(t, name, func(t *testing.T) {
			m := newDisk(t)
			m.Limit(4<<20, manyFiles)
			r := mustOpen(t, m, func(c *record.Config) { roomy(c); c.Room.Reserve = reserve })
			var sessions []*session
			for range 3 {
				s := &session{log: r.Begin()}
				s.begin()
				s.output(3, 1000)
				sessions = append(sessions, s)
			}
			fill(t, m, 0)
			for _, s := range sessions {
				s.output(1, 1000)
				if s.err == nil {
					t.Error("a full disk takes an event")
				}
				synctest.Wait() // else another's may be on its way when the reserve is given up
			}
			for _, s := range sessions {
				want := map[string]binary.Verdict{"with": binary.Complete, "without": binary.Truncated}[name]
				events, verdict := readLog(t, m, s.log.ID())
				if verdict != want {
					t.Fatalf("on a full disk the log is %v, want %v", verdict, want)
				}
				if end := lastDisconnect(events); verdict == binary.Complete && !strings.Contains(end.Reason, "no space left") {
					t.Errorf("the log ends since %q, want the disk's error", end.Reason)
				}
			}
			if err := m.Remove("/ballast"); err != nil {
				t.Fatal(err)
			}
			pass(time.Minute)
			for _, s := range sessions {
				if _, verdict := readLog(t, m, s.log.ID()); verdict != binary.Complete && verdict != binary.Recovered {
					t.Errorf("when there is room again the log is %v", verdict)
				}
			}
			mustClose(t, r)
		})
	}
}

func lastDisconnect(events []event.Event) *event.Disconnect {
	end := &event.Disconnect{}
	for _, ev := range events {
		if d, ok := ev.Body.(*event.Disconnect); ok {
			end = d
		}
	}
	return end
}

// What room is left on a full disk is for ends: nobody else takes it.
func TestOnAFullDiskOnlyEndsAreWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDisk(t)
		m.Limit(4<<20, manyFiles)
		r, s := begun(t, m, roomy)
		other := &session{log: r.Begin()}
		other.begin()
		fill(t, m, 0)
		s.output(1, 1000)
		synctest.Wait()
		other.output(1, 10) // there is room for it now
		if other.err == nil {
			t.Error("the room for ends was taken by something else")
		}
		synctest.Wait()
		if events, verdict := readLog(t, m, other.log.ID()); verdict != binary.Complete || lastDisconnect(events).Reason == "" {
			t.Errorf("its log is %v, want complete with the reason", verdict)
		}
		if err := m.Remove("/ballast"); err != nil {
			t.Fatal(err)
		}
		mustClose(t, r)
	})
}

// Sessions are refused before the disk is full, and no more when there is room.
func TestReadyFollowsTheThresholds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDisk(t)
		m.Limit(4<<20, manyFiles)
		r := mustOpen(t, m, roomy)
		for _, step := range []struct {
			left  uint64
			ready bool
		}{{41 << 10, true}, {30 << 10, true}, {19 << 10, false}} {
			fill(t, m, step.left)
			pass(3 * time.Second)
			if err := r.Ready(); (err == nil) != step.ready {
				t.Errorf("with %d bytes free it is ready: %v, want %v", step.left, err, step.ready)
			}
		}
		if err := m.Remove("/ballast"); err != nil {
			t.Fatal(err)
		}
		pass(3 * time.Second)
		if err := r.Ready(); err != nil {
			t.Errorf("with room again: %v", err)
		}
		m.Limit(4<<20, 20)
		pass(3 * time.Second)
		if err := r.Ready(); err != nil {
			t.Errorf("with some files left: %v", err)
		}
		mustClose(t, r)
		if space, _ := m.Space("/"); space.Free != space.Size {
			t.Errorf("after the end %d bytes are in use", space.Size-space.Free)
		}
	})
}

// Ready tells the truth, of a disk that fails, hangs or can't be written, though no
// session is there to notice.
func TestReadyProbesTheDisk(t *testing.T) {
	for name, test := range map[string]struct {
		fault faultdisk.Fault
		says  string
	}{
		"read-only": {faultdisk.Fault{Err: syscall.EROFS}, "read-only"},
		"failing":   {faultdisk.Fault{Err: syscall.EIO}, "input/output error"},
		"hung":      {faultdisk.Fault{}, "does not answer"},
	} {
		run(t, name, func(t *testing.T) {
			hang := make(chan struct{})
			if test.fault.Err == nil {
				test.fault.Hang = hang
			}
			var fails atomic.Bool
			p := faultdisk.NewProcess(newDisk(t), func(c faultdisk.Call) faultdisk.Fault {
				if fails.Load() && (c.Op == faultdisk.Open || c.Op == faultdisk.Write) {
					return test.fault
				}
				return faultdisk.Fault{}
			})
			r := mustOpen(t, p, nil)
			if err := r.Ready(); err != nil {
				t.Fatalf("before: %v", err)
			}
			fails.Store(true)
			pass(6 * time.Second)
			r.Ready() // asks
			pass(4 * time.Second)
			if err := r.Ready(); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("ready on a disk that is %s: %v", name, err)
			}
			fails.Store(false)
			close(hang)
			pass(6 * time.Second)
			r.Ready()
			pass(time.Second)
			if err := r.Ready(); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			mustClose(t, r)
		})
	}
}

// The numbers of a session that goes on, and of one that has ended.
func TestStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDisk(t)
		r, s := begun(t, m, func(c *record.Config) { c.Sync, c.Block = -1, 0 })
		now := r.Stats()
		if now.Open != 1 || now.Events != uint64(s.taken) || now.Bytes < 3000 || now.Journal != int64(now.Bytes) || now.Completed != 0 {
			t.Errorf("while a session runs: %+v", now)
		}
		pass(50 * time.Millisecond)
		if age := r.Stats().Unsynced; age < 40*time.Millisecond || age > 100*time.Millisecond {
			t.Errorf("the oldest event that is not synced is %v old, want about 50ms", age)
		}
		pass(100 * time.Millisecond)
		if now := r.Stats(); now.Unsynced != 0 || now.Syncs.All == 0 || now.Syncs.Counts[len(now.Syncs.Counts)-1] != now.Syncs.All {
			t.Errorf("after a sync: %+v", now)
		}
		s.end()
		synctest.Wait()
		end := r.Stats()
		if end.Open != 0 || end.Completed != 1 || end.Events != uint64(s.taken) || end.Journal != 0 || end.Stored == 0 || end.Bytes <= now.Bytes {
			t.Errorf("after its end: %+v", end)
		}
		mustClose(t, r)
	})
}

// pass lets time pass, which costs none in a synctest bubble.
func pass(d time.Duration) { <-time.After(d) }

// While a disk stays nearly full it is told once.
func TestALowDiskIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told bytes.Buffer
		m := newDisk(t)
		m.Limit(4<<20, manyFiles)
		r := mustOpen(t, m, func(c *record.Config) { roomy(c); c.Logger = slog.New(slog.NewTextHandler(&told, nil)) })
		fill(t, m, 19<<10)
		pass(10 * time.Second)
		mustClose(t, r)
		for _, message := range []string{"nearly full", "too little room"} {
			if n := strings.Count(told.String(), message); n != 1 {
				t.Errorf("%q was told %d times, want once:\n%s", message, n, told.String())
			}
		}
	})
}

// A threshold of 0 is never, also for the number of files.
func TestAThresholdOfZeroRefusesNobody(t *testing.T) {
	for name, refuse := range map[string]uint64{"0": 0, "20 KiB": 20 << 10} {
		run(t, name, func(t *testing.T) {
			m := newDisk(t)
			m.Limit(4<<20, 100)
			r := mustOpen(t, m, func(c *record.Config) { roomy(c); c.Room.Refuse, c.Room.Reserve = refuse, 0 })
			for i := 0; ; i++ {
				if space, err := m.Space("/"); err != nil || space.FreeFiles < 5 { // a twentieth of them
					break
				}
				f, err := m.OpenFile(fmt.Sprintf("/file%d", i), 0x42, 0o600) // O_CREATE|O_RDWR
				if err != nil {
					t.Fatal(err)
				}
				f.Close()
			}
			pass(3 * time.Second)
			if err := r.Ready(); (err == nil) != (refuse == 0) {
				t.Errorf("with 4 of 100 files left and a threshold of %s: ready is %v", name, err)
			}
			mustClose(t, r)
		})
	}
}
