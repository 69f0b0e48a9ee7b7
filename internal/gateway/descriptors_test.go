package gateway

import (
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"github.com/sshtrail/sshtrail/internal/config"
)

// A limit that is said to be enough is, and the next lower one is not.
func TestLimitsOfDescriptors(t *testing.T) {
	const sessions = 10_000
	for _, each := range []uint64{perSession("local"), perSession("sshproxy")} {
		enough := uint64(0)
		for why := "?"; why != ""; why = tooLow(sessions, each, enough) {
			enough++
		}
		said := tooLow(sessions, each, enough-1)
		if room := forConnections(enough); room < sessions*each || forConnections(enough-1) >= sessions*each {
			t.Errorf("a limit of %d is said to be just enough for %d sessions of %d descriptors, and leaves %d for them", enough, sessions, each, room)
		}
		if !strings.Contains(said, "about 9999 sessions") || !strings.Contains(said, "ssh.maxConnections, which is 10000") {
			t.Errorf("a limit of %d is told of with: %s", enough-1, said)
		}
	}
	if said, advice := tooLow(10_000, 7, 20_000), "raise it to 93337"; !strings.Contains(said, advice) || tooLow(10_000, 7, 93_337) != "" {
		t.Errorf("a limit of 20000 is told of with %q, want %q, which is enough", said, advice)
	}
}

// The operator is warned at the start, and only if there is a reason.
func TestTheOperatorIsWarnedOfDescriptors(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	for sessions, want := range map[int]bool{1: false, 1_000_000: uint64(limit.Cur) < 8_000_000} {
		var said strings.Builder
		c := &config.Config{Backend: "local", SSH: config.SSH{MaxConnections: sessions}}
		g := New(Parts{Config: c, Logger: slog.New(slog.NewTextHandler(&said, nil))})
		g.warnOfDescriptors()
		if warned := strings.Contains(said.String(), "level=WARN") && strings.Contains(said.String(), "ulimit -n"); warned != want {
			t.Errorf("with %d sessions and a limit of %d the operator is told %q", sessions, limit.Cur, said.String())
		}
	}
}
