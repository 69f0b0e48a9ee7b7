package main

import (
	"github.com/sshtrail/sshtrail/bench/floor"
	"github.com/sshtrail/sshtrail/bench/load"
	"github.com/sshtrail/sshtrail/bench/meter"
	"github.com/sshtrail/sshtrail/bench/rig"
)

// oneLog is what grows.
const oneLog = "one log that grows"

// growth makes one log larger and larger, and looks at what each further part of it costs.
// How cost grows with sessions and with logs, the parts sessions and ls measure.
func (b *bench) growth() error {
	target, err := b.Server()
	if err != nil {
		return err
	}
	defer target.Stop()
	p, err := b.Gateway(recorded, target, rig.Audit{})
	if err != nil {
		return err
	}
	defer p.Stop()
	s, err := b.client(p).Open()
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Start(floor.Sink); err != nil {
		return err
	}
	before, err := meter.MemoryOf(p.PID)
	if err != nil {
		return err
	}
	step := b.plan.grow / b.plan.steps
	data := load.Data(load.Random, int(min(step, 64<<20)))
	for i := range b.plan.steps {
		w, err := b.watch(p)
		if err != nil {
			return err
		}
		if err := s.Send(data, step); err != nil {
			return err
		}
		took := w.took()
		cpu, err := w.cpu()
		if err != nil {
			return err
		}
		now, err := meter.MemoryOf(p.PID)
		if err != nil {
			return err
		}
		grown := sample{What: oneLog, Who: recorded, X: float64((i + 1) * step >> 20), Values: map[metric]float64{
			speed: float64(step) / 1e6 / took.Seconds(), cpuGiB: cpu.Seconds() / (float64(step) / (1 << 30)),
		}}
		grown.memory(before, now, 1)
		if err := b.add(w, grown); err != nil {
			return err
		}
	}
	return nil
}
