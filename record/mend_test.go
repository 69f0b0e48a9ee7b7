package record_test

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/record"
)

// begun opens a recorder and begins a session of it.
func begun(t testing.TB, fsys disk.FS, change func(*record.Config)) (*record.Recorder, *session) {
	t.Helper()
	r := mustOpen(t, fsys, change)
	s := &session{log: r.Begin()}
	s.begin()
	s.output(3, 1000)
	return r, s
}

func withOwn(c *record.Config) { c.Own = &record.Own{Version: "test"} }

// removeAll removes a folder with all that is in it.
func removeAll(t testing.TB, fsys disk.FS, name string) {
	t.Helper()
	entries, err := fsys.ReadDir(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			removeAll(t, fsys, path.Join(name, e.Name()))
		} else if err := fsys.Remove(path.Join(name, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	if err := fsys.Remove(name); err != nil {
		t.Fatal(err)
	}
}

// Two processes share a journal while one takes over from the other: neither touches what
// is the other's.
func TestTwoRecordersShareAJournal(t *testing.T) {
	m := newDisk(t)
	old, s := begun(t, m, nil)
	next := mustOpen(t, m, nil)
	if found := next.Recoveries(); len(found) != 0 {
		t.Errorf("the second recorder recovered %+v, which is the first one's", found)
	}
	u := &session{log: next.Begin()}
	u.begin()
	mustClose(t, mustOpen(t, m, nil))
	for _, one := range []*session{s, u} {
		one.output(1, 10)
		one.end()
	}
	mustClose(t, old)
	mustClose(t, next)
	for _, one := range []*session{s, u} {
		if events, verdict := readLog(t, m, one.log.ID()); verdict != binary.Complete || len(events) != one.taken+1 {
			t.Errorf("the log is %v and has %d events, want complete and %d", verdict, len(events), one.taken+1)
		}
	}
}

// What a process that died has left is finished by one that runs, too.
func TestADeadProcessIsMendedByAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDisk(t)
		p := faultdisk.NewProcess(m, nil)
		dying, s := begun(t, p, nil)
		living := mustOpen(t, m, withOwn)
		p.Kill()
		ctx, cancel := timeout(time.Second)
		defer cancel()
		dying.Close(ctx, "")
		pass(time.Minute)
		if events, verdict := readLog(t, m, s.log.ID()); verdict != binary.Recovered || len(events) != s.taken+2 {
			t.Errorf("the log is %v and has %d events, want recovered and %d", verdict, len(events), s.taken+2)
		}
		if n := living.Stats().Recovered; n != 1 {
			t.Errorf("the statistics say that %d logs were recovered, want 1", n)
		}
		mustClose(t, living)
	})
}

// A log that could not be finished is finished when the disk works again, with what could
// not be recorded then: no restart is needed for it.
func TestALogThatWasGivenUpIsMended(t *testing.T) {
	for name, policy := range map[string]record.Policy{"stop": record.Stop, "continue": record.Continue} {
		run(t, name, func(t *testing.T) {
			m := newDisk(t)
			var broken atomic.Bool
			p := faultdisk.NewProcess(m, func(c faultdisk.Call) faultdisk.Fault {
				if broken.Load() && (c.Op == faultdisk.Write || c.Op == faultdisk.Open) {
					return faultdisk.Fault{Err: syscall.EIO}
				}
				return faultdisk.Fault{}
			})
			r, s := begun(t, p, func(c *record.Config) { c.OnFailure = policy })
			broken.Store(true)
			err := s.log.Emit(0, &event.Exit{})
			if (err == nil) != (policy == record.Continue) {
				t.Errorf("Emit on a disk that fails: %v", err)
			}
			s.log.Emit(0, &event.Disconnect{By: event.ByClient})
			pass(10 * time.Second)
			if stats := r.Stats(); stats.Left != 1 || stats.Failures["io"] == 0 || stats.Open != 0 {
				t.Errorf("statistics while the disk fails: %+v, want one log left", stats)
			}
			broken.Store(false)
			pass(time.Minute)
			events, verdict := readLog(t, m, s.log.ID())
			if verdict != binary.Recovered {
				t.Fatalf("the log is %v, want recovered", verdict)
			}
			checkLastWords(t, events, policy)
			if stats := r.Stats(); stats.Left != 0 || stats.Recovered != 1 {
				t.Errorf("statistics after all: %+v, want nothing left", stats)
			}
			mustClose(t, r)
		})
	}
}

