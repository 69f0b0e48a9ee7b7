package faults

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/internal/torture"
	"github.com/sshtrail/sshtrail/record"
)

// Recovery itself fails at any of its calls, or dies there, perhaps twice: a start on a disk
// that works finishes all logs all the same, with all that was delivered.
func TestRecoveryThatFails(t *testing.T) {
	rig, k := torture.New(t), newKeys(t)
	stop := []setting{{record.Stop, 0}, settings[0]}
	most := calls(t, k, stop[0], anybodys)
	errnos := []syscall.Errno{0, syscall.ENOSPC, syscall.EIO, syscall.EROFS, syscall.EDQUOT, syscall.EMFILE}
	hows := []how{plainly, inPart, afterAll}
	for range rig.Rounds(25) {
		s := stop[rig.IntN(len(stop))]
		death := fault{k: rig.IntN(most), scope: anybodys, span: once, how: hows[rig.IntN(len(hows))]}
		var again []fault
		for range 1 + rig.IntN(2) {
			again = append(again, fault{
				k: rig.IntN(recoveryCalls), scope: anybodys, span: []span{once, forever}[rig.IntN(2)],
				how: hows[rig.IntN(len(hows))], errno: errnos[rig.IntN(len(errnos))],
			})
		}
		t.Run(fmt.Sprint(s, ", ", death, ", then ", again), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := run(t, k, s, death, false)
				r.tellWhen(t)
				for _, f := range again {
					r.recoverBadly(t, f)
				}
				r.after(t, r.disk, (*stream).all)
			})
		})
	}
}

// recoveryCalls is about as many calls as recovery makes after a death in these stories.
const recoveryCalls = 70

// recoverBadly starts the gateway's recorder on a disk with a fault, and stops it if it starts.
func (r *trial) recoverBadly(t *testing.T, f fault) {
	t.Helper()
	d := &trouble{fault: f, onDeath: func() {}}
	p := faultdisk.NewProcess(r.disk, d.decide)
	recorder, err := openRecorder(p, r.setting, slog.New(slog.DiscardHandler))
	if err == nil {
		ctx, cancel := withPatience()
		defer cancel()
		recorder.Close(ctx, "stopped") // its error is that of the disk
	}
	pass(patient) // what it had begun ends
	synctest.Wait()
	if n := p.Open(); n > 0 && f.errno != 0 {
		t.Errorf("%s: %d files are open after the recorder (%v): %q; failed: %q", f, n, err, stillOpen(p.Calls()), d.failed)
	}
	p.Kill() // in case it is not: the next one is another process
}

// stillOpen returns the names that were opened more often than closed.
func stillOpen(calls []faultdisk.Call) (names []string) {
	open := map[string]int{}
	for _, c := range calls {
		switch c.Op {
		case faultdisk.Open:
			open[c.Name]++
		case faultdisk.Close:
			open[c.Name]--
		}
	}
	for _, name := range slices.Sorted(maps.Keys(open)) {
		if open[name] > 0 {
			names = append(names, name)
		}
	}
	return names
}
