package main

import (
	"runtime"
	"runtime/metrics"
	"testing"
)

func TestGarbagePercent(t *testing.T) {
	for inUse, want := range map[uint64]int{
		0: 1600, 1 << 20: 1600, 3 << 20: 800, 5 << 20: 400, 9 << 20: 200, 16 << 20: 100, 60 << 20: 100, 10 << 30: 100,
	} {
		p := garbagePercent(inUse)
		if p != want {
			t.Errorf("garbagePercent(%d MiB) = %d, want %d", inUse>>20, p, want)
		}
		if garbage := uint64(p) * inUse / 100; p > 100 && garbage > heapRoom {
			t.Errorf("with %d MiB in use %d MiB of garbage may lie about, want at most %d", inUse>>20, garbage>>20, heapRoom>>20)
		}
	}
}

func TestSpacious(t *testing.T) {
	t.Setenv("GOGC", "100")
	spacious()()
	if p := percentNow(); p != 100 {
		t.Errorf("with GOGC=100 the percentage is %d, want 100", p)
	}
	t.Setenv("GOGC", "")
	stop := spacious()
	if p := percentNow(); p <= 100 {
		t.Errorf("with little in use the percentage is %d, want more than 100", p)
	}
	large := make([]byte, 4*heapRoom)
	awaitPercent(func(p int) bool { return p == 100 })
	runtime.KeepAlive(large)
	awaitPercent(func(p int) bool { return p > 100 })
	stop()
	awaitPercent(func(p int) bool { return p == 100 })
}

// awaitPercent collects garbage until the percentage is right: what is done at the end of
// a collection is done beside it.
func awaitPercent(right func(int) bool) {
	for !right(percentNow()) {
		runtime.GC()
		runtime.Gosched()
	}
}

func percentNow() int {
	p := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(p)
	return int(p[0].Value.Uint64())
}
