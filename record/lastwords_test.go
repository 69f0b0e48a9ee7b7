package record_test

import (
	"path"
	"strings"
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

// Last words that a disk has written, although it says that it has not, are not said again
// when the log is mended.
func TestLastWordsAreSaidOnce(t *testing.T) {
	for name, policy := range map[string]record.Policy{"stop": record.Stop, "continue": record.Continue} {
		run(t, name, func(t *testing.T) {
			m := newDisk(t)
			var lies atomic.Bool
			p := faultdisk.NewProcess(m, func(c faultdisk.Call) faultdisk.Fault {
				if lies.Load() && c.Op == faultdisk.Write && strings.HasPrefix(c.Name, journal) {
					return faultdisk.Fault{Err: syscall.EIO, After: true}
				}
				return faultdisk.Fault{}
			})
			r, s := begun(t, p, func(c *record.Config) { c.OnFailure, c.Block = policy, 0 })
			lies.Store(true)
			s.log.Emit(0, &event.Exit{})
			s.log.Emit(0, &event.Disconnect{By: event.ByClient})
			synctest.Wait()
			lies.Store(false)
			mustClose(t, r)
			events, verdict := readLog(t, m, s.log.ID())
			ends, gaps := 0, 0
			for _, ev := range events {
				switch ev.Body.(type) {
				case *event.Disconnect:
					ends++
				case *event.Gap:
					gaps++
				}
			}
			if want := map[record.Policy]int{record.Continue: 1}[policy]; ends != 1 || gaps != want || verdict != binary.Recovered {
				t.Errorf("the log is %v and has %d ends and %d gaps, want one end and %d", verdict, ends, gaps, want)
			}
		})
	}
}

// A write that was given up is still at work: its bytes are not those of who comes after.
func TestAWriteThatWasGivenUpKeepsItsBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDisk(t)
		var stuck atomic.Value // the name of the log whose writes hang
		stuck.Store("none")
		back := make(chan struct{})
		p := faultdisk.NewProcess(m, func(c faultdisk.Call) faultdisk.Fault {
			if c.Op == faultdisk.Write && strings.Contains(c.Name, stuck.Load().(string)) {
				return faultdisk.Fault{Hang: back}
			}
			return faultdisk.Fault{}
		})
		r, s := begun(t, p, func(c *record.Config) { c.OnFailure, c.Block = record.Continue, 0 })
		other := &session{log: r.Begin()}
		other.begin()
		stuck.Store(string(s.log.ID()))
		if err := s.log.Emit(0, &event.IO{Stream: event.Stdout, Data: []byte("mine")}); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			other.emit(0, &event.IO{Stream: event.Stdout, Data: []byte("else")})
		}
		close(back)
		synctest.Wait()
		p.Kill()
		ctx, cancel := timeout(time.Second)
		defer cancel()
		r.Close(ctx, "")
		mustClose(t, mustOpen(t, m, nil))
		events, _ := readLog(t, m, s.log.ID())
		if out := string(stdout(events)[s.bytes.Len():]); out != "mine" && out != "" {
			t.Errorf("the log has %q, which is another session's", out)
		}
	})
}

// What is missing between a log and its journal is known, and how much it is.
func TestAJournalThatBeginsBehindItsLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDisk(t)
		var away atomic.Bool
		p := faultdisk.NewProcess(m, func(c faultdisk.Call) faultdisk.Fault {
			if away.Load() && c.Op == faultdisk.Write && strings.HasPrefix(c.Name, logs) {
				return full()
			}
			return faultdisk.Fault{}
		})
		r := mustOpen(t, p, func(c *record.Config) { c.OnFailure = record.Continue })
		s := &session{log: r.Begin()}
		s.begin()
		pass(time.Second)
		away.Store(true)
		s.output(20, 1000)
		pass(500 * time.Millisecond)
		p.Kill()
		ctx, cancel := timeout(time.Second)
		defer cancel()
		r.Close(ctx, "")
		all := segments(t, m)
		first := all[0]
		for _, name := range all { // .0 to .9
			if path.Ext(name) < path.Ext(first) {
				first = name
			}
		}
		if len(all) < 3 {
			t.Fatalf("the journal has the segments %q, want several", all)
		}
		if err := m.Remove(first); err != nil {
			t.Fatal(err)
		}
		mustClose(t, mustOpen(t, m, nil))
		events, verdict := readLog(t, m, s.log.ID())
		var gap *event.Gap
		for _, ev := range events {
			if g, ok := ev.Body.(*event.Gap); ok {
				gap = g
			}
		}
		// Beside the session's events there are the gap and the summary. That there was a
		// connection, which could end, is lost.
		if verdict != binary.Recovered || gap == nil || gap.Messages == nil || *gap.Messages != uint64(s.taken-(len(events)-2)) {
			t.Errorf("the log is %v with %d of %d events and the gap %+v", verdict, len(events), s.taken, gap)
		}
	})
}
