package main

import (
	"math"
	"slices"
	"time"

	"github.com/sshtrail/sshtrail/bench/floor"
	"github.com/sshtrail/sshtrail/bench/rig"
)

// echoes adds what the times of echoes say.
func echoes(took []time.Duration, into map[metric]float64) {
	slices.Sort(took)
	at := func(part float64) float64 {
		return float64(took[int(math.Round(part*float64(len(took)-1)))]) / 1e3
	}
	into[p50], into[p99] = at(0.5), at(0.99)
}

// The names of what is typed.
const (
	flatOut = "keys flat out"
	paced   = "keys of people"
)

// keys types flat out, in one session of a real sshd, each key when the one before has come back.
func (b *bench) keys() error {
	target, err := b.SSHD()
	if err != nil {
		return err
	}
	defer target.Stop()
	rounds := b.plan.rounds * 2 // they take a second, and differ a lot
	return b.interleaved(target, b.variants(), rounds, func(p *rig.Process, round int) error {
		s, err := b.client(p).Open()
		if err != nil {
			return err
		}
		defer s.Close()
		if err := s.Start(floor.Echo); err != nil {
			return err
		}
		if _, err := s.Keys(1 + b.plan.keys/10); err != nil { // warm
			return err
		}
		return b.profiled(p, flatOut, 3, func() error {
			return b.typed(p, sample{What: flatOut, Who: p.Name, Round: round}, func() ([]time.Duration, error) { return s.Keys(b.plan.keys) })
		})
	})
}

// typed measures what keys cost that f types.
func (b *bench) typed(p *rig.Process, s sample, f func() ([]time.Duration, error)) error {
	w, err := b.watch(p)
	if err != nil {
		return err
	}
	took, err := f()
	if err != nil {
		return err
	}
	cpu, err := w.cpu()
	if err != nil {
		return err
	}
	if s.Values == nil {
		s.Values = map[metric]float64{}
	}
	s.Values[cpuKeys] = cpu.Seconds() * 1e3 / float64(len(took)) * 1e3
	echoes(took, s.Values)
	return b.add(w, s)
}

// people has many type at once, as people do, each in a session of their own.
func (b *bench) people() error {
	target, err := b.Server()
	if err != nil {
		return err
	}
	defer target.Stop()
	return b.interleaved(target, b.variants(), b.plan.rounds, func(p *rig.Process, round int) error {
		return b.crowd(p, sample{What: paced, Who: p.Name, Round: round})
	})
}

func (b *bench) crowd(p *rig.Process, s sample) error {
	all, err := b.client(p).OpenMany(b.plan.people)
	if err != nil {
		return err
	}
	defer all.Close()
	n := 0
	s.Values = map[metric]float64{}
	err = b.typed(p, s, func() ([]time.Duration, error) {
		took, err := all.Type(b.plan.typing)
		n = len(took)
		return took, err
	})
	if err != nil || p.Logs == "" {
		return err
	}
	if err := all.Close(); err != nil {
		return err
	}
	size, err := b.finished(p, b.plan.people, b.plan.people)
	if err != nil {
		return err
	}
	s.Values[logUnit] = short(float64(size) / float64(n)) // of each key, with the whole of the log around it
	return p.Clear()
}

// Logins one by one show what one takes, many at once what the gateway can do.
const (
	oneByOne  = "logins one by one"
	sixteen   = "logins 16 at once"
	theClient = 16
)

// logins logs in and leaves. The target is the server floor: a real sshd takes ten times as
// long for a login as the gateway, which would hide it.
func (b *bench) logins() error {
	target, err := b.Server()
	if err != nil {
		return err
	}
	defer target.Stop()
	for _, how := range []struct {
		what      string
		n, atOnce int
	}{{oneByOne, b.plan.oneByOne, 1}, {sixteen, b.plan.atOnce, theClient}} {
		err := b.interleaved(target, b.variants(), b.plan.rounds, func(p *rig.Process, round int) error {
			return b.profiled(p, how.what, 3, func() error {
				return b.login(p, sample{What: how.what, Who: p.Name, Round: round}, how.n, how.atOnce)
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) login(p *rig.Process, s sample, n, atOnce int) error {
	w, err := b.watch(p)
	if err != nil {
		return err
	}
	if err := b.client(p).Logins(n, atOnce); err != nil {
		return err
	}
	took := w.took()
	s.Values = map[metric]float64{perSecond: float64(n) / took.Seconds()}
	if p.Logs != "" {
		size, err := b.finished(p, n, 0)
		if err != nil {
			return err
		}
		s.Values[logUnit] = float64(size) / float64(n)
		if err := p.Clear(); err != nil {
			return err
		}
	}
	cpu, err := w.cpu()
	if err != nil {
		return err
	}
	s.Values[cpuLogin] = cpu.Seconds() * 1e3 / float64(n)
	return b.add(w, s)
}

// The things whose logs are measured.
const (
	logTrue = "log of ssh host true"
	logKey  = "log of a key, typed and come back"
	logLine = "log of a line of 80 characters"
)

// sizes measures how much log there is of small things: live, of whole sessions of one
// program; and of what people type and programs print by the line, in the recorder's own time.
func (b *bench) sizes() error {
	target, err := b.SSHD()
	if err != nil {
		return err
	}
	defer target.Stop()
	p, err := b.Gateway(recorded, target, rig.Audit{})
	if err != nil {
		return err
	}
	defer p.Stop()
	w, err := b.watch(p)
	if err != nil {
		return err
	}
	for range b.plan.hosts {
		if err := b.runTrue(p); err != nil {
			return err
		}
	}
	size, err := b.finished(p, b.plan.hosts, b.plan.hosts)
	if err != nil {
		return err
	}
	each := map[metric]float64{logUnit: float64(size) / float64(b.plan.hosts)}
	if err := b.add(w, sample{What: logTrue, Who: recorded, Values: each}); err != nil {
		return err
	}
	return b.simulated(w)
}

func (b *bench) runTrue(p *rig.Process) error {
	s, err := b.client(p).Open()
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Run(floor.True)
}

// finished waits for so many logs, of so many sessions, and returns the size of what there is.
func (b *bench) finished(p *rig.Process, logs, sessions int) (int64, error) {
	want := rig.Kept{Logs: logs}
	if p.Name == andCast {
		want.Casts = sessions
	}
	if err := p.Settled(want); err != nil {
		return 0, err
	}
	return p.Size()
}
