package clients

import (
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/wiretest"
)

// floods are messages that a client sends over and over, on a session whose number is 0 at
// the gateway.
func floods() map[string][][]byte {
	request := func(name string, reply bool, fields ...any) []byte {
		return wiretest.Message(wiretest.ChannelRequest, append([]any{uint32(0), name, reply}, fields...)...)
	}
	open := func(kind string) []byte {
		return wiretest.Message(wiretest.ChannelOpen, kind, uint32(7), uint32(wiretest.Window), uint32(wiretest.MaxPacket))
	}
	huge := strings.Repeat("x", 200<<10)
	size := []any{uint32(1), uint32(2), uint32(3), uint32(4)}
	return map[string][][]byte{
		"global requests":          {wiretest.Message(wiretest.GlobalRequest, "nobody@knows", true)},
		"global, no answer wanted": {wiretest.Message(wiretest.GlobalRequest, "nobody@knows", false, wiretest.Raw(huge))},
		"channel requests":         {request("nobody@knows", true, wiretest.Raw(huge))},
		"variables":                {request("env", false, "LANG", huge), request("env", true, "LC_ALL", "C")},
		"terminals":                {request("pty-req", true, "xterm", size[0], size[1], size[2], size[3], huge)},
		"window changes":           {request("window-change", false, size...)},
		"signals":                  {request("signal", false, "NONE"), request("signal", true, "INT")},
		"channels":                 {open("session")},
		"forwards":                 {open("direct-tcpip"), open("x11"), open("")},
		"channels that close":      {open("session"), wiretest.Message(wiretest.ChannelClose, uint32(0))},
		"empty data":               {wiretest.Message(wiretest.ChannelData, uint32(0), "")},
		"data":                     {wiretest.Message(wiretest.ChannelData, uint32(0), huge[:wiretest.MaxPacket])},
		"single bytes":             {wiretest.Message(wiretest.ChannelData, uint32(0), "x")},
		"unknown streams":          {wiretest.Message(wiretest.ChannelExtendedData, uint32(0), uint32(9), huge[:1000])},
		"windows":                  {wiretest.Message(wiretest.ChannelWindowAdjust, uint32(0), uint32(1<<32-1))},
		"ends":                     {wiretest.Message(wiretest.ChannelEOF, uint32(0))},
		"answers":                  {wiretest.Message(wiretest.RequestSuccess), wiretest.Message(wiretest.ChannelSuccess, uint32(0))},
		"nothing":                  {wiretest.Message(wiretest.Ignore, huge)},
		"unknown messages":         {wiretest.Message(200, uint32(0))},
		"pings":                    {wiretest.Message(192, huge[:1000])},
		"key exchanges":            {wiretest.Proposal()},
	}
}

// Whatever a client floods its session with, reading the answers or not, is its own
// affair: others get in, and all of it is over when the client is.
func TestFloods(t *testing.T) {
	r := begin(t)
	for range r.Rounds(1) {
		for name, messages := range floods() {
			for _, reads := range []bool{true, false} {
				r.flood(t, name, messages, reads)
			}
		}
		t.Logf("memory after a round: %d KiB", r.memory(t))
	}
	r.rest(t)
}

// flood sends messages again and again until that is enough, or the gateway has had enough.
func (r *rig) flood(t *testing.T, name string, messages [][]byte, reads bool) {
	c := r.loggedIn(t)
	if _, err := c.Session(); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	ended := make(<-chan struct{})
	if reads {
		ended = discard(c)
	}
	enough := r.Size(120, 20000)
	sent := make(chan struct{})
	go func() { // ends with the last message, or when the connection is closed
		defer close(sent)
		for n := range enough {
			if c.Send(messages[n%len(messages)]) != nil {
				return
			}
		}
	}()
	switch {
	case reads:
		<-sent // the gateway must take all, or end it; a deadline ends it otherwise
	case r.Long() || r.IntN(5) == 0:
		gatewaytest.Must(t, r.OpenSSH(t, "ssh", "gw", "true")) // while it hangs
	}
	c.Close()
	<-sent
	if reads {
		<-ended
	}
}
