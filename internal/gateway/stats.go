package gateway

import (
	"strings"
	"sync/atomic"

	"github.com/sshtrail/sshtrail/internal/metrics"
)

// counters count what happened since the gateway began.
type counters struct {
	connections atomic.Uint64
	refused     map[metrics.Refusal]*atomic.Uint64 // all reasons; the map is not changed
	logins      map[metrics.Method]*atomic.Uint64  // all methods, likewise
}

func newCounters() *counters {
	c := &counters{refused: map[metrics.Refusal]*atomic.Uint64{}, logins: map[metrics.Method]*atomic.Uint64{}}
	for _, r := range metrics.Refusals() {
		c.refused[r] = new(atomic.Uint64)
	}
	for _, m := range metrics.Methods() {
		c.logins[m] = new(atomic.Uint64)
	}
	return c
}

// Stats returns what the gateway can tell of itself. It waits for nothing.
func (g *Gateway) Stats() metrics.Gateway {
	startups, full := g.startups.count()
	s := metrics.Gateway{
		Startups: startups, Sessions: g.Sessions(), Farewells: len(g.farewells),
		Connections: g.counters.connections.Load(),
		Refused:     map[metrics.Refusal]uint64{},
		Logins:      map[metrics.Method]uint64{},
		Obstacles:   g.obstacles(full),
	}
	for r, n := range g.counters.refused {
		s.Refused[r] = n.Load()
	}
	for m, n := range g.counters.logins {
		s.Logins[m] = n.Load()
	}
	return s
}

// obstacles are why a session that begins now would not be accepted and recorded. full
// says so of ssh.maxStartups.
func (g *Gateway) obstacles(full string) []string {
	var why []string
	if !g.serving.Load() {
		why = append(why, "no new connections are taken")
	}
	if g.Recorder != nil {
		if err := g.Recorder.Ready(); err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") { // of several errors each has one
				why = append(why, "sessions can't be recorded: "+line)
			}
		}
	}
	if len(g.slots) == cap(g.slots) {
		why = append(why, g.allTaken()+" (ssh.maxConnections)")
	}
	if full != "" {
		why = append(why, full)
	}
	return why
}