func checkLastWords(t *testing.T, events []event.Event, policy record.Policy) {
	t.Helper()
	var gap *event.Gap
	var end *event.Disconnect
	for _, ev := range events {
		switch b := ev.Body.(type) {
		case *event.Gap:
			gap = b
		case *event.Disconnect:
			end = b
		}
	}
	if end == nil || !end.Recovered {
		t.Fatalf("the log ends with %+v, want a recovered disconnect", end)
	}
	if policy == record.Stop {
		if !strings.Contains(end.Reason, "input/output error") {
			t.Errorf("the log ends since %q, want the disk's error", end.Reason)
		}
		return
	}
	if gap == nil || *gap.Messages != 1 || !strings.Contains(gap.Reason, "input/output error") || end.By != event.ByClient {
		t.Errorf("the log has the gap %+v and the end %+v, want both as they were", gap, end)
	}
}

// A journal that is removed under the recorder is a failure like another, since what goes
// into files without names, no recovery finds; and recording goes on in a new one.
func TestAJournalThatIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDisk(t)
		r, s := begun(t, m, nil)
		failed := make(chan error, 1)
		s.log.OnFailure(func(err error) { failed <- err })
		removeAll(t, m, journal)
		s.output(1, 10)
		select {
		case <-failed:
		case <-time.After(5 * time.Second):
			t.Error("nobody noticed that the journal was removed")
		}
		s.log.Emit(0, &event.Disconnect{By: event.ByClient})
		synctest.Wait()
		if err := r.Ready(); err != nil {
			t.Fatalf("after the journal was removed: %v", err)
		}
		after := &session{log: r.Begin()}
		after.begin()
		after.end()
		if after.err != nil {
			t.Errorf("a session after the journal was removed: %v", after.err)
		}
		mustClose(t, r)
		if _, verdict := readLog(t, m, after.log.ID()); verdict != binary.Complete {
			t.Errorf("its log is %v, want complete", verdict)
		}
		if _, err := m.Stat(journal); err != nil {
			t.Error(err)
		}
		if _, err := m.Stat(path.Join(journal, "lock")); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	})
}

// A folder for logs that is moved away is noticed while the session does nothing; the log
// is finished when the folder is there again.
func TestAFolderOfLogsThatIsMovedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDisk(t)
		r, s := begun(t, m, func(c *record.Config) { c.Room.Folders = []string{logs} })
		failed := make(chan error, 1)
		s.log.OnFailure(func(err error) { failed <- err })
		pass(time.Second)
		if err := m.Rename(logs, "/elsewhere"); err != nil {
			t.Fatal(err)
		}
		select {
		case <-failed:
		case <-time.After(5 * time.Second):
			t.Fatal("nobody noticed that the folder for logs was moved away")
		}
		if err := r.Ready(); err == nil {
			t.Error("it is ready for sessions without a folder for logs")
		}
		if err := m.Rename("/elsewhere", logs); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if events, verdict := readLog(t, m, s.log.ID()); verdict != binary.Recovered || !strings.Contains(lastDisconnect(events).Reason, "removed or replaced") {
			t.Errorf("the log is %v, want recovered and the reason", verdict)
		}
		mustClose(t, r)
	})
}

// A recorder's own log that has failed is begun anew when its disk works again, though
// nobody connects; until then it is not ready.
func TestTheOwnLogIsBegunAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		m := newDisk(t)
		p := faultdisk.NewProcess(m, func(c faultdisk.Call) faultdisk.Fault {
			if broken.Load() && c.Op == faultdisk.Write && !strings.HasSuffix(c.Name, ".probe") {
				return faultdisk.Fault{Err: syscall.EIO}
			}
			return faultdisk.Fault{}
		})
		r := mustOpen(t, p, withOwn)
		broken.Store(true)
		if err := r.Begin().Emit(0, &event.Connect{Country: "XX"}); err == nil {
			t.Error("a connection was accepted that the own log has not")
		}
		pass(3 * time.Second)
		if err := r.Ready(); err == nil || !strings.Contains(err.Error(), "own log") {
			t.Errorf("ready without an own log: %v", err)
		}
		broken.Store(false)
		pass(3 * time.Second)
		if err := r.Ready(); err != nil {
			t.Errorf("when the disk works again: %v", err)
		}
		pass(time.Minute)
		mustClose(t, r)
		if stats := r.Stats(); stats.Left != 0 || stats.Recovered != 1 {
			t.Errorf("what became of the own logs: %+v, want one recovered", stats)
		}
	})
}

