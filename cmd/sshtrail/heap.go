package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// heapRoom is how much garbage may lie about before it is collected, however small the rest
// is. Go waits for as much as is in use, which in a gateway with a few sessions are some
// MiB: with packets of 32 KiB it collected a hundred times a second, and gave memory back
// to the system to take it again, which was 15 % of the CPU that a GiB costs with audit
// off. With 1,000 sessions more than this is in use, and nothing changes.
const heapRoom = 32 << 20

// spacious has the process leave the garbage be while it is less than heapRoom, until stop
// is called. A user's own wish (GOGC) stays.
func spacious() (stop func()) {
	over := new(atomic.Bool)
	if os.Getenv("GOGC") == "" {
		(&collection{percent: 100, over: over}).end()
	}
	return func() { over.Store(true) }
}

// collection is garbage that is made anew each time, so that each collection finds it.
type collection struct {
	percent int // as it was set last
	over    *atomic.Bool
}

// end is called at the end of each collection, and sets when the next one is due.
func (c *collection) end() {
	inUse := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(inUse)
	if c.over.Load() {
		debug.SetGCPercent(100)
		return
	}
	if p := garbagePercent(inUse[0].Value.Uint64()); p != c.percent {
		debug.SetGCPercent(p)
		c.percent = p
	}
	runtime.SetFinalizer(c, (*collection).end)
}

// garbagePercent is the garbage that may lie about when so much is in use, in percent of
// that. It is in steps, since setting it stops the process for a moment.
func garbagePercent(inUse uint64) int {
	const most = 1600
	p := 100
	for p < most && uint64(p)*inUse/100 < heapRoom/2 {
		p *= 2
	}
	return p
}
