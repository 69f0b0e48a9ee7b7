package disks

import (
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/internal/torture"
)

const (
	// endsWithin is how soon a session that can't be recorded ends, and busy what a machine that is
	// busy with other tests may add.
	endsWithin = 5 * time.Second
	busy       = 3 * time.Second
	// toldWithin is how soon the operator knows.
	toldWithin = 10 * time.Second
)

// told is what who can't be recorded is told.
var told = regexp.MustCompile(`sshtrail: .*record`)

// TestStop lets each fault happen under sessions that must not go on unrecorded. They end, in
// time, and are told why; their logs have all that they saw; the operator is told; and when the disk
// works again new sessions are recorded, without a restart.
func TestStop(t *testing.T) {
	t.Parallel()
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			rig := torture.New(t)
			for n := range rig.Rounds(1) {
				t.Run(fmt.Sprint("round ", n), func(t *testing.T) { stopped(t, rig, f) })
			}
		})
	}
}

func stopped(t *testing.T, rig *torture.Rig, f fault) {
	l := newLab(t, f.mount, "sync: 0")
	before := l.works(t, rig.Uint64())
	l.begin(t, "bulk", "upload", "typing", "slow")
	l.checkReady(t, true)
	l.passTime(t, rig.IntN(500))
	l.mark(t)
	failures := l.failures(t)
	heal := f.hurt(t, l)
	l.checkEnds(t, f)
	if !f.passes {
		l.checkReady(t, false)
		l.checkNoneBegins(t)
	}
	if l.failures(t) <= failures && !f.quiet {
		t.Error("no failure to record is counted")
	}
	after := func(*gatewaytest.Logs) {}
	if heal != nil {
		heal()
		l.checkReady(t, true)
		if f.passes { // the first session is what finds the rest of the trouble, perhaps
			gatewaytest.Do(t, l.OpenSSH(t, "ssh", "gw", "true"))
			l.checkReady(t, true)
		}
		gatewaytest.Must(t, l.OpenSSH(t, "ssh", "gw", "true")) // ready is ready
		after = l.works(t, rig.Uint64())
	}
	l.checkAfter(t, heal != nil, before, after)
}

// mark notes what was seen before the fault. What the kernel has called durable in the moment in which
// it gives up a file system is not always so: of data that fdatasync(2) returned for while ext4 was shut down,
// a quarter of the runs of a bare program lost some.
func (l *lab) mark(t *testing.T) {
	t.Helper()
	for _, s := range l.sessions {
		s.marked = s.seen(t)
	}
}

// checkEnds checks that all sessions end, in time, and are told why, and that the operator is.
func (l *lab) checkEnds(t *testing.T, f fault) {
	t.Helper()
	began := time.Now()
	for _, s := range l.sessions {
		if strings.Contains(f.spares, s.kind) {
			continue
		}
		status := s.Wait(t)
		if took := time.Since(began); took > endsWithin+busy {
			t.Errorf("%s went on for %v, want %v", s.kind, took, endsWithin)
		}
		if status != 255 || !told.MatchString(s.Errs.String()) {
			t.Errorf("%s ended with status %d and was told %q, want 255 and why", s.kind, status, s.Errs)
		}
	}
	if f.quiet {
		return
	}
	l.Errs.AwaitText(t, "recording is not possible", l.Ended)
	if took := time.Since(began); took > toldWithin {
		t.Errorf("the operator was told after %v", took)
	}
	if !regexp.MustCompile(f.why).MatchString(l.Errs.String()) {
		t.Errorf("the operator is not told %q", f.why)
	}
}

// checkNoneBegins checks that nobody gets a session while none can be recorded, and nobody waits for one.
func (l *lab) checkNoneBegins(t *testing.T) {
	t.Helper()
	began := time.Now()
	r := gatewaytest.Do(t, l.OpenSSH(t, "ssh", "-o", "BatchMode=yes", "gw", "echo unrecorded"))
	if r.Status != 255 || r.Out != "" || !told.MatchString(r.Errs) {
		t.Errorf("a new session ends with status %d, %q and is told %q, want 255 and why", r.Status, r.Out, r.Errs)
	}
	if took := time.Since(began); took > endsWithin+busy {
		t.Errorf("a new session hangs for %v", took)
	}
}

// checkAfter stops the gateway, starts it and stops it again, and checks what it has recorded.
func (l *lab) checkAfter(t *testing.T, healed bool, checks ...func(*gatewaytest.Logs)) {
	t.Helper()
	l.end(t)
	l.Signal(t, syscall.SIGTERM)
	status := l.Wait(t)
	switch {
	case healed:
		if status != 0 {
			t.Errorf("the gateway ended with status %d, want 0", status)
		}
		l.CheckFiles(t) // without a restart
	case l.device != nil:
		l.device.Work(t)
		l.remount(t)
	}
	l.checkAgain(t, healed, checks...)
}

// checkAgain starts a gateway that has ended and stops it, and checks what was recorded before.
func (l *lab) checkAgain(t *testing.T, healed bool, checks ...func(*gatewaytest.Logs)) {
	t.Helper()
	l.Serve(t)
	l.Signal(t, syscall.SIGTERM)
	if status := l.Wait(t); status != 0 {
		t.Errorf("the gateway that has recovered ended with status %d, want 0", status)
	}
	logs := l.finished(t)
	for _, s := range l.sessions {
		seen := s.seen(t)
		if !healed {
			seen = s.marked
		}
		s.check(t, "after it", seen, logs.With(t, s.program))
	}
	for _, check := range checks {
		check(logs)
	}
}

// finished checks that a gateway which has stopped has left nothing but finished logs, and returns them.
func (l *lab) finished(t *testing.T) *gatewaytest.Logs {
	t.Helper()
	l.CheckFiles(t)
	logs := l.Logs(t)
	for _, one := range logs.All() {
		if one.Verdict != binary.Complete && one.Verdict != binary.Recovered {
			t.Errorf("a log is %v (%s)", one.Verdict, one.Fault)
		}
		oracle.CheckWhole(t, one, one.Verdict)
	}
	return logs
}
