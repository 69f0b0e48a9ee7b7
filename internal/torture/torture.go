// Package torture gives the rigs that torture a gateway their chance and their time.
//
// A rig's tests have two forms. The quick one is part of every test run: a few rounds. The
// long one, `make torture`, goes on for as long as its flag -time says. Both draw what
// happens from a seed, which a failure prints and the flag -seed repeats:
//
//	rig := torture.New(t)
//	for round := range rig.Rounds(3) {
//		k := rig.IntN(1000) // fail the k-th call
//		...
//	}
//
// What runs at once takes a source of its own from Rig.Source, so that a seed
// repeats what each of them does, if not when.
package torture

import (
	"flag"
	"iter"
	"math/rand/v2"
	"testing"
	"time"
)

var (
	seedFlag = flag.Uint64("seed", 0, "repeat what this seed does; 0 draws one")
	timeFlag = flag.Duration("time", 0, "torture each rig for this long instead of a few rounds")
)

// Rig is one test's chance and time. Its Rand is for one goroutine at a time.
type Rig struct {
	*rand.Rand
	Seed  uint64
	limit time.Duration // 0 in the quick form
	began time.Time
}

// New begins a rig. If the test fails, it says how to repeat it.
func New(t testing.TB) *Rig {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()>>32 | 1 // short enough to be typed
	}
	r := &Rig{Seed: seed, limit: *timeFlag, began: time.Now()}
	r.Rand = r.Source(0)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat it with -run '^%s$' -seed %d -time %v", t.Name(), seed, r.limit)
		}
	})
	return r
}

// Source returns the n-th source of chance of the rig's seed.
func (r *Rig) Source(n uint64) *rand.Rand { return rand.New(rand.NewPCG(r.Seed, n)) }

// Long reports whether this is the long form: all of it, not a sample.
func (r *Rig) Long() bool { return r.limit > 0 }

// Size returns quick or long, whichever form this is.
func (r *Rig) Size(quick, long int) int {
	if r.Long() {
		return long
	}
	return quick
}

// Rounds counts rounds: quick of them, or as many as the long form's time has room for.
func (r *Rig) Rounds(quick int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for n := 0; ; n++ {
			over := n >= quick
			if r.Long() {
				over = n > 0 && time.Since(r.began) >= r.limit
			}
			if over || !yield(n) {
				return
			}
		}
	}
}
