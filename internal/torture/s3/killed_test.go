package s3

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/internal/s3test"
	"github.com/sshtrail/sshtrail/internal/torture"
)

// TestKilledDuringUploads kills gateways one after the other at any moment, with sessions and uploads
// under way, and the server too now and then.
func TestKilledDuringUploads(t *testing.T) {
	t.Parallel()
	rig := torture.New(t)
	for n := range rig.Rounds(1) {
		t.Run(fmt.Sprintf("round %d", n), func(t *testing.T) { killed(t, rig.Source(uint64(n)), rig.Size(2, 5)) })
	}
}

func killed(t *testing.T, chance *rand.Rand, lives int) {
	s := s3test.Start(t)
	s.KeepVersions(t)
	r := newRemote(t, s, gatewaytest.Options{})
	// With it the gateway can find out what became of a request whose answer it never saw.
	if r.repeats = chance.IntN(2) == 0; !r.repeats {
		s.Permit(t, append(s3test.Needed(), "s3:GetObject")...)
	}
	var sessions []*mortal
	for life := range lives {
		r.Serve(t)
		var now []*mortal
		for range 1 + chance.IntN(3) {
			now = append(now, r.begin(t, chance))
		}
		if away := chance.IntN(3) == 0; away {
			s.Kill(t)
			<-time.After(time.Duration(chance.IntN(500)) * time.Millisecond) // any moment
			s.Resume(t)
		}
		<-time.After(time.Duration(chance.IntN(3000)) * time.Millisecond)
		r.Kill(t)
		for _, one := range now {
			one.Wait(t)
		}
		sessions = append(sessions, now...)
		t.Logf("life %d: %d sessions, %d objects, %d uploads, in the spool %q", life, len(now), len(s.Keys(t)), len(s.Uploads(t)), r.waits(t))
	}
	r.Serve(t)
	logs := r.finish(t)
	for _, one := range sessions {
		one.check(t, logs)
	}
}

// mortal is a session that may not live to its end.
type mortal struct {
	*gatewaytest.Process
	plan    oracle.Plan
	program string
}

// begin begins a session that sends up to some parts.
func (r *remote) begin(t *testing.T, chance *rand.Rand) *mortal {
	t.Helper()
	plan := oracle.Plan{Seed: chance.Uint64() >> 8, Stdout: 1 + chance.Int64N(25<<20)>>chance.IntN(8)}
	x := oracle.NewExchange(t, plan)
	return &mortal{gatewaytest.Begin(t, r.OpenSSH(t, "ssh", "-n", "gw", x.Command())), plan, x.Command()}
}

// check holds what the client saw to the log, and the log to what was sent.
func (m *mortal) check(t *testing.T, logs *gatewaytest.Logs) {
	t.Helper()
	seen := oracle.Of(m.Out.Bytes())
	var found []*oracle.Channel
	for _, log := range logs.Sessions {
		found = append(found, log.Find(m.program)...)
		if log.Verdict != binary.Complete && log.Verdict != binary.Recovered {
			t.Errorf("a log is %v (%s)", log.Verdict, log.Fault)
		}
	}
	if len(found) != 1 {
		if seen.Length > 0 || len(found) > 1 {
			t.Errorf("a session that has seen %d bytes is in %d logs", seen.Length, len(found))
		}
		return
	}
	_, sent, _ := m.plan.Sent()
	if d := seen.NoPrefix(found[0].Stdout); d != "" {
		t.Errorf("what a client has seen, held against the log, %s", d)
	}
	if d := found[0].Stdout.NoPrefix(sent); d != "" {
		t.Errorf("the log, held against what was sent, %s", d)
	}
}
