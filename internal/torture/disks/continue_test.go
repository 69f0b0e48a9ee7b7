package disks

import (
	"bytes"
	"fmt"
	"slices"
	"syscall"
	"testing"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/internal/torture"
)

// TestContinue lets the faults happen that pass under sessions that may go on unrecorded. They go on; new
// ones begin; the operator is told; and each log has what was not lost, and a gap in the place of the rest.
func TestContinue(t *testing.T) {
	t.Parallel()
	rig := torture.New(t)
	pass := slices.DeleteFunc(faults(), func(f fault) bool { return f.forGood || f.spares != "" })
	rig.Shuffle(len(pass), func(i, j int) { pass[i], pass[j] = pass[j], pass[i] })
	for _, f := range pass[:rig.Size(3, len(pass))] {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			rig := torture.New(t)
			for n := range rig.Rounds(1) {
				t.Run(fmt.Sprint("round ", n), func(t *testing.T) { continued(t, rig, f) })
			}
		})
	}
}

func continued(t *testing.T, rig *torture.Rig, f fault) {
	l := newLab(t, f.mount, "onFailure: continue", "block: 16KiB")
	l.begin(t, "bulk", "upload", "slow")
	l.passTime(t, rig.IntN(300))
	heal := f.hurt(t, l)
	l.Errs.AwaitText(t, "recording has a gap", l.Ended)
	l.passTime(t, 200) // it goes on
	if out := gatewaytest.Must(t, l.OpenSSH(t, "ssh", "gw", "echo unrecorded")); out != "unrecorded\n" {
		t.Errorf("a new session prints %q", out)
	}
	if l.failures(t) == 0 {
		t.Error("no failure to record is counted")
	}
	l.AwaitMetric(t, "sshtrail_gaps_total", func(n float64) bool { return n > 0 })
	heal()
	gatewaytest.Eventually(t, "no log has a gap", func() bool {
		gatewaytest.Must(t, l.OpenSSH(t, "ssh", "gw", "true")) // a gap ends with the next event: the record of access needs one
		return l.Metrics(t)["sshtrail_gaps_open"] == 0
	})
	l.passTime(t, 200)
	l.end(t)
	l.Signal(t, syscall.SIGTERM)
	if status := l.Wait(t); status != 0 {
		t.Errorf("the gateway ended with status %d, want 0", status)
	}
	logs := l.finished(t)
	gaps := 0
	for _, s := range l.sessions {
		log := logs.With(t, s.program)
		gaps += len(oracle.Bodies[*event.Gap](log))
		s.checkGap(t, log)
	}
	if gaps == 0 {
		t.Error("no log has a gap")
	}
}

// checkGap checks that the log has all that was seen but for what its gap counts.
func (s *session) checkGap(t *testing.T, log *oracle.Log) {
	t.Helper()
	seen, got := s.seen(t), s.recorded(t, log).Bytes
	gaps := oracle.Bodies[*event.Gap](log)
	if len(gaps) == 0 {
		s.check(t, "without a gap", seen, log)
		return
	}
	missing, known := uint64(0), true
	for _, g := range gaps {
		if known = known && g.Bytes != nil; known {
			missing += *g.Bytes
		}
	}
	sent := numbers(int64(len(got)) + int64(missing))
	if known && !bytes.HasPrefix(sent, seen) {
		t.Errorf("%s: %d bytes were seen, and the log has %d and gaps of %d", s.kind, len(seen), len(got), missing)
	}
	before := 0
	for before < len(got) && got[before] == sent[before] {
		before++
	}
	if after := got[before:]; known && len(gaps) == 1 && !bytes.HasSuffix(sent, after) {
		t.Errorf("%s: behind the gap of %d bytes at %d the log goes on with %.40q", s.kind, missing, before, after)
	}
}
