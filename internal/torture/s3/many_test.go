package s3

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/internal/s3test/hostile"
	"github.com/sshtrail/sshtrail/storage"
)

// TestAThousandSessionsEndAtOnce has a thousand logs wait for a server that is away, in a gateway that is
// restarted meanwhile. When it is back they go up, the oldest first, and a session that goes on
// does not wait for all of them.
func TestAThousandSessionsEndAtOnce(t *testing.T) {
	const many = 1000
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Unix(1_800_000_000, 0))) // later than the times of the disk's files
		h := newHouse(t, hostile.Options{Permitted: hostile.Six()})
		defer h.tell()
		h.config.ParallelUploads = 4
		h.server.Plan(hostile.All(hostile.Refuse(503, "ServiceUnavailable")))
		h.start()
		var names []storage.Name
		for i := range many {
			// The order of their ends is not that of their names.
			name := storage.Name(fmt.Sprintf("%04d", i*7%many))
			w, err := h.create(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(text(name, 10+i%(3*partSize))); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if err := w.Commit(context.Background()); err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
			if i == many/2 {
				h.kill()
				h.start()
			}
		}
		asked := len(h.server.Ledger())
		live, err := h.create("live")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := live.Write(text("live", 3*partSize)); err != nil {
			t.Fatal(err)
		}
		// What a network costs: 50 ms a request, so that there is an order.
		h.network.takes.Store(int64(50 * time.Millisecond))
		h.server.Plan(nil)
		back := time.Now()
		if open := h.process.Open(); open > 20 {
			t.Errorf("%d files are open while the logs wait", open)
		}
		for h.server.Count(hostile.UploadPart) == 0 || !uploads(h.server, "live") {
			time.Sleep(10 * time.Millisecond)
			if time.Since(back) > time.Hour {
				t.Fatal("nothing of the session that goes on is uploaded in an hour")
			}
		}
		if n := len(h.server.Keys()); n > many/2 {
			t.Errorf("the session that goes on had to wait for %d logs", n)
		}
		if err := live.Commit(context.Background()); err != nil {
			t.Fatal(err)
		}
		h.settled()
		took := time.Since(back)
		if err := h.stop(time.Minute); err != nil {
			t.Errorf("stop: %v", err)
		}
		h.inOrder(names)
		h.check(0, append(names, "live")...)
		t.Logf("%d requests during the outage of %d s; %v from its end until all was up, with %d requests", asked, many, took, len(h.server.Ledger())-asked)
	})
}

// uploads reports whether a part of a log was uploaded.
func uploads(s *hostile.Server, key string) bool {
	return slices.ContainsFunc(s.Ledger(), func(e hostile.Entry) bool { return e.Op == hostile.UploadPart && e.Key == key && e.Done })
}

// inOrder checks that logs came to the server in the order in which they were finished, but for those that
// were on their way at the same time, and the few with which the outage was tried.
func (h *house) inOrder(names []storage.Name) {
	h.t.Helper()
	at := map[storage.Name]int{}
	for i, name := range names {
		at[name] = i
	}
	var came []*hostile.Object
	for _, name := range names {
		if o := h.server.Object(string(name)); o != nil {
			came = append(came, o)
		}
	}
	slices.SortStableFunc(came, func(a, b *hostile.Object) int { return cmp.Compare(a.Modified.UnixNano(), b.Modified.UnixNano()) })
	astray := 0
	for i, o := range came {
		if off := at[storage.Name(o.Key)] - i; off > 3*h.config.ParallelUploads || off < -3*h.config.ParallelUploads {
			astray++
			h.t.Logf("log %s was finished as number %d and came as number %d", o.Key, at[storage.Name(o.Key)], i)
		}
	}
	if astray > len(names)/100 {
		h.t.Errorf("%d logs did not come in their order", astray)
	}
}
