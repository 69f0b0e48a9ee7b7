package s3

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/internal/s3test/hostile"
	"github.com/sshtrail/sshtrail/internal/torture"
	"github.com/sshtrail/sshtrail/storage"
)

// text returns how a log begins: n bytes that are no other log's, and nowhere the same.
func text(name storage.Name, n int) []byte {
	r := rand.NewChaCha8(sha256.Sum256([]byte(name)))
	b := make([]byte, n)
	_, _ = r.Read(b) // never fails
	return b
}

// session writes logs as sessions do: a short one, one of several parts and a bit, one of
// parts that are full, and an empty one, all at once.
func session(h *house) (names []storage.Name) {
	h.t.Helper()
	sizes := map[storage.Name]int{"a-short": 10, "b-long": 5*partSize + 7, "c-full": 3 * partSize, "d-empty": 0}
	names = []storage.Name{"a-short", "b-long", "c-full", "d-empty"}
	var writers []*writer
	for _, name := range names {
		w, err := h.create(name)
		if err != nil {
			h.t.Fatal(err)
		}
		writers = append(writers, w)
	}
	const step = 23
	for at := 0; at < 6*partSize; at += step {
		for _, w := range writers {
			if size := sizes[w.name]; at < size {
				if _, err := w.Write(text(w.name, size)[at:min(size, at+step)]); err != nil {
					h.t.Fatal(err)
				}
			}
		}
		pass(time.Second)
	}
	for _, w := range writers {
		if err := w.Commit(context.Background()); err != nil {
			h.t.Fatal(err)
		}
	}
	return names
}

// way is a kind of server that sessions meet.
type way struct {
	name    string
	options hostile.Options
	chance  *rand.Rand
	rig     *torture.Rig
}

// overWays runs a test for each kind of server.
func overWays(t *testing.T, test func(t *testing.T, w *way)) {
	rig := torture.New(t)
	for i, w := range []*way{
		{name: "six are permitted", options: hostile.Options{Permitted: hostile.Six(), Forgetful: true}},
		{name: "all is permitted"},
		{name: "there is no If-None-Match", options: hostile.Options{Unconditional: true, Forgetful: true}},
	} {
		w.rig, w.chance = rig, rig.Source(uint64(i))
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			test(t, w)
		})
	}
}

// takes reports whether a trial is made: all are in the long form, and one in n in the quick one.
func (w *way) takes(n int) bool { return w.chance.IntN(n) == 0 || w.rig.Long() }

// TestEveryFaultAtEveryRequest has each request of a session meet each way to misbehave, one at a
// time. The quick form leaves some out where another request of the kind has met it.
func TestEveryFaultAtEveryRequest(t *testing.T) {
	overWays(t, func(t *testing.T, w *way) {
		counts := map[hostile.Op]int{}
		synctest.Test(t, func(t *testing.T) { counts = trial(t, w.options, nil) })
		if counts[hostile.UploadPart] != 9 || counts[hostile.CompleteUpload] != 2 || counts[hostile.PutObject] != 2 {
			t.Errorf("a session makes these requests: %v", counts)
		}
		for _, op := range slices.Sorted(maps.Keys(counts)) {
			for k := range counts[op] {
				for _, f := range hostile.Faults(op) {
					if k > 0 && !w.takes(5) {
						continue
					}
					t.Run(fmt.Sprintf("%s %d %v", op, k+1, f), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { trial(t, w.options, hostile.At(op, k+1, f)) })
					})
				}
			}
		}
	})
}

// TestEveryFaultForAnHour has all requests of one kind meet a fault for the first hour. In the quick
// form not every kind of server does.
func TestEveryFaultForAnHour(t *testing.T) {
	overWays(t, func(t *testing.T, w *way) {
		for _, op := range hostile.Six() {
			for _, f := range hostile.Faults(op) {
				if !w.takes(4) {
					continue
				}
				t.Run(fmt.Sprintf("%s %v", op, f), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { trial(t, w.options, forAnHour(op, f)) })
				})
			}
		}
	})
}

func forAnHour(op hostile.Op, f *hostile.Fault) func(hostile.Request) *hostile.Fault {
	over := time.Now().Add(time.Hour)
	return func(r hostile.Request) *hostile.Fault {
		if r.Op == op && r.Time.Before(over) {
			return f
		}
		return nil
	}
}

// trial has a session under a plan, and returns how many requests of each kind it made.
func trial(t *testing.T, o hostile.Options, plan func(hostile.Request) *hostile.Fault) map[hostile.Op]int {
	h := newHouse(t, o)
	defer h.tell()
	if plan != nil {
		h.server.Plan(plan)
	}
	h.start()
	names := session(h)
	h.settled()
	if err := h.stop(time.Minute); err != nil {
		t.Errorf("stop: %v", err)
	}
	h.check(again(o, h.server.Ledger()), names...)
	if n := h.process.Open(); n != 0 {
		t.Errorf("%d files are left open", n)
	}
	counts := map[hostile.Op]int{}
	for _, e := range h.server.Ledger() {
		counts[e.Op]++
	}
	return counts
}

// again is how many times a log may have been written beside the one that counts: as often as the
// server took it in a way that the gateway can't know of, or kept other bytes.
func again(o hostile.Options, ledger []hostile.Entry) (n int) {
	for _, e := range ledger {
		makes := e.Op == hostile.PutObject || e.Op == hostile.CompleteUpload
		if e.Fault != nil && e.Done && makes && (o.Permitted != nil || o.Unconditional || e.Fault.Lies()) {
			n++
		}
	}
	return n
}
