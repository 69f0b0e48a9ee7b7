package record_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/record"
)

func timeout(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

// switchable returns a disk whose calls of some kinds fail, or hang, while the switch is on.
func switchable(t *testing.T, f func() faultdisk.Fault, ops ...faultdisk.Op) (*faultdisk.Memory, *faultdisk.Process, *atomic.Bool) {
	t.Helper()
	m, on := newDisk(t), new(atomic.Bool)
	p := faultdisk.NewProcess(m, func(c faultdisk.Call) faultdisk.Fault {
		for _, op := range ops {
			if c.Op == op && on.Load() {
				return f()
			}
		}
		return faultdisk.Fault{}
	})
	return m, p, on
}

func full() faultdisk.Fault { return faultdisk.Fault{Err: syscall.ENOSPC} }

// Promise 3: recording cannot go on, so the session cannot.
func TestADiskThatIsFullEndsTheSession(t *testing.T) {
	m, p, on := switchable(t, full, faultdisk.Write)
	r := mustOpen(t, p, nil)
	s := &session{log: r.Begin()}
	s.begin()
	s.output(3, 100)
	on.Store(true)
	s.output(1, 100)
	if s.err == nil || !strings.Contains(s.err.Error(), "no space left") {
		t.Fatalf("Emit on a full disk = %v, want the reason", s.err)
	}
	on.Store(false)
	ctx, cancel := timeout(5 * time.Second)
	defer cancel()
	r.Close(ctx, "")
	check(t, m, s)
}

// Where the disk allows it, the log itself says why it ends.
func TestALogSaysWhyItEnds(t *testing.T) {
	var once atomic.Bool
	m := newDisk(t)
	p := faultdisk.NewProcess(m, func(c faultdisk.Call) faultdisk.Fault {
		if c.Op == faultdisk.Write && once.CompareAndSwap(true, false) {
			return faultdisk.Fault{Err: syscall.EIO, Short: 5}
		}
		return faultdisk.Fault{}
	})
	r := mustOpen(t, p, nil)
	s := &session{log: r.Begin()}
	s.begin()
	once.Store(true)
	s.output(1, 100)
	mustClose(t, r)
	events, verdict := readLog(t, m, s.log.ID())
	if verdict != binary.Complete || len(events) < 2 {
		t.Fatalf("the log is %v with %d events, want complete", verdict, len(events))
	}
	end, ok := events[len(events)-2].Body.(*event.Disconnect)
	if !ok || end.By != event.ByGateway || !strings.Contains(end.Reason, "input/output error") {
		t.Errorf("the log ends with %+v, want a disconnect by the gateway that says why", events[len(events)-2].Body)
	}
}

// A disk that hangs ends the session by policy within 5 s, and holds up nobody else.
func TestADiskThatHangs(t *testing.T) {
	for _, op := range []faultdisk.Op{faultdisk.Write, faultdisk.Sync} {
		t.Run(string(op), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				released := make(chan struct{})
				m, p, on := switchable(t, func() faultdisk.Fault { return faultdisk.Fault{Hang: released} }, op)
				r := mustOpen(t, p, nil)
				s := &session{log: r.Begin()}
				s.begin()
				on.Store(true)
				start := time.Now()
				failed := make(chan error, 1)
				s.log.OnFailure(func(err error) { failed <- err })
				var stuck sync.WaitGroup
				stuck.Go(func() { // ends when the disk is back
					for s.err == nil {
						s.output(1, 10)
						time.Sleep(10 * time.Millisecond)
					}
				})
				<-failed
				if took := time.Since(start); took > 5*time.Second {
					t.Errorf("a hung disk was noticed after %v, want within 5s", took)
				}
				// Another channel of the same session is not stuck, but told.
				if err := s.log.Emit(1, &event.IO{Stream: event.Stderr, Data: []byte("x")}); err == nil {
					t.Error("Emit took an event after the failure")
				}
				ctx, cancel := timeout(time.Second)
				defer cancel()
				if err := r.Close(ctx, ""); err == nil {
					t.Error("Close says that all is finished on a disk that hangs")
				}
				on.Store(false)
				close(released)
				stuck.Wait()
				synctest.Wait()
				check(t, m, s)
			})
		})
	}
}

