package faults

import (
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
)

// trial is one run of a gateway on a disk with a fault, from its start to its end.
type trial struct {
	setting
	fault

	disk              *faultdisk.Memory
	process           *faultdisk.Process
	trouble           *trouble
	house             *house
	openErr           error
	victim, bystander *person
	late              *person
}

const (
	rounds = 6
	pause  = 30 * time.Millisecond
)

// run plays the story: somebody talks to a program, another comes, talks and goes; in
// the end a third one comes.
func run(t testing.TB, k keys, s setting, f fault, harmless bool) *trial {
	t.Helper()
	r := &trial{setting: s, fault: f, disk: newDisk(t), trouble: &trouble{fault: f, harmless: harmless}}
	r.bystander, r.victim, r.late = newPerson("bystander", 1, time.Now), newPerson("victim", 2, time.Now), newPerson("late", 3, time.Now)
	r.trouble.onDeath = r.die
	r.process = faultdisk.NewProcess(r.disk, r.trouble.decide)
	r.house, r.openErr = openHouse(t, k, r.process, s, []*person{r.bystander, r.victim, r.late})
	if r.openErr != nil {
		return r
	}
	r.bystander.login(r.house.net, k.client)
	r.bystander.round()
	r.victim.login(r.house.net, k.client)
	for range rounds {
		pass(pause)
		r.victim.round()
		r.bystander.round()
	}
	if f.span == briefly {
		pass(brief + 2*time.Second)
		r.victim.round()
		r.bystander.round()
	}
	r.victim.finish()
	pass(pause)
	r.bystander.round()
	r.late.login(r.house.net, k.client)
	r.late.round()
	r.late.finish()
	r.bystander.finish()
	r.house.stop()
	return r
}

// pass lets time pass: that of the bubble of testing/synctest, in which a trial runs.
func pass(d time.Duration) { <-time.After(d) }

// people are those who were there.
func (r *trial) people() []*person { return []*person{r.bystander, r.victim, r.late} }

// die notes what everybody has seen when the gateway dies.
func (r *trial) die() {
	for _, p := range r.people() {
		if p.program == nil {
			continue
		}
		p.out.die()
		p.errs.die()
		p.program.input.die()
	}
}
