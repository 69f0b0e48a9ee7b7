package s3

import (
	"testing"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/internal/s3test"
)

// TestBudgetLeavesGaps has sessions outgrow the spool where they may go on unrecorded.
func TestBudgetLeavesGaps(t *testing.T) {
	t.Parallel()
	s := s3test.Start(t)
	r := newRemote(t, s, gatewaytest.Options{Audit: []string{smallBlocks, "onFailure: continue"}, Metrics: true}, "maxSpool: 16MiB")
	r.Serve(t)
	s.Kill(t)
	const size = 40 << 20
	program, file := gate(t, size)
	c := gatewaytest.Begin(t, r.OpenSSH(t, "ssh", "gw", program))
	r.Errs.AwaitText(t, "recording has a gap", r.Ended)
	if out := gatewaytest.Must(t, r.OpenSSH(t, "ssh", "gw", "echo unrecorded")); out != "unrecorded\n" {
		t.Errorf("a new session prints %q", out)
	}
	gatewaytest.Eventually(t, "the session has seen all", func() bool { return len(c.Out.Bytes()) == size })
	s.Resume(t)
	gatewaytest.Eventually(t, "the spool has room, though the session is idle", func() bool { return r.room(t) < 12<<20 })
	gatewaytest.WriteFile(t, file, "")
	if status := c.Wait(t); status != 0 {
		t.Errorf("the session ended with status %d", status)
	}
	gatewaytest.Eventually(t, "no log has a gap", func() bool {
		gatewaytest.Must(t, r.OpenSSH(t, "ssh", "gw", "true")) // a gap ends with the next event: the record of access needs one
		return r.Metrics(t)["sshtrail_gaps_open"] == 0
	})
	gatewaytest.Eventually(t, "nothing but the gateway's own log waits", func() bool { return len(r.waits(t)) <= 2 })
	logs := r.finish(t)
	log := logs.With(t, program)
	if len(oracle.Bodies[*event.Gap](log)) == 0 {
		t.Error("the log has no gap")
	}
	for _, one := range logs.All() {
		oracle.CheckWhole(t, one, one.Verdict)
	}
}
