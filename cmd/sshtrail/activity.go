package main

import (
	"math"
	"sort"

	"github.com/sshtrail/sshtrail/event"
)

// activity counts what passed, by slices of time. Where nothing happened there is none, so an
// idle night costs nothing. It starts with fine slices and joins them when they get too many.
type activity struct {
	start  int64
	width  int64 // ns, of a slice
	slices []slice
}

// slice is what happened in one.
type slice struct {
	index   int64
	events  uint64
	in, out uint64 // bytes of sessions: stdin; stdout and stderr
	forward uint64 // bytes of other channels, both ways
}

const (
	maxSlices  = 4096
	firstWidth = 1e6 // a millisecond
	sliceLimit = math.MaxInt64 / 2
	jsonSlices = 256 // that the whole time has in JSON
)

func newActivity() *activity { return &activity{width: firstWidth} }

// add counts an event. Those of a foreign log may not be in order: what is late counts as now.
func (a *activity) add(at int64, b *event.IO, forwarded bool) {
	if len(a.slices) == 0 {
		a.start = at
	}
	index := int64(0)
	if at > a.start {
		index = int64(min(uint64(at)-uint64(a.start), sliceLimit)) / a.width
	}
	n := len(a.slices)
	if n > 0 {
		index = max(index, a.slices[n-1].index)
	}
	if n == 0 || a.slices[n-1].index < index {
		a.slices = append(a.slices, slice{index: index})
		n++
	}
	s := &a.slices[n-1]
	s.events++
	if b != nil {
		bytes := uint64(len(b.Data))
		switch {
		case forwarded:
			s.forward += bytes
		case b.Stream == event.Stdin:
			s.in += bytes
		default:
			s.out += bytes
		}
	}
	if n > maxSlices {
		a.fold(func() bool { return len(a.slices) <= maxSlices/2 })
	}
}

// fold joins slices until that is enough.
func (a *activity) fold(enough func() bool) {
	for !enough() {
		a.width *= 2
		kept := a.slices[:0]
		for _, s := range a.slices {
			s.index /= 2
			if n := len(kept); n > 0 && kept[n-1].index == s.index {
				kept[n-1].join(&s)
			} else {
				kept = append(kept, s)
			}
		}
		a.slices = kept
	}
}

func (s *slice) join(t *slice) {
	s.events += t.events
	s.in += t.in
	s.out += t.out
	s.forward += t.forward
}

// from is when a slice begins.
func (a *activity) from(s *slice) int64 { return a.start + s.index*a.width }

// pause is a time without events.
type pause struct{ from, to int64 }

// pauses returns the times between slices, the longest first.
func (a *activity) pauses() []pause {
	var all []pause
	for i := 1; i < len(a.slices); i++ {
		from, to := a.from(&a.slices[i-1])+a.width, a.from(&a.slices[i])
		if to > from {
			all = append(all, pause{from, to})
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].to-all[i].from > all[j].to-all[j].from })
	return all
}

// activityAccount is activity in the keys of show's JSON.
type activityAccount struct {
	SliceNs int64          `json:"sliceNs"`
	Slices  []sliceAccount `json:"slices"` // those in which something happened
}

type sliceAccount struct {
	Time      string `json:"time"`
	Events    uint64 `json:"events"`
	Input     uint64 `json:"input"`
	Output    uint64 `json:"output"`
	Forwarded uint64 `json:"forwarded"`
}

func (a *activity) account() *activityAccount {
	coarse := &activity{a.start, a.width, append([]slice(nil), a.slices...)}
	coarse.fold(func() bool {
		n := len(coarse.slices)
		return n == 0 || coarse.slices[n-1].index < jsonSlices
	})
	acc := &activityAccount{coarse.width, []sliceAccount{}}
	for i := range coarse.slices {
		s := &coarse.slices[i]
		acc.Slices = append(acc.Slices, sliceAccount{exact(coarse.from(s)), s.events, s.in, s.out, s.forward})
	}
	return acc
}
