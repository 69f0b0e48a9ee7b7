package disks

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/internal/torture"
)

// tolerance is what a power cut may cost beyond audit.sync: what a sync itself takes, and the
// scheduler of a machine that is busy with other tests. An idle machine needs a tenth of it, and a gateway that
// does not sync loses all from the login on.
const tolerance = 2500 * time.Millisecond

// cut is what a power cut has left, and what was known at that moment.
type cut struct {
	image string
	at    time.Time
	seen  [][]byte // by session
}

// TestPowerCut cuts the power at random moments while sessions go on, and holds what is then on the
// disk to what the gateway, which does go on, says in the end. The device forgets
// what was not flushed, or some of it.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	for _, fs := range []string{"ext4", "xfs"} {
		for _, sync := range []time.Duration{0, 100 * time.Millisecond} {
			t.Run(fmt.Sprint(fs, " and sync ", sync), func(t *testing.T) {
				t.Parallel()
				rig := torture.New(t)
				for n := range rig.Rounds(1) {
					t.Run(fmt.Sprint("round ", n), func(t *testing.T) { powerCuts(t, rig, fs, sync) })
				}
			})
		}
	}
}

func powerCuts(t *testing.T, rig *torture.Rig, fs string, sync time.Duration) {
	l := newLab(t, on(fs), "sync: "+sync.String(), "block: 16KiB")
	l.begin(t, "bulk", "upload", "typing", "slow")
	var cuts []cut
	for range rig.Size(3, 12) {
		l.passTime(t, 500+rig.IntN(1500))
		c := cut{image: filepath.Join(t.TempDir(), "image"), at: time.Now()}
		for _, s := range l.sessions {
			c.seen = append(c.seen, s.seen(t))
		}
		l.device.Cut(t, c.image, rig.Uint64())
		cuts = append(cuts, c)
	}
	l.end(t)
	logs := l.Stop(t)
	for _, s := range l.sessions {
		s.check(t, "in the end", s.seen(t), logs.With(t, s.program))
	}
	for n, c := range cuts {
		l.checkCut(t, fmt.Sprintf("power cut %d", n), c, sync)
		os.Remove(c.image) // or many of them would fill the tester's disk
	}
	t.Logf("the power cuts cost %v of events at most", l.worst)
}

// checkCut recovers from a power cut and checks what there is then.
func (l *lab) checkCut(t *testing.T, when string, c cut, sync time.Duration) {
	t.Helper()
	g := l.copied(t, c.image)
	l.checkBefore(t, when, g)
	out := gatewaytest.Must(t, g.Command(t, "recover"))
	if again := gatewaytest.Must(t, g.Command(t, "recover")); again != "nothing to recover\n" {
		t.Errorf("%s: sshtrail recover says\n%sand then\n%s", when, out, again)
	}
	for _, name := range names(t, l.Gateway, "logs") {
		l.checkLog(t, when, c, g, name, sync)
	}
	finished := g.Files(t, "disk/logs")
	for _, f := range finished {
		if strings.Contains(filepath.Base(f), ".") {
			t.Errorf("%s: %s is left", when, f)
		}
	}
	gatewaytest.Must(t, gatewaytest.Program(t, gatewaytest.Sshtrail(), append([]string{"verify"}, finished...)...))
	if sync != 0 {
		return
	}
	logs := &gatewaytest.Logs{}
	for _, f := range finished {
		logs.Sessions = append(logs.Sessions, oracle.ReadFile(t, f))
	}
	for i, s := range l.sessions {
		s.check(t, when, c.seen[i], logs.With(t, s.program))
	}
}

// checkBefore checks that no unfinished log has the name of a finished one, and that none looks like
// one that somebody has changed.
func (l *lab) checkBefore(t *testing.T, when string, g *gatewaytest.Gateway) {
	t.Helper()
	for _, f := range g.Files(t, "disk/logs") {
		_, verdict := messages(t, f)
		isFinal := !strings.Contains(filepath.Base(f), ".")
		if isFinal && verdict != binary.Complete || !isFinal && verdict == binary.Tampered {
			t.Errorf("%s: %s is %v", when, filepath.Base(f), verdict)
		}
	}
}

// checkLog checks that a log on the copy is how the whole log begins, up to the moment of the
// cut but for what the sync interval may cost.
func (l *lab) checkLog(t *testing.T, when string, c cut, g *gatewaytest.Gateway, name string, sync time.Duration) {
	t.Helper()
	whole, _ := messages(t, filepath.Join(l.Path("logs"), name))
	path := filepath.Join(g.Path("disk/logs"), name)
	var got []message
	if _, err := os.Stat(path); err == nil {
		got, _ = messages(t, path)
	}
	n := common(got, whole)
	checkTail(t, path, got, whole, n)
	if n == len(whole) {
		return
	}
	lost := c.at.Sub(whole[max(n, loginOf(whole))].time)
	l.worst = max(l.worst, lost)
	if sync > 0 && lost > sync+tolerance {
		t.Errorf("%s: log %s has %d of %d messages, and the next was %v old: more than %v and what a sync takes", when, name, n, len(whole), lost, sync)
	}
}

// loginOf is the number of the message with which a log begins to be kept.
func loginOf(all []message) int {
	for n, m := range all {
		switch m.body.(type) {
		case *event.HandshakeSuccessful, *event.GatewayStart:
			return n
		}
	}
	return 0
}
