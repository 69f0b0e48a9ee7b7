package replay

import (
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/event"
)

func TestReachIsExact(t *testing.T) {
	s := newSample(t)
	s.limit = 500
	s.begin(0, 40, 10)
	s.shell(rand.New(rand.NewPCG(5, 5)), 2000)
	log := s.end()
	l := open(t, log, Options{})
	for _, part := range []time.Duration{0, 1, 2, 3, 4} {
		p, to := NewPlayer(l, l.Main()), l.Main().Length()*part/4
		if err := p.Reach(to); err != nil {
			t.Fatal(err)
		}
		if !p.Exact() || p.Seeking() || !p.Screen().Equal(s.screenAt(l.Main(), to)) {
			t.Errorf("at %v: Exact() = %v, Seeking() = %v, or another screen", to, p.Exact(), p.Seeking())
		}
	}
}

// TestNoMoreMessagesThanAreToBePlayed plays the beginning of a log.
func TestNoMoreMessagesThanAreToBePlayed(t *testing.T) {
	s := newSample(t)
	s.limit = 500
	s.begin(0, 40, 10)
	s.shell(rand.New(rand.NewPCG(6, 6)), 500)
	log := s.end()
	for _, most := range []uint64{4, 100, 333} {
		l := open(t, log, Options{Messages: most})
		p := NewPlayer(l, l.Main())
		last := uint64(0)
		for {
			f, _, err := p.Step()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			last = f.Seq
		}
		if last >= most || last+50 < most {
			t.Errorf("of %d messages the last one that is played is %d", most, last)
		}
		if f, _, err := p.Step(); err != io.EOF {
			t.Errorf("behind the last message there is %+v, %v", f, err)
		}
	}
}

func TestFramesSayWhatRanAndHowItEnded(t *testing.T) {
	s := newSample(t)
	s.begin(0, 40, 10)
	for _, body := range []event.Body{
		&event.Exec{Program: "make all"}, &event.Exit{ExitStatus: 2}, &event.Subsystem{Subsystem: "sftp"}, &event.ExitSignal{Signal: "SEGV"},
	} {
		s.add(0, 0, body)
	}
	l := open(t, s.end(), Options{})
	p := NewPlayer(l, l.Main())
	var got []Frame
	for {
		f, _, err := p.Step()
		if err != nil {
			break
		}
		if f.Kind == Begin || f.Kind == Exit {
			got = append(got, f)
		}
	}
	want := []string{"", "make all", "2", "sftp", "SEGV"}
	if len(got) != len(want) {
		t.Fatalf("%d frames, want %d", len(got), len(want))
	}
	for i, f := range got {
		if f.Text != want[i] {
			t.Errorf("frame %d says %q, want %q", i, f.Text, want[i])
		}
	}
}
