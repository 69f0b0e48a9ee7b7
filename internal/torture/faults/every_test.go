package faults

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/internal/torture"
	"github.com/sshtrail/sshtrail/record"
)

// bubble runs a test in a time of its own. No goroutine may be left at its end.
func bubble(t *testing.T, f func(t *testing.T)) { synctest.Test(t, f) }

// calls returns how many calls a whole story makes, of those in scope.
func calls(t *testing.T, k keys, s setting, whose scope) (n int) {
	t.Helper()
	bubble(t, func(t *testing.T) {
		r := run(t, k, s, fault{scope: whose, span: once}, true)
		r.judgePeople(t)
		n = r.trouble.seen
	})
	return n
}

// each calls try with faults by chance, as many as the long form's time has room for, and a
// few in the quick one. try returns whether the fault was met.
func each(t *testing.T, quick int, all []fault, try func(t *testing.T, s setting, f fault) bool) {
	rig := torture.New(t)
	k, met, tried := newKeys(t), 0, 0
	type kind struct {
		setting
		scope
	}
	most := map[kind]int{} // calls of a whole story
	for range rig.Rounds(quick) {
		s, f := settings[rig.IntN(len(settings))], all[rig.IntN(len(all))]
		kind := kind{s, f.scope}
		if most[kind] == 0 {
			most[kind] = calls(t, k, s, f.scope)
		}
		f.k, f.cut = rig.IntN(most[kind]), rig.Uint64N(1000)
		tried++
		t.Run(fmt.Sprint(s, ", ", f), func(t *testing.T) {
			if try(t, s, f) {
				met++
			}
		})
	}
	if met*2 < tried {
		t.Errorf("of %d faults %d were met: too few to show anything", tried, met)
	}
}

// errorFaults are the faults of a disk that goes on.
func errorFaults() (all []fault) {
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EROFS, syscall.EDQUOT, syscall.EMFILE} {
		for _, whose := range []scope{anybodys, victims, owns} {
			for _, span := range []span{once, briefly, forever} {
				for _, how := range []how{plainly, inPart, afterAll} {
					all = append(all, fault{scope: whose, span: span, how: how, errno: errno})
				}
			}
		}
	}
	return all
}

// An error of any call to the disk, of any kind, for a moment or for good: nothing that was
// delivered is lost, nobody hangs, who is ended is told why, and nobody else notices.
func TestErrorAtEveryCall(t *testing.T) {
	k := newKeys(t)
	each(t, 40, errorFaults(), func(t *testing.T, s setting, f fault) (met bool) {
		bubble(t, func(t *testing.T) {
			r := run(t, k, s, f, false)
			met = !r.trouble.hit.IsZero()
			r.tellWhen(t)
			if r.openErr != nil {
				if !strings.Contains(r.openErr.Error(), f.errno.Error()) {
					t.Errorf("the gateway does not start and says %v", r.openErr)
				}
				synctest.Wait() // what it had begun ends
				r.process.Kill()
				restart(t, r.disk, s)
				judgeFiles(t, r.disk)
				return
			}
			r.judgePeople(t)
			if n := r.process.Open(); n > 0 {
				t.Errorf("%d files are open after the end: %q", n, stillOpen(r.process.Calls()))
			}
			r.trouble.harmless = true
			r.after(t, r.disk, (*stream).all)
		})
		return met
	})
}

// tellWhen shows, if the test fails, what failed and what was said.
func (r *trial) tellWhen(t *testing.T) {
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		t.Logf("failed: %s", strings.Join(r.trouble.failed[:min(len(r.trouble.failed), 8)], "\n\t"))
		if r.house == nil {
			return
		}
		for _, p := range r.people() {
			_, told := p.received(p.errs.all())
			t.Logf("%s is %s: %v, %d bytes, told %q", p.name, r.house.id(p), p.err, len(p.out.all()), told)
		}
		t.Log(r.house.said)
	})
}

// The process dies at any call, or the power fails there: what was delivered is there
// after the restart, or up to the sync before.
func TestDeathAtEveryCall(t *testing.T) {
	k := newKeys(t)
	var all []fault
	for _, how := range []how{plainly, inPart, afterAll} {
		all = append(all, fault{scope: anybodys, span: once, how: how})
	}
	each(t, 25, all, func(t *testing.T, s setting, f fault) (met bool) {
		bubble(t, func(t *testing.T) {
			r := run(t, k, s, f, false)
			met = !r.trouble.hit.IsZero()
			r.tellWhen(t)
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("the power cut's seed is %d", f.cut)
				}
			})
			delivered := (*stream).all
			if s.policy == record.Continue {
				delivered = (*stream).whenDead // what comes later is not this process's
			}
			cut := r.disk.PowerCut(f.cut)
			r.after(t, r.disk, delivered)
			if s.sync > 0 {
				durable := r.trouble.hit.Add(-s.sync - 1)
				delivered = func(s *stream) []byte { return s.until(durable) }
			}
			r.after(t, cut, delivered)
		})
		return met
	})
}

// after restarts on what is left and judges it.
func (r *trial) after(t *testing.T, disk *faultdisk.Memory, delivered func(*stream) []byte) {
	t.Helper()
	left := restart(t, disk, r.setting)
	judgeFiles(t, disk)
	if r.openErr == nil {
		r.judgeLogs(t, disk, left, delivered)
	}
}
