package record_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/record"
)

// manySessions records sessions one after another and two at once, so that each file of
// the journal is used by several, as far as fsys lets it.
func manySessions(fsys disk.FS, change func(*record.Config)) (all []*session) {
	r, err := open(fsys, change)
	if err != nil {
		return nil
	}
	for range 3 {
		pair := []*session{{log: r.Begin()}, {log: r.Begin()}}
		all = append(all, pair...)
		for _, s := range pair {
			s.begin()
		}
		for range 3 {
			for _, s := range pair {
				s.output(2, 1500)
			}
			pass(10 * time.Millisecond) // so that blocks become durable, and their files free
		}
		pair[0].end()
	}
	for i := 1; i < len(all); i += 2 {
		all[i].end()
	}
	ctx, cancel := timeout(5 * time.Second)
	defer cancel()
	r.Close(ctx, "over")
	return all
}

// Files of journals are used again, by the same log and by others: what was in them before
// is never taken for what should be in them, and nothing that should be is missing.
func TestFilesAreUsedAgain(t *testing.T) {
	sync0 := func(c *record.Config) { c.Sync = 0 }
	opened, n := 0, 0
	synctest.Test(t, func(t *testing.T) {
		p := faultdisk.NewProcess(newDisk(t), func(c faultdisk.Call) faultdisk.Fault {
			if n++; c.Op == faultdisk.Open && strings.HasPrefix(c.Name, journal) && strings.Contains(c.Name, ".") {
				opened++
			}
			return faultdisk.Fault{}
		})
		for _, s := range manySessions(p, sync0) {
			if s.err != nil {
				t.Fatal(s.err)
			}
		}
	})
	if opened > 12 {
		t.Errorf("%d files were opened in the journal for 6 sessions of 5 blocks, two at once", opened)
	}
	for k := 0; k < n; k += 3 {
		run(t, fmt.Sprint(k), func(t *testing.T) {
			m := newDisk(t)
			all := manySessions(faultdisk.NewProcess(m, faultdisk.At(k, faultdisk.Fault{Dies: true, After: k%2 == 0})), sync0)
			for _, cut := range []*faultdisk.Memory{m.PowerCut(0), m.PowerCut(uint64(2*k + 1)), m.PowerCut(uint64(2*k + 2)), m} {
				for _, s := range all {
					check(t, cut, s)
				}
			}
		})
	}
}