// A power cut can leave nothing of a log but its name and that of its journal: it is
// finished all the same, and says so.
func TestALogThatIsLostIsFinished(t *testing.T) {
	m := newDisk(t)
	id := event.NewConnID(time.Unix(1_800_000_000, 0), nil)
	dir := path.Join(journal, string(event.NewConnID(time.Unix(1_700_000_000, 0), nil)))
	if err := m.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path.Join(dir, string(id)+".0"), path.Join(logs, string(id)+".partial")} {
		f, err := m.OpenFile(name, 0x42, 0o600) // O_CREATE|O_RDWR
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	r := mustOpen(t, m, nil)
	defer mustClose(t, r)
	events, verdict := readLog(t, m, id)
	if verdict != binary.Recovered || len(events) != 2 {
		t.Fatalf("the log is %v with %d events, want recovered with a gap and the summary", verdict, len(events))
	}
	gap, ok := events[0].Body.(*event.Gap)
	if !ok || gap.Since != time.Unix(1_800_000_000, 0).UnixNano() || gap.Reason == "" {
		t.Errorf("the log has %+v, want a gap since the connection began", events[0].Body)
	}
}

// Under Continue blocks wait in the journal for a store that hangs, and go into the log
// when it answers: nothing is missing. Other logs are watched meanwhile.
func TestAStoreThatHungIsWrittenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hangs atomic.Bool
		answer := make(chan struct{})
		p := faultdisk.NewProcess(newDisk(t), func(c faultdisk.Call) faultdisk.Fault {
			if hangs.Load() && c.Op == faultdisk.Write && strings.HasSuffix(c.Name, ".partial") {
				return faultdisk.Fault{Hang: answer}
			}
			return faultdisk.Fault{}
		})
		// A sync would wait for the mutex that the store's writer holds, and stop the bubble's time.
		r, s := begun(t, p, func(c *record.Config) { c.OnFailure, c.Sync = record.Continue, time.Hour })
		pass(time.Second)
		hangs.Store(true)
		s.output(10, 1000)
		pass(10 * time.Second)
		close(answer)
		hangs.Store(false)
		pass(time.Second)
		s.output(10, 1000)
		s.end()
		mustClose(t, r)
		events, verdict := readLog(t, p, s.log.ID())
		if verdict != binary.Complete || len(events) != s.taken+1 {
			t.Errorf("the log is %v with %d events, want complete and %d", verdict, len(events), s.taken+1)
		}
	})
}

// A gap of a log to which nothing happens ends too.
func TestAGapOfAnIdleLogEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		p := faultdisk.NewProcess(newDisk(t), func(c faultdisk.Call) faultdisk.Fault {
			if broken.Load() && c.Op == faultdisk.Write {
				return faultdisk.Fault{Err: syscall.EIO}
			}
			return faultdisk.Fault{}
		})
		r, s := begun(t, p, func(c *record.Config) { c.OnFailure = record.Continue })
		broken.Store(true)
		s.output(1, 10)
		if n := r.Stats().Gapped; n != 1 {
			t.Errorf("%d logs have a gap, want 1", n)
		}
		broken.Store(false)
		pass(5 * time.Second)
		if n := r.Stats().Gapped; n != 0 {
			t.Errorf("%d logs have a gap still", n)
		}
		s.end()
		mustClose(t, r)
	})
}

// Who is let in under Continue while nothing can be recorded has a log in the end, with
// what happened before the login.
func TestALoginThatCouldNotBeRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		p := faultdisk.NewProcess(newDisk(t), func(c faultdisk.Call) faultdisk.Fault {
			if broken.Load() && (c.Op == faultdisk.Write || c.Op == faultdisk.Open) {
				return faultdisk.Fault{Err: syscall.EIO}
			}
			return faultdisk.Fault{}
		})
		r := mustOpen(t, p, func(c *record.Config) { c.OnFailure = record.Continue })
		broken.Store(true)
		s := &session{log: r.Begin()}
		s.begin()
		s.end()
		pass(time.Second)
		broken.Store(false)
		pass(10 * time.Second)
		mustClose(t, r)
		events, verdict := readLog(t, p, s.log.ID())
		if verdict != binary.Recovered {
			t.Fatalf("the log is %v, want recovered", verdict)
		}
		var who *event.HandshakeSuccessful
		gaps := 0
		for _, ev := range events {
			switch b := ev.Body.(type) {
			case *event.HandshakeSuccessful:
				who = b
			case *event.Gap:
				gaps++
			}
		}
		if who == nil || gaps != 1 {
			t.Errorf("the log names %+v and has %d gaps, want who came and one gap", who, gaps)
		}
	})
}
