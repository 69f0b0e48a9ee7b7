package tap_test

import (
	"io"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/event"
)

// What the client had sent, and nobody had read when the channel was closed, is neither
// delivered nor recorded: a channel's end is the last event that it has.
func TestNothingIsRecordedAfterAChannelsEnd(t *testing.T) {
	sink := newMemory()
	client, server, err := connect(t, sink, allOn(), passwordServer("p"), passwordClient("p"))
	if err != nil {
		t.Fatal(err)
	}
	defer server.conn.Close()
	go func() {
		ch, requests, err := client.OpenChannel("session", nil)
		if err != nil {
			return
		}
		io.WriteString(ch, "too late")
		ch.CloseWrite()
		ch.SendRequest("first", true, nil) // its reply says that all before it has arrived
		for range requests {
		}
	}()
	for n := range server.channels {
		ch, requests, err := n.Accept()
		if err != nil {
			t.Fatal(err)
		}
		for r := range requests {
			if err := ch.Close(); err != nil {
				t.Error(err)
			}
			r.Reply(true, nil)
			break
		}
		if b, err := io.ReadAll(ch); err != nil || len(b) != 0 {
			t.Errorf("ReadAll after Close = %q, %v, want nothing", b, err)
		}
		if _, err := io.WriteString(ch, "more"); err == nil {
			t.Error("Write after Close = nil, want an error")
		}
		if _, err := ch.SendRequest("exit-status", false, []byte{0, 0, 0, 0}); err == nil {
			t.Error("SendRequest after Close = nil, want an error")
		}
		break
	}
	last := sink.lines[len(sink.lines)-1]
	if !strings.HasPrefix(last, "Close ") || len(sink.streams) != 0 {
		t.Errorf("recorded, with the streams %v:\n%s\nwant a Close as the last", sink.streams, sink)
	}
	if c := find[*event.Close](sink); len(c) != 1 || c[0].Received != 0 {
		t.Errorf("recorded %+v, want one close after 0 bytes", c)
	}
}
