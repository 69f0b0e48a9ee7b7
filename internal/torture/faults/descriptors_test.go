package faults

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// held are connections that somebody holds and does not use.
type held []net.Conn

// fill connects until the gateway refuses to serve one more, and returns what it said then.
func (h *held) fill(t *testing.T, g *gatewaytest.Gateway) string {
	t.Helper()
	for range 200 {
		c := g.Dial(t)
		*h = append(*h, c)
		word := make([]byte, 100)
		n, err := c.Read(word)
		if err != nil {
			t.Fatalf("a connection that is neither greeted nor refused: %v", err)
		}
		if said := string(word[:n]); !strings.HasPrefix(said, "SSH-2.0-") {
			return said
		}
	}
	t.Fatal("200 connections, and none was refused")
	return ""
}

// settled returns how many descriptors a process has when nothing is at work: to sync what was
// said last takes one for a moment.
func settled(t *testing.T, pid int) uint64 {
	t.Helper()
	last, same := uint64(0), 0
	gatewaytest.Eventually(t, "nothing is at work", func() bool {
		if now := descriptors(t, pid); now == last {
			same++
		} else {
			last, same = now, 0
		}
		return same >= 50
	})
	return last
}

// A process that has no more descriptors: sessions that are there go on, with all that they
// need, new ones are refused and told so, and when there are some again all works.
func TestNoDescriptors(t *testing.T) {
	for _, limit := range []uint64{64, 0} { // a few are kept for those who are there, or none is left at all
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			t.Parallel()
			g := gatewaytest.Start(t, gatewaytest.Proxied(), gatewaytest.Options{
				Audit: []string{"block: 4KiB", "sync: 0"}, SSH: []string{"maxStartups: 1000", "maxStartupsPerSource: 1000"},
			})
			pid := g.Cmd.Process.Pid
			people := []*talker{talk(t, g, "first"), talk(t, g, "second")}
			for _, k := range people {
				k.round()
			}
			low := limit
			if low == 0 {
				low = settled(t, pid) // not one more than now
			}
			before := setLimit(t, pid, low)
			var others held
			if limit > 0 {
				if said := others.fill(t, g); !strings.Contains(said, "Not allowed at this time: too many connections") {
					t.Errorf("who is refused is told %q", said)
				}
				for range talks {
					for _, k := range people {
						k.round()
					}
				}
			} else {
				gatewaytest.Fails(t, g.OpenSSH(t, "ssh", "-v", "gw", "true"), 255, "Not allowed at this time: too many connections")
			}
			setLimit(t, pid, before)
			for _, c := range others {
				c.Close()
			}
			gatewaytest.Eventually(t, "it takes sessions again", func() bool { return g.OpenSSH(t, "ssh", "gw", "true").Run() == nil })
			for _, k := range people {
				k.round()
				if got := k.finish(t); got != status {
					t.Errorf("%s's client ended with status %d and was told %q, want %d", k.name, got, k.told(), status)
				}
			}
			logs := g.Stop(t)
			for _, k := range people {
				k.wasRecorded(t, logs.With(t, k.program()))
			}
			if !slices.ContainsFunc(gatewaytest.OwnBodies[*event.Refused](logs), func(r *event.Refused) bool { return strings.Contains(r.Reason, "file descriptors") }) {
				t.Error("the record of access does not say that somebody was refused for want of descriptors")
			}
			if !strings.Contains(g.Errs.String(), "LimitNOFILE") {
				t.Error("the operator is not told what to raise")
			}
		})
	}
}

// setLimit changes how many descriptors a process may have, and returns how many that were.
func setLimit(t *testing.T, pid int, to uint64) (was uint64) {
	t.Helper()
	var limit unix.Rlimit
	err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit)
	was, limit.Cur = limit.Cur, to
	if err == nil {
		err = unix.Prlimit(pid, unix.RLIMIT_NOFILE, &limit, nil)
	}
	if err != nil {
		t.Fatalf("change the limit of another process's descriptors: %v; run this as root", err)
	}
	return was
}

// descriptors is how many descriptors a process needs its limit to be for, to have those
// that it has.
func descriptors(t *testing.T, pid int) uint64 {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return uint64(len(entries))
}

// wasRecorded wants all that was sent to be received, and in the log.
func (k *talker) wasRecorded(t *testing.T, log *oracle.Log) {
	t.Helper()
	sent, received := k.streams(t)
	channel := log.Find(k.program())[0]
	for s, logged := range []oracle.Content{channel.Stdin, channel.Stdout, channel.Stderr} {
		if received[s] != sent[s] || logged.Diff(oracle.Of([]byte(sent[s]))) != "" {
			t.Errorf("%s, stream %d: %d bytes were sent, %d received and %d are in the log", k.name, s, len(sent[s]), len(received[s]), logged.Length)
		}
	}
	oracle.CheckWhole(t, log, binary.Complete)
}