// Under continue a disk that hangs holds a session up for 5 s at most, and the gap is known.
func TestADiskThatHangsUnderContinue(t *testing.T) {
	for _, op := range []faultdisk.Op{faultdisk.Write, faultdisk.Sync} {
		for _, interval := range []time.Duration{0, time.Millisecond} {
			t.Run(string(op)+interval.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					released := make(chan struct{})
					m, p, on := switchable(t, func() faultdisk.Fault { return faultdisk.Fault{Hang: released} }, op)
					r := mustOpen(t, p, func(c *record.Config) { c.OnFailure, c.Sync = record.Continue, interval })
					s := &session{log: r.Begin()}
					s.begin()
					on.Store(true)
					start := time.Now()
					for range 20 {
						before := time.Now()
						s.output(1, 10)
						if took := time.Since(before); s.err != nil || took > 5*time.Second {
							t.Fatalf("Emit returned %v after %v, want nil within 5s", s.err, took)
						}
						time.Sleep(time.Second)
					}
					if took := time.Since(start); took > 30*time.Second {
						t.Errorf("20 events a second apart took %v", took)
					}
					on.Store(false)
					close(released)
					time.Sleep(2 * time.Second)
					s.output(1, 7)
					s.end()
					mustClose(t, r)
					events, verdict := readLog(t, m, s.log.ID())
					if verdict != binary.Complete || summaryOf(t, events).Gaps == 0 || s.err != nil {
						t.Errorf("log is %v with %d gaps, Emit %v; want complete with a gap", verdict, summaryOf(t, events).Gaps, s.err)
					}
				})
			})
		}
	}
}

// onFailure: continue lets the session go on, and the gap is an event.
func TestAGapIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, p, on := switchable(t, full, faultdisk.Write)
		r := mustOpen(t, p, func(c *record.Config) { c.OnFailure = record.Continue })
		s := &session{log: r.Begin()}
		s.begin()
		on.Store(true)
		s.output(5, 100)
		on.Store(false)
		time.Sleep(2 * time.Second)
		s.output(1, 7)
		s.end()
		if s.err != nil {
			t.Fatalf("Emit = %v, want the session to go on", s.err)
		}
		mustClose(t, r)
		events, verdict := readLog(t, m, s.log.ID())
		var gaps []*event.Gap
		for _, ev := range events {
			if g, ok := ev.Body.(*event.Gap); ok {
				gaps = append(gaps, g)
			}
		}
		if verdict != binary.Complete || len(gaps) != 1 || *gaps[0].Messages != 5 || *gaps[0].Bytes != 500 || !strings.Contains(gaps[0].Reason, "no space left") {
			t.Errorf("%v with gaps %+v, want complete with one of 5 messages and 500 bytes", verdict, gaps)
		}
		if got := len(stdout(events)); got != 7 {
			t.Errorf("the log has %d bytes of output, want those after the gap", got)
		}
		if sum := summaryOf(t, events); sum.Gaps != 1 {
			t.Errorf("the summary counts %d gaps, want 1", sum.Gaps)
		}
	})
}

