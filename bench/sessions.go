package main

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sshtrail/sshtrail/bench/meter"
	"github.com/sshtrail/sshtrail/bench/rig"
)

// The names of what is held open.
const (
	openSessions = "sessions open"
	beforeLogin  = "connections before login"
)

// sessions holds many sessions open, in each of which a key was typed, and types one in
// one after another. Each number has new processes, since none gives its memory back at once.
func (b *bench) sessions() error {
	target, err := b.Server()
	if err != nil {
		return err
	}
	defer target.Stop()
	for _, n := range b.plan.sessions {
		rounds := 1
		if n <= 1000 {
			rounds = max(1, b.plan.rounds/3)
		}
		for round := range rounds {
			for _, v := range b.variants() {
				if err := b.hold(v, target, n, round); err != nil {
					return fmt.Errorf("%d sessions, %s: %w", n, v.name, err)
				}
			}
		}
	}
	return b.knock(target)
}

// room is how many of n sessions this process's limit of file descriptors, which those
// that it starts inherit, has room for.
func room(who string, n int) (int, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("read limit of file descriptors: %w", err)
	}
	// What Go opens with is the hard limit. A session has a client's and a target's; a log
	// and a journal if it is recorded. A gateway keeps a quarter for sessions that are there.
	usable, each := limit.Max-100, uint64(2)
	if who != theFloor {
		usable = usable / 4 * 3
	}
	switch who {
	case recorded:
		each = 4
	case andCast:
		each = 6 // and a journal and a file for the cast
	}
	return int(min(uint64(n), usable/each)), nil
}

func (b *bench) hold(v variant, target *rig.Process, n, round int) error {
	fit, err := room(v.name, n)
	if err != nil {
		return err
	}
	if fit < n {
		b.note("%d sessions, %s: this machine's limit of file descriptors has room for %d", n, v.name, fit)
	}
	p, err := v.start(target)
	if err != nil {
		return err
	}
	defer p.Stop()
	before, err := meter.MemoryOf(p.PID)
	if err != nil {
		return err
	}
	all, err := b.client(p).OpenMany(fit)
	if err != nil {
		return err
	}
	defer all.Close()
	s := sample{What: openSessions, Who: v.name, X: float64(fit), Round: round, Values: map[metric]float64{}}
	err = b.typed(p, s, func() ([]time.Duration, error) { return all.Round(max(fit, b.plan.keys)) })
	if err != nil {
		return err
	}
	now, err := meter.MemoryOf(p.PID)
	if err != nil {
		return err
	}
	s.memory(before, now, fit)
	if b.profile != "" {
		return errors.Join(p.Profile("heap", b.Path("heap")), all.Close())
	}
	return all.Close()
}

// memory adds what each of n takes.
func (s *sample) memory(before, now meter.Memory, n int) {
	s.Values[rss] = short(float64(now.RSS-before.RSS) / float64(n) / 1024)
	if now.PSS > 0 {
		s.Values[pss] = short(float64(now.PSS-before.PSS) / float64(n) / 1024)
	}
}

// knock holds connections open that are not logged in.
func (b *bench) knock(target *rig.Process) error {
	for _, v := range b.variants() {
		if v.name == theFloor {
			continue // it has no limits to compare
		}
		if err := b.knockAt(v, target); err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
	}
	return nil
}

func (b *bench) knockAt(v variant, target *rig.Process) error {
	p, err := v.start(target)
	if err != nil {
		return err
	}
	defer p.Stop()
	w, err := b.watch(p)
	if err != nil {
		return err
	}
	before, err := meter.MemoryOf(p.PID)
	if err != nil {
		return err
	}
	leave, err := b.client(p).Knock(b.plan.knocks)
	if err != nil {
		return err
	}
	defer leave()
	now, err := meter.MemoryOf(p.PID)
	if err != nil {
		return err
	}
	s := sample{What: beforeLogin, Who: v.name, X: float64(b.plan.knocks), Values: map[metric]float64{}}
	s.memory(before, now, b.plan.knocks)
	return b.add(w, s)
}
