package s3

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/internal/s3test/hostile"
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

// ways are the kinds of servers that a session meets.
func ways() map[string]hostile.Options {
	return map[string]hostile.Options{
		"all is permitted":     {},
		"six are permitted":    {Permitted: hostile.Six(), Forgetful: true},
		"there is no If-Match": {Unconditional: true, Forgetful: true},
	}
}

// TestEveryFaultAtEveryRequest has each request of a session meet each way to misbehave, one at a
// time.
func TestEveryFaultAtEveryRequest(t *testing.T) {
	for way, options := range ways() {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			counts := map[hostile.Op]int{}
			synctest.Test(t, func(t *testing.T) { counts = trial(t, options, nil) })
			if counts[hostile.UploadPart] != 9 || counts[hostile.CompleteUpload] != 2 || counts[hostile.PutObject] != 2 {
				t.Errorf("a session makes these requests: %v", counts)
			}
			for op, n := range counts {
				for k := range n {
					for _, f := range hostile.Faults(op) {
						t.Run(fmt.Sprintf("%s %d %v", op, k+1, f), func(t *testing.T) {
							synctest.Test(t, func(t *testing.T) { trial(t, options, hostile.At(op, k+1, f)) })
						})
					}
				}
			}
		})
	}
}

// TestEveryFaultForAnHour has all requests of one kind meet a fault for the first hour.
func TestEveryFaultForAnHour(t *testing.T) {
	for way, options := range ways() {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			for _, op := range hostile.Six() {
				for _, f := range hostile.Faults(op) {
					t.Run(fmt.Sprintf("%s %v", op, f), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							over := time.Now().Add(time.Hour)
							trial(t, options, func(r hostile.Request) *hostile.Fault {
								if r.Op == op && r.Time.Before(over) {
									return f
								}
								return nil
							})
						})
					})
				}
			}
		})
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
