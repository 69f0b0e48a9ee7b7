package gateway

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/sshtrail/sshtrail/internal/config"
	"github.com/sshtrail/sshtrail/internal/metrics"
)

// startups limits connections that are not logged in yet, all together and for each
// address, as OpenSSH's MaxStartups and PerSourceMaxStartups do.
type startups struct {
	limit     config.Startups
	perSource int

	mu      sync.Mutex
	all     int
	sources map[string]int
}

func newStartups(limit config.Startups, perSource int) *startups {
	return &startups{limit: limit, perSource: perSource, sources: map[string]int{}}
}

// admit counts a connection in, or says why not. Who was admitted must be counted out
// with done.
func (s *startups) admit(source string) (reason metrics.Refusal, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sources[source] >= s.perSource {
		return metrics.PerSource, fmt.Sprintf("%d connections from this address are not logged in yet (ssh.maxStartupsPerSource)", s.sources[source])
	}
	if rand.IntN(100) < s.refusedPercent() {
		return metrics.MaxStartups, s.tooMany()
	}
	s.all++
	s.sources[source]++
	return "", ""
}

func (s *startups) tooMany() string {
	return fmt.Sprintf("%d connections are not logged in yet (ssh.maxStartups)", s.all)
}

// count returns how many connections are not logged in yet and, if so many are that all
// others are refused, the sentence that says so.
func (s *startups) count() (n int, full string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refusedPercent() == 100 {
		full = s.tooMany()
	}
	return s.all, full
}

// refusedPercent rises from limit.Rate at limit.Start to 100 at limit.Full.
func (s *startups) refusedPercent() int {
	l := s.limit
	switch {
	case s.all >= l.Full:
		return 100
	case s.all < l.Start:
		return 0
	}
	return l.Rate + (100-l.Rate)*(s.all-l.Start)/(l.Full-l.Start)
}

func (s *startups) done(source string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.sources[source]--; s.sources[source] == 0 {
		delete(s.sources, source)
	}
}
