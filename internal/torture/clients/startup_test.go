package clients

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/wiretest"
)

// Tens of thousands of connections that never log in, from as many addresses: few are
// served at a time (ssh.maxStartups), the others are turned away, each is told of in the
// record, and who is in already notices nothing. When they stop others get in again.
func TestHalfOpen(t *testing.T) {
	r := start(t, gatewaytest.Options{Metrics: true, SSH: []string{"loginGraceTime: 2s"}})
	talker := r.talk(t, "exec cat")
	attempts := r.Size(500, 50_000)
	for n := range r.halfOpen(t, attempts) {
		if n%100 == 0 {
			talker.echo(t)
		}
	}
	talker.echo(t)
	gatewaytest.Eventually(t, "a good client gets in again", func() bool {
		return r.OpenSSH(t, "ssh", "gw", "true").Run() == nil
	})
	talker.Close()
	gatewaytest.Eventually(t, "every connection has become a login or a refusal", func() bool {
		now := r.Metrics(t)
		return now[`sshtrail_connections{state="startup"}`] == 0 && now[`sshtrail_connections{state="farewell"}`] == 0
	})
	if full := r.Metrics(t)[`sshtrail_connections_refused_total{reason="max_startups"}`]; full < float64(attempts)/4 {
		t.Errorf("%v of %d connections were refused by ssh.maxStartups, want most of them", full, attempts)
	}
	strangers := map[string]int{}
	for _, c := range gatewaytest.OwnBodies[*event.Connect](r.rest(t)) {
		strangers[c.RemoteAddr]++
	}
	delete(strangers, "127.0.0.1")
	if len(strangers) != attempts {
		t.Errorf("the record tells of %d strangers, want all %d", len(strangers), attempts)
	}
}

// halfOpen connects from an address for each attempt and says no more than its
// identification. What is open stays so for a while. It hands out the number of each.
func (r *rig) halfOpen(t *testing.T, attempts int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		held := make([]net.Conn, 400) // twice what ssh.maxStartups allows
		defer func() { leave(held, nil) }()
		for n := range attempts {
			c, err := r.from(n + 256)
			if err != nil {
				t.Errorf("connect for the %d-th time: %v", n, err)
				return
			}
			io.WriteString(c, "SSH-2.0-x\r\n") // who was turned away hears nothing of it
			if old := held[n%len(held)]; old != nil {
				old.Close()
			}
			held[n%len(held)] = c
			if !yield(n) {
				return
			}
		}
	}
}

// talker is a client that is in and has a program to talk to.
type talker struct {
	*wiretest.Client
	channel uint32
}

func (r *rig) talk(t *testing.T, program string) *talker {
	t.Helper()
	c := r.loggedIn(t)
	channel, err := c.Session()
	if err == nil {
		err = c.Send(wiretest.Message(wiretest.ChannelRequest, channel, "exec", true, program))
	}
	if err == nil {
		_, err = c.Await(wiretest.ChannelSuccess)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &talker{c, channel}
}

// echo has what it says said back.
func (c *talker) echo(t *testing.T) {
	t.Helper()
	c.SetDeadline(time.Now().Add(gatewaytest.Patience))
	said := []byte("still here")
	if err := c.Send(wiretest.Message(wiretest.ChannelData, c.channel, said)); err != nil {
		t.Fatal(err)
	}
	m, err := c.Await(wiretest.ChannelData)
	if err != nil || !bytes.HasSuffix(m, said) {
		t.Fatalf("a client that is in says %q and hears %q, %v", said, m, err)
	}
}

// pace is how often a slow stranger says something.
const pace = 30 * time.Millisecond

// slowly writes b, byte for byte, until the connection ends.
func slowly(c net.Conn, b []byte) error {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for i := range b {
		if _, err := c.Write(b[i : i+1]); err != nil {
			return err
		}
		<-tick.C
	}
	return nil
}

// dawdles are ways to say something all the time and never to log in.
func dawdles() map[string]func(c *wiretest.Client) {
	return map[string]func(c *wiretest.Client){
		"within its identification": func(c *wiretest.Client) {
			slowly(c, []byte("SSH-2.0-"+string(bytes.Repeat([]byte("x"), 1000))))
		},
		"within a packet": func(c *wiretest.Client) {
			c.Changed = func(p []byte) []byte {
				slowly(c, p)
				return nil
			}
			if c.Hello() == nil {
				c.KeyExchange()
			}
		},
		"between packets": func(c *wiretest.Client) {
			if c.Hello() != nil || c.KeyExchange() != nil {
				return
			}
			tick := time.NewTicker(pace)
			defer tick.Stop()
			for c.Send(wiretest.Message(wiretest.Ignore, "")) == nil {
				<-tick.C
			}
		},
	}
}

// Who says a byte now and then is ended when ssh.loginGraceTime is over, as is who says
// nothing, wherever that is, and others get in beside them.
func TestSlowStrangers(t *testing.T) {
	t.Parallel() // it waits, mostly
	r := begin(t, "loginGraceTime: 2s", "maxStartups: 65535", "maxStartupsPerSource: 65535")
	each := r.Size(10, 100) // all at once: their keys must not take all of the time
	for range r.Rounds(1) {
		var all sync.WaitGroup
		for name, dawdle := range dawdles() {
			for range each {
				all.Go(func() {
					c := wiretest.New(r.Dial(t))
					defer c.Close()
					dawdle(c)
					if _, err := io.Copy(io.Discard, c); isTimeout(err) {
						t.Errorf("a stranger who is slow %s was not ended", name)
					}
				})
			}
		}
		all.Wait()
	}
	late := 0
	for _, f := range gatewaytest.OwnBodies[*event.HandshakeFailed](r.rest(t)) {
		if f.Reason == "the client did not log in within ssh.loginGraceTime (2s)" {
			late++
		}
	}
	if want := each * len(dawdles()); late < want {
		t.Errorf("of %d slow strangers the record says for %d that they did not log in in time", want, late)
	}
}

func isTimeout(err error) bool {
	e, ok := err.(net.Error)
	return ok && e.Timeout()
}
