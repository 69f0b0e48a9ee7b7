package main

import (
	"fmt"

	"github.com/sshtrail/sshtrail/bench/load"
	"github.com/sshtrail/sshtrail/bench/rig"
)

// bulk sends data as fast as it goes, both ways, from and to a real sshd.
func (b *bench) bulk() error {
	target, err := b.SSHD()
	if err != nil {
		return err
	}
	defer target.Stop()
	for _, kind := range []string{load.Text, load.Random, load.Zeros} {
		if err := load.WriteData(b.Path(kind), kind, b.plan.bulk); err != nil {
			return err
		}
		for _, way := range []string{"down", "up"} {
			what := kind + " " + way
			if what == "zeros up" {
				continue // says no more than zeros down
			}
			err := b.interleaved(target, b.variants(), b.plan.rounds, func(p *rig.Process, round int) error {
				return b.profiled(p, what, 5, func() error {
					return b.transfer(p, sample{What: what, Who: p.Name, Round: round}, kind, way)
				})
			})
			if err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
		}
	}
	return nil
}

// transfer sends a file one way. The CPU is that until the log is finished, since
// compressing goes on for a while.
func (b *bench) transfer(p *rig.Process, s sample, kind, way string) error {
	session, err := b.client(p).Open()
	if err != nil {
		return err
	}
	defer session.Close()
	w, err := b.watch(p)
	if err != nil {
		return err
	}
	if way == "down" {
		err = session.Down(b.Path(kind), int64(b.plan.bulk))
	} else {
		err = session.Up(b.Path(kind), int64(b.plan.bulk))
	}
	if err != nil {
		return err
	}
	took := w.took()
	if err := session.Close(); err != nil {
		return err
	}
	gib := float64(b.plan.bulk) / (1 << 30)
	s.Values = map[metric]float64{speed: float64(b.plan.bulk) / 1e6 / took.Seconds()}
	if p.Logs != "" {
		size, err := b.finished(p, 1, 1)
		if err != nil {
			return err
		}
		s.Values[logGiB] = float64(size) / (1 << 20) / gib
		if err := p.Clear(); err != nil {
			return err
		}
	}
	cpu, err := w.cpu()
	if err != nil {
		return err
	}
	s.Values[cpuGiB] = cpu.Seconds() / gib
	return b.add(w, s)
}

// settings compares what can be set to make recording cheaper.
func (b *bench) settings() error {
	target, err := b.SSHD()
	if err != nil {
		return err
	}
	defer target.Stop()
	variants := b.variants()[:2]
	for _, k := range []struct {
		name string
		a    rig.Audit
	}{
		{"all streams", rig.Audit{}},
		{"output only", rig.Audit{Intercept: "{}"}}, // the default
		{"no streams", rig.Audit{Intercept: "{stdout: false, stderr: false}"}},
		{"blocks of 1 MiB", rig.Audit{Block: "1MiB"}},
		{"sync 1m", rig.Audit{Sync: "1m"}},
	} {
		variants = append(variants, variant{k.name, func(target *rig.Process) (*rig.Process, error) { return b.Gateway(k.name, target, k.a) }})
	}
	if err := load.WriteData(b.Path(load.Text), load.Text, b.plan.bulk); err != nil {
		return err
	}
	return b.interleaved(target, variants, b.plan.rounds, func(p *rig.Process, round int) error {
		return b.transfer(p, sample{What: settled, Who: p.Name, Round: round}, load.Text, "down")
	})
}

// settled is what settings does.
const settled = "text down, by settings"

// What sync is compared with: so long that nothing is synced before the end.
const syncSeldom = "sync 1m"

// sync compares how often the journal is synced.
func (b *bench) sync() error {
	target, err := b.SSHD()
	if err != nil {
		return err
	}
	defer target.Stop()
	var variants []variant
	for _, every := range []string{"1m", "100ms", "0"} {
		variants = append(variants, variant{"sync " + every, func(target *rig.Process) (*rig.Process, error) {
			return b.Gateway("sync "+every, target, rig.Audit{Sync: every})
		}})
	}
	for _, kind := range []string{load.Text, load.Random} {
		if err := load.WriteData(b.Path(kind), kind, b.plan.bulk); err != nil {
			return err
		}
		err := b.interleaved(target, variants, b.plan.rounds, func(p *rig.Process, round int) error {
			return b.transfer(p, sample{What: kind + " synced", Who: p.Name, Round: round}, kind, "down")
		})
		if err != nil {
			return err
		}
	}
	return nil
}
