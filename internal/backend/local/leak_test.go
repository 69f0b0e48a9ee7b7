//go:build linux

package local

import (
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/backend"
)

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// A gateway runs for months: a program costs neither files nor goroutines nor zombies
// once it is closed, and one that could not be started neither.
func TestNothingIsLeft(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it closes files that were forgotten
	bad := testConfig()
	bad.Shell = "/no/such/shell"
	h, broken := connect(t, testConfig(), ownName(t)), connect(t, bad, ownName(t))
	_ = outputOf(t, h, script("true"), "") // so that the runtime has what it keeps
	files, goroutines := openFiles(t), runtime.NumGoroutine()
	for range 20 {
		for _, pty := range []*backend.PTY{nil, {Term: "x"}} {
			cmd := script("true")
			cmd.PTY = pty
			if _, err := broken.Start(t.Context(), cmd); err == nil {
				t.Fatal("Start without a shell = nil, want an error")
			}
			p, err := h.Start(t.Context(), cmd)
			if err != nil {
				t.Fatal(err)
			}
			pid := p.(*process).family.leader
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := readStat(pid); err == nil {
				t.Errorf("process %d is still there", pid)
			}
		}
	}
	if n := len(h.(*host).processes); n != 0 {
		t.Errorf("the host remembers %d programs that are closed", n)
	}
	for end := time.Now().Add(10 * time.Second); openFiles(t) > files || runtime.NumGoroutine() > goroutines; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d files and %d goroutines, were %d and %d", openFiles(t), runtime.NumGoroutine(), files, goroutines)
		}
	}
}
