package load

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// resting is what a gateway holds that has nothing to do.
type resting struct{ files, children, journal int }

// resting looks at the gateway.
func (l *load) resting(t testing.TB) resting {
	t.Helper()
	return resting{l.openFiles(t), l.children(t), len(l.Files(t, "state/journal"))}
}

// openFiles counts the gateway's file descriptors. It needs no right to read them.
func (l *load) openFiles(t testing.TB) int {
	t.Helper()
	folder := fmt.Sprintf("/proc/%d/fd", l.Cmd.Process.Pid)
	info, err := os.Stat(folder)
	if err != nil {
		t.Fatal(err)
	}
	if n := info.Size(); n > 0 {
		return int(n) // since Linux 6.2
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatalf("count open files: %v: before Linux 6.2 that takes root", err)
	}
	return len(entries)
}

// children counts the processes that the gateway has started and not buried.
func (l *load) children(t testing.TB) (n int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range stats {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(l.Cmd.Process.Pid) {
			n++
		}
	}
	return n
}

// atRest waits until every log was checked and the gateway holds no more than at first.
func (l *load) atRest(t *testing.T, baseline resting) {
	t.Helper()
	defer func() {
		if missing := l.unsettled(); missing != "" {
			t.Error(missing)
		}
	}()
	gatewaytest.Eventually(t, "every log is finished", func() bool {
		l.readLogs(t)
		return l.settled()
	})
	gatewaytest.Eventually(t, fmt.Sprintf("the gateway holds no more than %+v", baseline), func() bool {
		now := l.resting(t)
		return now.files <= baseline.files+gatewaytest.Spares && now.children == 0 && now.journal <= baseline.journal
	})
	if left := len(l.Files(t, "logs")); left != 1 {
		t.Errorf("%d logs are left, want only the gateway's own", left)
	}
}

// memory is what the gateway holds of the machine's memory.
func (l *load) memory(t testing.TB) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", l.Cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(b), "VmRSS:")
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if !ok || err != nil {
		t.Fatalf("the gateway's memory is not told: %v", err)
	}
	return kib << 10
}

// goroutines ends a gateway in a way that tells how many goroutines it has.
func (l *load) goroutines(t testing.TB) int {
	t.Helper()
	l.Signal(t, syscall.SIGQUIT)
	l.Wait(t)
	n := 0
	for block := range strings.SplitSeq(l.Errs.String(), "\n\n") {
		// The runtime's own come and go.
		if strings.HasPrefix(block, "goroutine ") && (strings.Contains(block, "\nmain.") || strings.Contains(block, "/sshtrail/")) {
			n++
		}
	}
	return n
}

// TestNoGoroutineIsLeft compares a gateway that has served with one that has not.
func TestNoGoroutineIsLeft(t *testing.T) {
	for _, b := range []gatewaytest.Backend{gatewaytest.Local(t), gatewaytest.Proxied()} {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			fresh := begin(t, b).goroutines(t)
			l := begin(t, b)
			baseline := l.warmUp(t)
			l.atRest(t, baseline)
			if used := l.goroutines(t); used > fresh || fresh == 0 {
				t.Errorf("a gateway has %d goroutines at first and %d after its sessions:\n%s", fresh, used, l.Errs)
			}
		})
	}
}