// A session that ends in a gap has a log with an end, or one that recovery gives it.
func TestTheEndOfASessionInAGap(t *testing.T) {
	for _, back := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			m, p, on := switchable(t, full, faultdisk.Write)
			r := mustOpen(t, p, func(c *record.Config) { c.OnFailure = record.Continue })
			s := &session{log: r.Begin()}
			s.begin()
			on.Store(true)
			s.output(5, 100)
			on.Store(!back)
			s.end()
			if s.err != nil {
				t.Fatalf("Emit = %v, want the session to go on", s.err)
			}
			if err := s.log.Emit(0, &event.Exit{}); err == nil {
				t.Error("Emit after the end took an event")
			}
			ctx, cancel := timeout(5 * time.Second)
			defer cancel()
			r.Close(ctx, "")
			on.Store(false)
			mustClose(t, mustOpen(t, p, nil))
			events, verdict := readLog(t, m, s.log.ID())
			want := binary.Recovered
			if back {
				want = binary.Complete
			}
			if verdict != want || summaryOf(t, events).Gaps != map[bool]uint64{true: 1}[back] {
				t.Errorf("disk back %v: log is %v with %d gaps", back, verdict, summaryOf(t, events).Gaps)
			}
		})
	}
}

// A store that takes no blocks for a while costs nothing under continue: they wait.
func TestTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDisk(t)
		var on atomic.Bool
		p := faultdisk.NewProcess(m, func(c faultdisk.Call) faultdisk.Fault {
			if on.Load() && c.Op == faultdisk.Write && strings.HasPrefix(c.Name, logs) {
				return full()
			}
			return faultdisk.Fault{}
		})
		r := mustOpen(t, p, func(c *record.Config) { c.OnFailure = record.Continue })
		s := &session{log: r.Begin()}
		s.begin()
		on.Store(true)
		s.output(100, 1000)
		time.Sleep(10 * time.Second)
		on.Store(false)
		s.output(100, 1000)
		s.end()
		if s.err != nil {
			t.Fatal(s.err)
		}
		time.Sleep(2 * time.Second)
		mustClose(t, r)
		events, verdict := readLog(t, m, s.log.ID())
		if verdict != binary.Complete || string(stdout(events)) != s.bytes.String() || summaryOf(t, events).Gaps != 0 {
			t.Errorf("%v with %d bytes of output and %d gaps, want complete with %d and none", verdict, len(stdout(events)), summaryOf(t, events).Gaps, s.bytes.Len())
		}
	})
}

// The end of a log does not depend on the record of access: that may be on a disk that is
// full while this log's own journal has room.
func TestTheEndDoesNotDependOnTheRecordOfAccess(t *testing.T) {
	m := newDisk(t)
	var own event.ConnID
	var on atomic.Bool
	p := faultdisk.NewProcess(m, func(c faultdisk.Call) faultdisk.Fault {
		if on.Load() && (strings.Contains(c.Name, string(own)) || c.Op == faultdisk.Open) {
			return full()
		}
		return faultdisk.Fault{}
	})
	r := mustOpen(t, p, func(c *record.Config) { c.Own = &record.Own{} })
	names, err := m.ReadDir(logs)
	if err != nil || len(names) != 1 {
		t.Fatalf("logs %v, %v; want the own one", names, err)
	}
	own = event.ConnID(strings.TrimSuffix(names[0].Name(), ".partial"))
	s := &session{log: r.Begin()}
	s.begin()
	on.Store(true)
	knock := &session{log: r.Begin()} // it can't be recorded, and is refused
	knock.emit(0, &event.Connect{Country: "XX"})
	if knock.err == nil {
		t.Error("a connection was let in that is not in the record of access")
	}
	s.log.Emit(0, &event.Disconnect{By: event.ByClient})
	ctx, cancel := timeout(5 * time.Second)
	defer cancel()
	r.Close(ctx, "")
	events, verdict := readLog(t, m, s.log.ID())
	if verdict != binary.Complete || len(events) != s.taken+2 {
		t.Errorf("the session's log is %v with %d events, want complete with its end", verdict, len(events))
	}
}

// What is not intercepted must not pass either once nothing may.
func TestSkippedBytesDoNotPassAfterTheEnd(t *testing.T) {
	r := mustOpen(t, newDisk(t), nil)
	defer mustClose(t, r)
	s := &session{log: r.Begin()}
	s.begin()
	s.end()
	if err := s.log.Emit(0, &event.IO{Stream: event.Stdin, Skipped: 5}); err == nil {
		t.Error("Emit let bytes pass after the end")
	}
}
