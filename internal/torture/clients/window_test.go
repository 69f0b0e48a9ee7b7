package clients

import (
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/wiretest"
)

// window is what a channel may hold of what its client has sent and nobody has read.
const window = 2 << 20

// most is the memory for one byte of it. That is 50 bytes, and half as much again until the
// runtime has collected its garbage; the race detector doubles it. Besides, a gateway leaves
// so much garbage be.
const (
	most    = 200
	garbage = 32 << 20
)

// What a client sends that nobody reads is held by the library, packet for packet: in single
// bytes it takes the most memory, and docs/configuration.md says how much.
func TestUnreadBytes(t *testing.T) {
	r := start(t, gatewaytest.Options{})
	c := r.talk(t, "exec sleep 1000")
	over := discard(c.Client)
	before := r.memory(t)
	n := r.Size(window/8, window)
	one := wiretest.Message(wiretest.ChannelData, c.channel, "x")
	for range n {
		if err := c.Send(one); err != nil {
			t.Fatal(err)
		}
	}
	gatewaytest.Must(t, r.OpenSSH(t, "ssh", "gw", "true")) // what was sent has arrived by then
	held := max((r.memory(t)-before)<<10-garbage, 0)
	t.Logf("%d single bytes that nobody reads take %d MiB of memory, %d bytes each", n, held>>20, held/n)
	if held/n > most {
		t.Errorf("a byte that nobody reads takes %d bytes of memory, want at most %d, or tell of it at ssh.maxChannels", held/n, most)
	}
	c.Close()
	<-over
	r.rest(t)
}
