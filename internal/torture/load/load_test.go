package load

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/torture"
)

// TestExactUnderLoad is the rig. In the long form each backend has all of the machine, and
// its time.
func TestExactUnderLoad(t *testing.T) {
	for _, b := range []gatewaytest.Backend{gatewaytest.Local(t), gatewaytest.Proxied()} {
		t.Run(b.Name, func(t *testing.T) {
			l := begin(t, b)
			if !l.rig.Long() {
				t.Parallel()
			}
			baseline := l.warmUp(t)
			largest := int64(0) // memory at rest
			for round := range l.rig.Rounds(1) {
				done := t.Run(fmt.Sprintf("round %d", round), func(t *testing.T) { l.round(t, uint64(round)) })
				if !done {
					t.FailNow() // the next would only say the same
				}
				l.atRest(t, baseline)
				rss := l.memory(t)
				if limit := largest*3/2 + 64<<20; round >= 2 && rss > limit {
					t.Errorf("after round %d the gateway holds %d MiB, want at most %d: it was at most %d before", round, rss>>20, limit>>20, largest>>20)
				}
				largest = max(largest, rss)
				t.Logf("round %d: %s; the gateway holds %d MiB", round, l.progress(), rss>>20)
			}
			l.end(t)
		})
	}
}

// round has many clients at once: all of them log in, and then all begin.
func (l *load) round(t *testing.T, round uint64) {
	stop := l.watch(t)
	defer stop()
	made, real := l.rig.Size(40, 1000), l.rig.Size(5, 30)
	start := make(chan struct{})
	logins := make(chan struct{}, 30) // at once: a handshake takes a core for a while
	var in, all sync.WaitGroup
	in.Add(made)
	for i := range made {
		c := l.newClient(t, round<<32|uint64(i))
		all.Go(func() {
			logins <- struct{}{}
			c.login()
			<-logins
			in.Done()
			<-start
			c.run()
			l.claim(t, c.claim())
		})
	}
	in.Wait()
	close(start)
	turns := make(chan struct{}, 8) // real clients at once: each is a process or three
	for i := range real {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			l.runReal(t, l.rig.Source(round<<32|1<<31|uint64(i)))
		})
	}
	all.Wait()
}

// warmUp runs a single client of each kind, one after the other, before anything is measured:
// what is made once is there then.
func (l *load) warmUp(t *testing.T) resting {
	t.Helper()
	stop := l.watch(t)
	defer stop()
	for i, kind := range kinds() {
		c := l.newClient(t, 1<<62|uint64(i))
		c.kind, c.mortal = kind, false
		c.login()
		c.run()
		l.claim(t, c.claim())
	}
	gatewaytest.Eventually(t, "the first logs are finished", l.settled)
	return l.resting(t)
}

// pick returns one of several, as chance has it.
func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// size is a number of bytes up to most: small ones as often as large ones.
func size(r *rand.Rand, most int64) int64 {
	n := r.Int64N(most) + 1
	return n >> r.IntN(16)
}

// begin starts a gateway for many.
func begin(t *testing.T, b gatewaytest.Backend) *load {
	t.Helper()
	g := gatewaytest.Start(t, b, gatewaytest.Options{
		SSH: []string{"maxStartups: 5000", "maxStartupsPerSource: 5000", "loginGraceTime: 10m", "maxChannels: 100"},
	})
	l := &load{Gateway: g, rig: torture.New(t), pool: newPool(t)}
	l.signer = l.readKey(t)
	l.ledger.init()
	return l
}

// end stops the gateway and checks the record of access: nobody is missing in it.
func (l *load) end(t *testing.T) {
	t.Helper()
	logs := l.Stop(t)
	if len(logs.Sessions) != 0 {
		t.Errorf("%d logs are left that nobody made", len(logs.Sessions))
	}
	l.checkAccess(t, logs)
	t.Log("in all: " + l.progress())
}
