package record_test

import (
	"bytes"
	"fmt"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/record"
)

// play records a whole session on fsys, as far as that lets it.
func play(fsys disk.FS, change func(*record.Config)) (*session, error) {
	r, err := open(fsys, change)
	if err != nil {
		return nil, err
	}
	s := &session{log: r.Begin()}
	s.begin()
	s.output(12, 1000)
	s.end()
	ctx, cancel := timeout(5 * time.Second)
	defer cancel()
	r.Close(ctx, "over")
	return s, nil
}

// run runs a test in a time of its own, in which waiting costs none.
func run(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

// calls is how many calls to the disk a whole session makes.
func calls(t *testing.T, change func(*record.Config)) (n int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := faultdisk.NewProcess(newDisk(t), func(faultdisk.Call) faultdisk.Fault { n++; return faultdisk.Fault{} })
		if _, err := play(p, change); err != nil {
			t.Fatal(err)
		}
	})
	return n
}

// check recovers and holds the log to the promise: everything that Emit took is there.
func check(t *testing.T, fsys disk.FS, s *session) {
	t.Helper()
	r, err := open(fsys, nil)
	if err != nil {
		t.Errorf("restart: %v", err)
		return
	}
	defer mustClose(t, r)
	for _, rec := range r.Recoveries() {
		if rec.Err != nil && rec.Err != record.ErrNothingSaved {
			t.Errorf("recovery: %v", rec.Err)
		}
	}
	if s == nil || s.taken < 4 { // before the login there is no log
		return
	}
	events, verdict := readLog(t, fsys, s.log.ID())
	if verdict != binary.Complete && verdict != binary.Recovered {
		t.Errorf("after recovery the log is %v", verdict)
		return
	}
	own := 0
	for _, ev := range events {
		switch b := ev.Body.(type) {
		case *event.Summary, *event.Gap:
			own++
		case *event.Disconnect:
			if b.By == event.ByGateway {
				own++
			}
		}
	}
	if len(events)-own < s.taken {
		t.Errorf("the log has %d events of the session, and Emit took %d", len(events)-own, s.taken)
	}
	if !bytes.HasPrefix(stdout(events), s.bytes.Bytes()) {
		t.Errorf("the log has %d bytes of output, which do not begin with the %d that Emit took", len(stdout(events)), s.bytes.Len())
	}
}

// Promise 1, also after kill -9 at any call: the kernel still has what was written.
func TestKilledAtEveryCall(t *testing.T) {
	for k := range calls(t, nil) {
		run(t, fmt.Sprint(k), func(t *testing.T) {
			for _, after := range []bool{false, true} {
				m := newDisk(t)
				s, _ := play(faultdisk.NewProcess(m, faultdisk.At(k, faultdisk.Fault{Dies: true, After: after})), nil)
				check(t, m, s)
			}
		})
	}
}

// With sync: 0 what Emit took survives a power cut at any call.
func TestPowerCutAtEveryCall(t *testing.T) {
	sync0 := func(c *record.Config) { c.Sync = 0 }
	for k := range calls(t, sync0) {
		run(t, fmt.Sprint(k), func(t *testing.T) {
			m := newDisk(t)
			s, _ := play(faultdisk.NewProcess(m, faultdisk.At(k, faultdisk.Fault{Dies: true})), sync0)
			for seed := range uint64(4) {
				check(t, m.PowerCut(seed), s)
			}
		})
	}
}

// An error at any call, once or from then on: Emit says so, and nothing that it took is lost.
func TestErrorAtEveryCall(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EIO} {
		for k := range calls(t, nil) {
			run(t, fmt.Sprint(errno, k), func(t *testing.T) {
				for _, decide := range []faultdisk.Decide{
					faultdisk.At(k, faultdisk.Fault{Err: errno}),
					faultdisk.At(k, faultdisk.Fault{Err: errno, Short: 3}),
					faultdisk.From(k, faultdisk.Fault{Err: errno}, faultdisk.Write, faultdisk.Sync, faultdisk.Open),
				} {
					m := newDisk(t)
					s, _ := play(faultdisk.NewProcess(m, decide), nil)
					check(t, m, s)
				}
			})
		}
	}
}

// Recovery can itself be killed at any call, and again, with the same result.
func TestRecoveryKilledAtEveryCall(t *testing.T) { synctest.Test(t, recoveryKilledAtEveryCall) }

func recoveryKilledAtEveryCall(t *testing.T) {
	crashed := func() (*faultdisk.Memory, *session) {
		m := newDisk(t)
		n := 0
		p := faultdisk.NewProcess(m, func(c faultdisk.Call) faultdisk.Fault {
			if c.Op == faultdisk.Write {
				n++
			}
			return faultdisk.Fault{Dies: n == 18}
		})
		s, _ := play(p, nil)
		return m, s
	}
	n := 0
	m, _ := crashed()
	count := faultdisk.NewProcess(m, func(faultdisk.Call) faultdisk.Fault { n++; return faultdisk.Fault{} })
	mustClose(t, mustOpen(t, count, nil))
	for k := range n {
		m, s := crashed()
		if r, err := open(faultdisk.NewProcess(m, faultdisk.At(k, faultdisk.Fault{Dies: true})), nil); err == nil {
			ctx, cancel := timeout(time.Second)
			r.Close(ctx, "")
			cancel()
		}
		check(t, m, s)
		first, verdict := readLog(t, m, s.log.ID())
		check(t, m, s)
		again, _ := readLog(t, m, s.log.ID())
		if verdict != binary.Recovered || len(first) != len(again) {
			t.Errorf("killed at call %d: %v with %d events, and %d after another start", k, verdict, len(first), len(again))
		}
	}
}
