package torture

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestRoundsOfTheQuickForm(t *testing.T) {
	r := Rig{began: time.Now()}
	if got := slices.Collect(r.Rounds(3)); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("three rounds are %v", got)
	}
	if r.Long() || r.Size(1, 2) != 1 {
		t.Error("without a time it is the long form")
	}
}

func TestRoundsOfTheLongForm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := Rig{began: time.Now(), limit: time.Minute}
		n := 0
		for range r.Rounds(3) {
			n++
			time.Sleep(10 * time.Second)
		}
		if n != 6 {
			t.Errorf("a minute has room for %d rounds of 10 s, want 6", n)
		}
		r.limit = time.Nanosecond
		if got := slices.Collect(r.Rounds(3)); len(got) != 1 {
			t.Errorf("a time that is over has room for %v, want one round", got)
		}
	})
}

func TestASeedRepeatsItself(t *testing.T) {
	a, b := New(t), New(t)
	b.Seed = a.Seed
	b.Rand = b.Source(0)
	other := a.Source(1)
	if x, y, z := a.Uint64(), b.Uint64(), other.Uint64(); x != y || x == z {
		t.Errorf("one seed gives %d and %d, its second source %d", x, y, z)
	}
}
