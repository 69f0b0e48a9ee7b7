package s3

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/internal/s3test"
)

// room is what the spool takes of the disk.
func (r *remote) room(t testing.TB) (n int64) {
	t.Helper()
	err := filepath.WalkDir(r.spool, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // it is gone meanwhile
		}
		n += info.Sys().(*syscall.Stat_t).Blocks * 512
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestALongSessionFitsASmallBudget records more than the spool may have.
func TestALongSessionFitsASmallBudget(t *testing.T) {
	t.Parallel()
	const budget = 32 << 20
	s := s3test.Start(t)
	r := newRemote(t, s, gatewaytest.Options{}, "maxSpool: 32MiB")
	r.Serve(t)
	x := exchange(t, 1, 48<<20)
	ended := make(chan struct{})
	go func() { // the loop below ends with it
		defer close(ended)
		x.Run(t, r.OpenSSH(t, "ssh", "gw", x.Command()))
	}()
	most := int64(0)
	for over := false; !over; {
		select {
		case <-ended:
			over = true
		default:
			most = max(most, r.room(t))
		}
	}
	if most > budget {
		t.Errorf("the spool took %d MiB, and may have %d", most>>20, budget>>20)
	}
	t.Logf("the spool took %d MiB at most", most>>20)
	logs := r.finish(t)
	whole(t, logs)
	x.Check(t, logs.With(t, x.Command()))
}

// smallBlocks bounds what waits in the journal for a store that takes nothing: 512 blocks.
const smallBlocks = "block: 16KiB"

// endless is a program that prints what does not compress until its client goes.
const endless = "cat /dev/urandom"

// TestBudgetEndsSessions has sessions outgrow the spool while there is no server, where nobody may
// go on unrecorded.
func TestBudgetEndsSessions(t *testing.T) {
	t.Parallel()
	s := s3test.Start(t)
	r := newRemote(t, s, gatewaytest.Options{Audit: []string{smallBlocks}}, "maxSpool: 16MiB")
	r.Serve(t)
	s.Kill(t)
	told := regexp.MustCompile(`sshtrail: .*record`)
	c := gatewaytest.Begin(t, r.OpenSSH(t, "ssh", "gw", endless))
	if status := c.Wait(t); status != 255 || !told.MatchString(c.Errs.String()) {
		t.Errorf("the session ended with status %d and was told %q, want 255 and why", status, c.Errs)
	}
	late := gatewaytest.Do(t, r.OpenSSH(t, "ssh", "gw", "echo unrecorded"))
	if late.Status != 255 || late.Out != "" || !told.MatchString(late.Errs) {
		t.Errorf("a new session ends with status %d, %q and is told %q, want 255 and why", late.Status, late.Out, late.Errs)
	}
	r.Errs.AwaitText(t, "maxSpool", r.Ended)
	if n := r.room(t); n > 16<<20+4<<20 { // and what the ends of logs may take beyond it
		t.Errorf("the spool has %d MiB, and may have 16", n>>20)
	}
	s.Resume(t)
	gatewaytest.Eventually(t, "there is room for a session again", func() bool {
		return gatewaytest.Do(t, r.OpenSSH(t, "ssh", "gw", "true")).Status == 0
	})
	logs := r.finish(t)
	for _, log := range logs.All() {
		if log.Verdict != binary.Complete && log.Verdict != binary.Recovered {
			t.Errorf("a log is %v (%s)", log.Verdict, log.Fault)
		}
	}
	if d := oracle.Of(c.Out.Bytes()).NoPrefix(logs.With(t, endless).Find(endless)[0].Stdout); d != "" {
		t.Errorf("what the client saw, held against the log, %s", d)
	}
}
