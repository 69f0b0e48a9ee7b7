package s3

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/internal/s3test/hostile"
	"github.com/sshtrail/sshtrail/storage"
)

// TestThreeDaysWithoutTheStore: sessions go on meanwhile, nothing is lost, few requests are made, and few
// messages; afterwards the oldest log comes first, and parts of a session that goes on are not held up.
func TestThreeDaysWithoutTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, m, said := newServer(hostile.Six()), newDisk(t), newJournal()
		server.Plan(hostile.All(hostile.Refuse(503, "ServiceUnavailable")))
		process := faultdisk.NewProcess(m, nil)
		cfg := testConfig(server)
		cfg.ParallelUploads = 1 // those that are at work at once come in any order
		s := newStore(t, cfg, process, said.logger())
		const outage, logs = 72 * time.Hour, 60
		for i := range logs {
			finish(t, s, storage.Name(fmt.Sprintf("log%03d", i)), pattern(10+7*i))
			time.Sleep(outage / logs)
		}
		if n := len(server.Ledger()); n < int(outage/lastPause) || n > 3*int(outage/lastPause) {
			t.Errorf("%d requests were made in %v", n, outage)
		}
		if n := process.Open(); n > 4 {
			t.Errorf("%d files are open for %d logs that wait", n, logs)
		}
		if st := s.Stats(); st.Waiting != logs || st.Oldest < outage || st.Works || st.Outcomes.OK != 0 || st.Outcomes.Retry < 4000 {
			t.Errorf("the store tells %+v", st)
		}
		live := create(t, s, "session")
		write(t, live, pattern(40*partSize))
		outageEnds := len(server.Ledger())
		server.Plan(nil)
		time.Sleep(2 * lastPause)
		commit(t, live)
		drained(t, s)
		for i := range logs {
			wantObject(t, "at the end", server, fmt.Sprintf("log%03d", i), pattern(10+7*i))
		}
		wantObject(t, "at the end", server, "session", pattern(40*partSize))
		wantEmpty(t, "at the end", m)
		wantOrder(t, server.Ledger()[outageEnds:])
		wantSaid(t, said, []string{
			`level=WARN msg="uploads do not work for now, and are tried until they do; logs wait on this machine"`,
			`level=INFO msg="uploads work again" after=72h`,
		})
	})
}

// wantOrder expects that logs were stored oldest first, and that one in four requests was for the session.
func wantOrder(t *testing.T, ledger []hostile.Entry) {
	t.Helper()
	var done []string
	session, before := 0, 0
	for _, e := range ledger {
		switch {
		case e.Key == "session" && session < 40:
			session++
		case session < 40:
			before++
		}
		if e.Done && e.Key != "session" && (e.Op == hostile.PutObject || e.Op == hostile.CompleteUpload) {
			done = append(done, e.Key)
		}
	}
	if len(done) == 0 || !slices.IsSorted(done[1:]) { // the first is the one that found out that the store works again
		t.Errorf("the logs were stored in the order %q", done)
	}
	if session < 40 || before > 3*40+3 {
		t.Errorf("the session had %d requests beside %d of others", session, before)
	}
}

// wantSaid expects these messages, as far as they are given.
func wantSaid(t *testing.T, said *journal, want []string) {
	t.Helper()
	got := said.lines()
	if len(got) != len(want) || !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("the store said\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestMessagesWhenTheClassChanges: one each time, and one when all is well again, however many requests and logs there are.
func TestMessagesWhenTheClassChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, said := newServer(hostile.Six()), newJournal()
		s := newStore(t, testConfig(server), newDisk(t), said.logger())
		for _, f := range []*hostile.Fault{
			hostile.Refuse(500, "InternalError"), hostile.Refuse(403, "AccessDenied"), hostile.Refuse(403, "AccessDenied"), hostile.Refuse(503, "SlowDown"), nil,
			hostile.Refuse(404, "NoSuchBucket"), nil,
		} {
			server.Plan(hostile.All(f))
			for i := range 3 {
				finish(t, s, storage.Name(fmt.Sprintf("log%d-%d", i, time.Now().Unix())), pattern(5*partSize))
				time.Sleep(10 * time.Minute)
			}
		}
		drained(t, s)
		const warn, fail, well = `level=WARN msg="uploads do not work for now`, `level=ERROR msg="uploads do not work until somebody`, `level=INFO msg="uploads work again"`
		wantSaid(t, said, []string{warn, fail, warn, well, fail, well})
	})
}

// TestABlipIsNotTold: one request that fails is no news.
func TestABlipIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, said := newServer(nil), newJournal()
		server.Plan(hostile.At(hostile.PutObject, 1, hostile.Refuse(500, "InternalError")))
		s := newStore(t, testConfig(server), newDisk(t), said.logger())
		finish(t, s, "log", pattern(1))
		drained(t, s)
		if got := said.lines(); got[0] != "" {
			t.Errorf("the store said %q", got)
		}
	})
}

// TestOneLogThatIsRefusedHoldsUpNoOther, whatever is wrong with it, and its trouble is told once.
func TestOneLogThatIsRefusedHoldsUpNoOther(t *testing.T) {
	for _, f := range []*hostile.Fault{hostile.Refuse(400, "EntityTooLarge"), hostile.Refuse(500, "InternalError"), hostile.Refuse(403, "AccessDenied"), hostile.Refuse(412, "PreconditionFailed")} {
		t.Run(f.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer(hostile.Six())
				server.Plan(func(r hostile.Request) *hostile.Fault {
					if r.Key == "bad" {
						return f
					}
					return nil
				})
				s := newStore(t, testConfig(server), newDisk(t), nil)
				finish(t, s, "bad", pattern(1))
				began := time.Now()
				for i := range 50 {
					finish(t, s, storage.Name(fmt.Sprint("log", i)), pattern(5*partSize))
				}
				for s.Stats().Waiting > 1 {
					time.Sleep(time.Second)
				}
				if took := time.Since(began); took > 5*time.Minute {
					t.Errorf("the others took %v", took)
				}
				time.Sleep(24 * time.Hour)
				if n := server.Count(hostile.PutObject); n > 24*60*3 {
					t.Errorf("the bad one was sent %d times in a day", n)
				}
				server.Plan(nil)
				drained(t, s)
				wantObject(t, "when the store has been mended", server, "bad", pattern(1))
			})
		})
	}
}

// TestCloseEndsWithItsContext: what is not uploaded then goes on at the next start.
func TestCloseEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, m := newServer(nil), newDisk(t)
		server.Plan(hostile.All(hostile.Hang()))
		process := faultdisk.NewProcess(m, nil)
		s := newStore(t, testConfig(server), process, nil)
		for i := range 10 {
			finish(t, s, storage.Name(fmt.Sprint("log", i)), pattern(i*partSize))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		began := time.Now()
		if err := s.Close(ctx); err == nil || !strings.Contains(err.Error(), "10 logs are not uploaded yet") {
			t.Errorf("Close = %v", err)
		}
		if took := time.Since(began); took != 10*time.Second || process.Open() > 0 {
			t.Errorf("Close took %v and left %d files open", took, process.Open())
		}
		if _, err := s.Create(t.Context(), "late", storage.About{}); err == nil {
			t.Error("Create after Close works")
		}
		server.Plan(nil)
		s = newStore(t, testConfig(server), m, nil)
		drained(t, s)
		for i := range 10 {
			wantObject(t, "after the next start", server, fmt.Sprint("log", i), pattern(i*partSize))
		}
		wantEmpty(t, "after the next start", m)
	})
}
