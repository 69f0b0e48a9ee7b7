package clients

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/internal/torture"
	"github.com/sshtrail/sshtrail/internal/wiretest"
)

// rig is a gateway under attack, and a good client that must get in all the while.
type rig struct {
	*torture.Rig
	*gatewaytest.Gateway
	good chan struct{} // closed to end the good client
	over chan struct{} // closed when it has ended
	atMe int           // descriptors that the gateway had at rest
}

// start starts a gateway, for a test whose attack the good client need not get through.
func start(t *testing.T, options gatewaytest.Options) *rig {
	t.Helper()
	r := &rig{Rig: torture.New(t), good: make(chan struct{}), over: make(chan struct{})}
	close(r.over)
	r.Gateway = gatewaytest.Start(t, gatewaytest.Local(t), options)
	gatewaytest.Must(t, r.OpenSSH(t, "ssh", "gw", "true"))
	gatewaytest.Eventually(t, "the first client is gone", func() bool { return !r.serves(t) })
	r.atMe = r.descriptors(t)
	return r
}

// begin starts a gateway and its good client.
func begin(t *testing.T, options ...string) *rig {
	t.Helper()
	r := start(t, gatewaytest.Options{SSH: options})
	r.attend(t)
	return r
}

// attend has the good client come.
func (r *rig) attend(t *testing.T) {
	r.over = make(chan struct{})
	go r.logIn(t) // ends by end, at the latest when the test does
	t.Cleanup(r.end)
}

// promised is how soon a good client is in and out, on a machine that has nothing else to do.
const promised = 2 * time.Second

// logIn logs in over and over.
func (r *rig) logIn(t *testing.T) {
	defer close(r.over)
	for {
		select {
		case <-r.good:
			return
		default:
		}
		began := time.Now()
		if out, err := r.OpenSSH(t, "ssh", "gw", "true").CombinedOutput(); err != nil {
			t.Errorf("a good client can't log in: %v\n%s", err, out)
			return
		}
		if took := time.Since(began); r.Long() && took > promised {
			t.Errorf("a good client took %v, want at most %v", took, promised)
		}
	}
}

// end ends the good client.
func (r *rig) end() {
	select {
	case <-r.good:
	default:
		close(r.good)
	}
	<-r.over
}

// rest ends the good client, waits until the gateway has let go of everybody, and stops it:
// its logs must be good.
func (r *rig) rest(t *testing.T) *gatewaytest.Logs {
	t.Helper()
	r.end()
	gatewaytest.Eventually(t, "the gateway has no more descriptors than before", func() bool { return r.descriptors(t) <= r.atMe+gatewaytest.Spares })
	return r.Stop(t)
}

func (r *rig) descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", r.Cmd.Process.Pid))
	if err != nil {
		t.Fatalf("count the gateway's descriptors: %v; this rig needs Linux's /proc", err)
	}
	return len(entries)
}

// serves reports whether the gateway has a log that is not finished, besides its own.
func (r *rig) serves(t *testing.T) bool {
	t.Helper()
	partial := 0
	for _, name := range r.Files(t, "logs") {
		if strings.HasSuffix(name, ".partial") {
			partial++
		}
	}
	return partial > 1
}

// memory is what the gateway holds, in KiB.
func (r *rig) memory(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.Cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	var kib int
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatalf("read VmRSS: %v", err)
	}
	return kib
}

// from connects from an address of its own, the n-th of 127.0.0.0/8.
func (r *rig) from(n int) (net.Conn, error) {
	d := net.Dialer{Timeout: gatewaytest.Patience, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, byte(1+n/65536), byte(n/256), byte(n))}}
	c, err := d.Dial("tcp", r.Addr)
	if err == nil {
		c.SetDeadline(time.Now().Add(gatewaytest.Patience))
	}
	return c, err
}

// client connects without logging in.
func (r *rig) client(t *testing.T) *wiretest.Client {
	t.Helper()
	c := wiretest.New(r.Dial(t))
	t.Cleanup(func() { c.Close() })
	return c
}

// loggedIn logs in.
func (r *rig) loggedIn(t *testing.T) *wiretest.Client {
	t.Helper()
	c := r.client(t)
	if err := c.Login(r.User, gatewaytest.Password); err != nil {
		t.Fatal(err)
	}
	return c
}

// discard receives all that comes, until the connection ends.
func discard(c *wiretest.Client) <-chan struct{} {
	ended := make(chan struct{})
	go func() { // ends with the connection, which has a deadline
		defer close(ended)
		for {
			if _, err := c.Receive(); err != nil {
				return
			}
		}
	}()
	return ended
}

// disconnects returns the ends in a log that have a reason.
func disconnects(l *oracle.Log, reason string) (found []*event.Disconnect) {
	for _, d := range oracle.Bodies[*event.Disconnect](l) {
		if d.Reason == reason {
			found = append(found, d)
		}
	}
	return found
}
