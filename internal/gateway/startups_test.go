package gateway

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/internal/config"
	"github.com/sshtrail/sshtrail/internal/metrics"
)

func TestStartupsLimitsAllTogether(t *testing.T) {
	s := newStartups(config.Startups{Start: 3, Rate: 100, Full: 3}, 10)
	for i := range 3 {
		if reason, why := s.admit(fmt.Sprint("10.0.0.", i)); reason != "" {
			t.Errorf("admit %d = %q, want none", i, why)
		}
	}
	if reason, why := s.admit("10.0.0.9"); reason != metrics.MaxStartups || !strings.Contains(why, "ssh.maxStartups") {
		t.Errorf("the fourth is admitted (%q, %q)", reason, why)
	}
	s.done("10.0.0.1")
	if reason, why := s.admit("10.0.0.9"); reason != "" {
		t.Errorf("after one has logged in the next is refused: %q", why)
	}
}

func TestStartupsLimitsEachSource(t *testing.T) {
	s := newStartups(config.Startups{Start: 100, Rate: 100, Full: 100}, 2)
	for _, c := range []struct {
		source string
		want   string
	}{{"10.0.0.1", ""}, {"10.0.0.1", ""}, {"10.0.0.1", "ssh.maxStartupsPerSource"}, {"10.0.0.2", ""}} {
		reason, why := s.admit(c.source)
		if (reason == "") != (c.want == "") || (why == "") != (c.want == "") || !strings.Contains(why, c.want) {
			t.Errorf("admit(%s) = %q, %q, want %q", c.source, reason, why, c.want)
		}
	}
	for range 2 {
		s.done("10.0.0.1")
	}
	s.done("10.0.0.2")
	if s.all != 0 || len(s.sources) != 0 {
		t.Errorf("after all are done %d are counted, and %d sources kept", s.all, len(s.sources))
	}
}

func TestStartupsRampIsOpenSSHs(t *testing.T) {
	s := newStartups(config.Startups{Start: 10, Rate: 30, Full: 60}, 100)
	for all, want := range map[int]int{0: 0, 9: 0, 10: 30, 35: 65, 59: 98, 60: 100, 1000: 100} {
		s.all = all
		if got := s.refusedPercent(); got != want {
			t.Errorf("with %d connections %d per cent are refused, want %d", all, got, want)
		}
	}
}
