package clients

import (
	"bytes"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/wiretest"
)

// conversation is a whole session of a client's: each step sends one or more packets.
func conversation(c *wiretest.Client, user string) error {
	if err := c.Login(user, gatewaytest.Password); err != nil {
		return err
	}
	channel, err := c.Session()
	if err != nil {
		return err
	}
	for _, m := range [][]byte{
		wiretest.Message(wiretest.ChannelRequest, channel, "exec", true, "cat"),
		wiretest.Message(wiretest.ChannelData, channel, "hello"),
		wiretest.Message(wiretest.ChannelEOF, channel),
	} {
		if err := c.Send(m); err != nil {
			return err
		}
	}
	if _, err = c.Await(wiretest.ChannelClose); err != nil {
		return err
	}
	return c.Send(wiretest.Message(wiretest.ChannelClose, channel))
}

// packets counts what a whole conversation sends, and returns how long each packet is.
func (r *rig) packets(t *testing.T) []int {
	t.Helper()
	var sizes []int
	c := r.client(t)
	c.Changed = func(p []byte) []byte {
		sizes = append(sizes, len(p))
		return p
	}
	if err := conversation(c, r.User); err != nil {
		t.Fatal(err)
	}
	c.Close()
	return sizes
}

// A connection that breaks after any packet, or within one, ends cleanly.
func TestCuts(t *testing.T) {
	r := begin(t)
	sizes := r.packets(t)
	for range r.Rounds(1) {
		for n, size := range sizes {
			for at := range size {
				if at > 0 && !r.Long() && r.IntN(size) > 2 {
					continue
				}
				c := r.client(t)
				sent := 0
				c.Changed = func(p []byte) []byte {
					if sent++; sent == n+1 {
						c.Conn.Write(p[:at]) // the connection ends anyway
						c.Close()
					}
					return p
				}
				_ = conversation(c, r.User)
			}
		}
	}
	r.rest(t)
}

// A flipped bit in any packet, in plain text or encrypted, harms nobody else.
func TestFlips(t *testing.T) {
	r := begin(t)
	sizes := r.packets(t)
	for range r.Rounds(1) {
		for n, size := range sizes {
			for at := range size {
				if !r.Long() && r.IntN(size) > 3 {
					continue
				}
				bit := byte(1) << r.IntN(8)
				r.flip(t, n, at, bit)
			}
		}
	}
	r.rest(t)
}

func (r *rig) flip(t *testing.T, n, at int, bit byte) {
	t.Helper()
	c := r.client(t)
	sent := 0
	c.Changed = func(p []byte) []byte {
		if sent++; sent != n+1 {
			return p
		}
		p = bytes.Clone(p)
		p[at%len(p)] ^= bit
		c.Conn.Write(p) // the connection ends in a moment
		c.Conn.(interface{ CloseWrite() error }).CloseWrite()
		return p
	}
	_ = conversation(c, r.User)
	c.Close()
}
