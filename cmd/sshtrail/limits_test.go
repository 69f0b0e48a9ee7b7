package main

import (
	"bufio"
	"bytes"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/event"
)

// flood calls each with the events of a client that asks for as much as it can: open
// channels by the thousand, and on each everything that is remembered of one, in long
// texts: on the first full ones all that is told, on the others all that is needed for telling.
func flood(full uint64, each func(*event.Event)) {
	long, detail := strings.Repeat("long ", maxText), strings.Repeat("x", 2*maxDetail)
	ev := event.Event{Conn: sampleConn}
	add := func(channel uint64, bodies ...event.Body) {
		for _, body := range bodies {
			ev.Time, ev.Channel, ev.Body = ev.Time+1, channel, body
			each(&ev)
		}
	}
	for range 2 * maxListed {
		add(0, &event.AuthPubkeyFailed{PubkeyAttempt: event.PubkeyAttempt{Username: long, Key: long, Reason: long}},
			&event.Gap{Reason: long}, &event.GlobalReply{RequestType: long, Reason: long})
	}
	add(0, &event.AuthPasswordSuccessful{PasswordAttempt: event.PasswordAttempt{Username: "late"}})
	for channel := range uint64(maxOpen + maxListed) {
		add(channel, &event.NewChannel{ChannelType: long}, &event.NewChannelSuccessful{ChannelType: long}, &event.Exec{Program: long})
		requests := uint64(5)
		if channel < full {
			requests = maxOfChannel + 1
		}
		for id := range requests {
			add(channel, &event.SetEnv{RequestID: id, Name: detail, Value: detail}, &event.Signal{RequestID: id, Signal: detail})
		}
		add(channel, &event.RequestFailed{RequestID: 1, Reason: long}, &event.IO{Data: []byte{0}})
	}
}

// TestAccountHasLimits wants show to need no more memory than it says, whatever the log.
func TestAccountHasLimits(t *testing.T) {
	acc := newAccount("a")
	checkMemory(t, acc, func() { flood(maxListed, acc.observe) })
	for _, l := range []struct {
		name         string
		listed, more int
	}{
		{"auth", len(acc.Auth), int(acc.AuthOmitted)},
		{"channels", len(acc.Channels), int(acc.ChannelsOmitted)},
		{"refused", len(acc.Refused), int(acc.RefusedOmitted)},
		{"gaps", len(acc.Gaps), int(acc.GapsOmitted)},
	} {
		if l.listed != maxListed || l.more < maxListed {
			t.Errorf("%s: %d are listed and %d omitted, want %d and the others", l.name, l.listed, l.more, maxListed)
		}
	}
	if last := acc.Auth[maxListed-1]; last.Username != "late" {
		t.Errorf("the login that succeeded is left out for %q", last.Username)
	}
	if got := len(acc.Channels[0].Environment); got != maxOfChannel {
		t.Errorf("%d variables of a channel, want %d", got, maxOfChannel)
	}
	if got := acc.Bytes.Stdin; got != maxOpen+maxListed {
		t.Errorf("%d bytes counted, want %d, those of omitted channels too", got, maxOpen+maxListed)
	}
}

func TestTimelineHasLimits(t *testing.T) {
	line := newTimeline(bufio.NewWriter(io.Discard), screen{}, false)
	checkMemory(t, line, func() { flood(0, line.observe) })
	if len(line.lanes) > maxOpen || len(line.pending) > maxOpen {
		t.Errorf("%d channels are remembered and %d counted on, want at most %d", len(line.lanes), len(line.pending), maxOpen)
	}
}

// checkMemory measures what v holds more after fill.
func checkMemory(t *testing.T, v any, fill func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	fill()
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := int64(after.HeapAlloc) - int64(before.HeapAlloc); n > 64<<20 {
		t.Errorf("%T holds %d MiB, want at most 64", v, n>>20)
	} else {
		t.Logf("%T holds %d KiB", v, n>>10)
	}
	runtime.KeepAlive(v)
}

// TestTimelineFolds wants a line for each thing that happened, not for each message.
func TestTimelineFolds(t *testing.T) {
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	line := newTimeline(w, screen{}, false)
	second := int64(1e9)
	add := func(at int64, channel uint64, body event.Body) {
		line.observe(&event.Event{Conn: sampleConn, Time: at, Channel: channel, Body: body})
	}
	for i := range int64(1000) {
		add(i*second, uint64(i%2), &event.IO{Stream: event.Stdout, Data: []byte("ab")})
	}
	add(1000*second, 0, &event.Window{Columns: 100, Rows: 50})
	for i := range int64(5) {
		add((1001+i)*second, 0, &event.Signal{RequestID: uint64(i), Signal: "INT"})
	}
	add(1010*second, 1, &event.Exec{RequestID: 7, Program: "a"})
	add(1011*second, 0, &event.Exit{}) // between a request and its outcome
	add(1012*second, 1, &event.RequestFailed{RequestID: 7, Reason: "no"})
	add(86400*second, 1, &event.Close{})
	line.finish()
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	want := `1970-01-01 UTC
00:00:00.000  #0   stdout 1000 bytes, 1 resize, to 100×50 in 16m40s
00:00:01.000  #1   stdout 1000 bytes in 16m38s
00:16:41.000  #0   signal INT
00:16:45.000  #0   the same 4 more times
00:16:50.000  #1   program a
00:16:51.000  #0   exit status 0
00:16:52.000  #1   program a refused: no
1970-01-02 UTC
00:00:00.000  #1   channel closed
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
