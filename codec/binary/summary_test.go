package binary

import (
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/event"
)

// TestSummary changes one thing in a summary, in a log whose chain is right.
func TestSummary(t *testing.T) {
	text := strings.Repeat("x", maxProgram+1)
	tests := []struct {
		name   string
		change func(*event.Summary)
	}{
		{"start", func(s *event.Summary) { s.Start++ }},
		{"end", func(s *event.Summary) { s.End++ }},
		{"end before start", func(s *event.Summary) { s.End = 0 }},
		{"stdin", func(s *event.Summary) { s.Bytes.Stdin++ }},
		{"stdout", func(s *event.Summary) { s.Bytes.Stdout-- }},
		{"stderr", func(s *event.Summary) { s.Bytes.Stderr++ }},
		{"kinds", func(s *event.Summary) { s.Kinds[event.KindAuth]++ }},
		{"a point of the index less", func(s *event.Summary) { s.Index = s.Index[:1] }},
		{"a point of the index more", func(s *event.Summary) { s.Index = append(s.Index, s.Index[1]) }},
		{"offset in the index", func(s *event.Summary) { s.Index[1][0]++ }},
		{"time in the index", func(s *event.Summary) { s.Index[1][1]++ }},
	}
	for _, tt := range tests {
		l := newLogMaker(t)
		l.summaryBreak = tt.change
		session(l)
		if v, err := verdictOf(t, l.end()); v != Tampered {
			t.Errorf("summary with another %s: %v (%v), want tampered", tt.name, v, err)
		}
	}
	l := newLogMaker(t)
	l.summaryBreak = func(s *event.Summary) {
		s.Channels = []event.ChannelSummary{{ChannelType: "session", Program: &text}}
	}
	session(l)
	r := NewReader(strings.NewReader(string(l.end())))
	for _, err := range r.Events() {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := *r.Summary().Channels[0].Program; len(got) != maxProgram {
		t.Errorf("program of %d bytes, want it cut to %d", len(got), maxProgram)
	}
}

// TestSummaryForm has summaries of another form.
func TestSummaryForm(t *testing.T) {
	bytes := M{"stdin", 0, "stdout", 0, "stderr", 0}
	index := A{A{40, 7}}
	good := M{"version", 1, "username", nil, "remoteAddr", "::1", "auth", nil, "target", nil, "start", 7, "end", 7,
		"bytes", bytes, "skipped", bytes, "forwarded", M{"received", 0, "sent", 0}, "channels", A{}, "channelsOmitted", 0,
		"kinds", A{0, 0, 0, 0, 0, 0, 0, 1, 0}, "gaps", 0, "index", index}
	set := func(i int, v any) M {
		m := append(M(nil), good...)
		m[i] = v
		return m
	}
	channel := M{"channelId", 0, "channelType", "session", "program", "ls", "subsystem", nil, "exitStatus", 0, "exitSignal", nil}
	tests := []struct {
		name string
		data any
		want Verdict
	}{
		{"as it must be", good, Complete},
		{"version", set(1, 2), Tampered},
		{"username that is bytes", set(3, []byte("x")), Tampered},
		{"username with its bytes", append(set(3, "\uFFFD"), "usernameRaw", []byte("\xff")), Tampered},
		{"username replaced", set(3, "\uFFFD"), Complete},
		{"another key", append(good[:len(good):len(good)], "x", 1), Tampered},
		{"a key less", good[:len(good)-2], Tampered},
		{"another order", append(M{good[2], good[3], good[0], good[1]}, good[4:]...), Tampered},
		{"channel", set(21, A{channel}), Complete},
		{"channel with another key", set(21, A{append(channel[:len(channel):len(channel)], "x", 1)}), Tampered},
		{"channel with a long program", set(21, A{append(append(M{}, channel[:5]...), append(M{strings.Repeat("x", 1025)}, channel[6:]...)...)}), Tampered},
		{"256 channels", set(21, A(repeat(channel, 256))), Complete},
		{"257 channels", set(21, A(repeat(channel, 257))), Tampered},
		{"eight kinds", set(25, A{0, 0, 0, 0, 0, 0, 0, 1}), Tampered},
		{"ten kinds", set(25, A{0, 0, 0, 0, 0, 0, 0, 1, 0, 0}), Tampered},
		{"skipped with another key", set(17, M{"stdin", 0, "stdout", 0, "stderr", 0, "x", 0}), Tampered},
		{"negative gaps", set(27, -1), Tampered},
	}
	for _, tt := range tests {
		l := newLogMaker(t)
		l.add(event.Event{Time: 7, Body: &event.Connect{}})
		l.raw(event.Event{Time: 7, Body: &event.Summary{}}, []byte(enc(ext("summary", tt.data))))
		l.flush()
		if v, err := verdictOf(t, l.w.AppendEnd(l.out)); v != tt.want {
			t.Errorf("%s: %v (%v), want %v", tt.name, v, err, tt.want)
		}
	}
}

func repeat(v any, n int) []any {
	a := make([]any, n)
	for i := range a {
		a[i] = v
	}
	return a
}

// TestSummaryPlace has summaries that do not stand where they must.
func TestSummaryPlace(t *testing.T) {
	t.Run("missing", func(t *testing.T) {
		l := newLogMaker(t)
		session(l)
		l.flush()
		if v, err := verdictOf(t, l.w.AppendEnd(l.out)); v != Tampered {
			t.Errorf("%v (%v), want tampered", v, err)
		}
	})
	t.Run("alone", func(t *testing.T) {
		l := newLogMaker(t)
		l.tally.conn = testConn
		if v, err := verdictOf(t, l.end()); v != Tampered {
			t.Errorf("%v (%v), want tampered", v, err)
		}
	})
	t.Run("followed in its block", func(t *testing.T) {
		l := newLogMaker(t)
		session(l)
		l.add(event.Event{Time: l.tally.last, Body: l.summary()})
		l.add(event.Event{Time: l.tally.last, Body: &event.Disconnect{}})
		l.flush()
		if v, err := verdictOf(t, l.w.AppendEnd(l.out)); v != Tampered {
			t.Errorf("%v (%v), want tampered", v, err)
		}
	})
	t.Run("followed by a block", func(t *testing.T) {
		l := newLogMaker(t)
		session(l)
		l.add(event.Event{Time: l.tally.last, Body: l.summary()})
		l.flush()
		l.add(event.Event{Time: l.tally.last, Body: &event.Disconnect{}})
		l.flush()
		for _, cut := range []int{0, 1, 40} {
			if v, err := verdictOf(t, l.out[:len(l.out)-cut]); v != Tampered {
				t.Errorf("cut by %d: %v (%v), want tampered", cut, v, err)
			}
		}
	})
	t.Run("of another connection", func(t *testing.T) {
		l := newLogMaker(t)
		session(l)
		l.tally.conn = "another"
		if v, err := verdictOf(t, l.end()); v != Tampered {
			t.Errorf("%v (%v), want tampered", v, err)
		}
	})
}

func TestSeveralConnections(t *testing.T) {
	for _, named := range []bool{false, true} {
		l := newLogMaker(t)
		user := "alice"
		l.summaryBreak = func(s *event.Summary) {
			if named {
				s.Username = &user
			}
		}
		l.add(event.Event{Conn: event.Gateway, Time: 1, Body: &event.GatewayStart{}})
		l.add(event.Event{Conn: "one", Time: 2, Body: &event.Connect{}})
		l.add(event.Event{Conn: "two", Time: 2, Body: &event.Connect{}})
		want := Complete
		if named {
			want = Tampered
		}
		if v, err := verdictOf(t, l.end()); v != want {
			t.Errorf("with a username %t: %v (%v), want %v", named, v, err, want)
		}
	}
}
