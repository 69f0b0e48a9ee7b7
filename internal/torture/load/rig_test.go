package load

import (
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/internal/torture"
)

// load is a gateway with many clients.
type load struct {
	*gatewaytest.Gateway
	ledger
	rig    *torture.Rig
	pool   *pool
	signer ssh.Signer

	moved  atomic.Int64 // grows as long as anything moves
	dialed atomic.Int64
	inside atomic.Int64 // clients that were let in
}

func (l *load) readKey(t testing.TB) ssh.Signer {
	t.Helper()
	b, err := os.ReadFile(l.Path("client"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.ParsePrivateKey(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// watch reads logs as they are finished, until the returned function is called. Should
// nothing move for long it has the gateway say where it hangs, which ends it.
func (l *load) watch(t testing.TB) (stop func()) {
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() { // ends by stop, which waits for it
		defer close(stopped)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		last, since, told := int64(-1), time.Now(), time.Now()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			l.readLogs(t)
			if now := l.moved.Load(); now != last {
				last, since = now, time.Now()
			}
			if time.Since(since) > gatewaytest.Patience {
				t.Errorf("nothing has moved for %v: see where the gateway hangs", gatewaytest.Patience)
				_ = l.Cmd.Process.Signal(syscall.SIGQUIT)
				return
			}
			if time.Since(told) > 10*time.Second {
				told = time.Now()
				t.Log(l.progress())
			}
		}
	}()
	return func() { close(done); <-stopped }
}

// checkAccess checks that the gateway's own logs have each connection, with its end, and
// each login.
func (l *load) checkAccess(t testing.TB, logs *gatewaytest.Logs) {
	t.Helper()
	connects, ends := len(gatewaytest.OwnBodies[*event.Connect](logs)), len(gatewaytest.OwnBodies[*event.Disconnect](logs))
	if want := int(l.dialed.Load()); connects < want || connects != ends {
		t.Errorf("the gateway's log has %d connects and %d disconnects, want the same, and at least the %d that were made", connects, ends, want)
	}
	if in, read := len(gatewaytest.OwnBodies[*event.HandshakeSuccessful](logs)), int(l.read()); in != read || int64(in) < l.inside.Load() {
		t.Errorf("the gateway's log has %d logins, want %d, of which each has a log, and at least %d", in, read, l.inside.Load())
	}
	for _, own := range logs.Own {
		for _, gap := range oracle.Bodies[*event.Gap](own) {
			t.Errorf("the gateway's log has a gap: %+v", gap)
		}
	}
}
