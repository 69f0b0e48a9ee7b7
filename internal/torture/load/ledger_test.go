package load

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// ledger joins what clients claim with the logs that the gateway has finished. Each log is
// checked and removed when there are both.
type ledger struct {
	mu     sync.Mutex
	claims map[string]claim
	logs   map[string]finished

	began                       time.Time
	checked, bytes, wrong, seen int64
}

// finished is a log that was read.
type finished struct {
	log  *oracle.Log
	file []byte
}

func (l *ledger) init() {
	l.claims, l.logs, l.began = map[string]claim{}, map[string]finished{}, time.Now()
}

// claim notes what a log must hold, and checks it if it is there already.
func (l *load) claim(t testing.TB, c claim) {
	l.mu.Lock()
	f, ok := l.logs[c.token]
	if !ok {
		l.claims[c.token] = c
	}
	delete(l.logs, c.token)
	l.mu.Unlock()
	if ok {
		l.check(t, c, f)
	}
}

// readLogs reads the logs that were finished since the last time.
func (l *load) readLogs(t testing.TB) {
	for _, name := range l.finished(t) {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
			return
		}
		log, err := oracle.Read(bytes.NewReader(file))
		if err != nil {
			t.Errorf("read log %s: %v", name, err)
			return
		}
		if len(oracle.Bodies[*event.GatewayStart](log)) > 0 {
			continue // the gateway's own, of yesterday
		}
		if err := os.Remove(name); err != nil {
			t.Error(err)
			return
		}
		l.moved.Add(1)
		l.found(t, tokenOf(log), finished{log, file})
	}
}

// finished lists the logs that have their final name.
func (l *load) finished(t testing.TB) (names []string) {
	entries, err := os.ReadDir(l.Path("logs"))
	if err != nil {
		t.Error(err)
	}
	for _, e := range entries {
		if !strings.Contains(e.Name(), ".") {
			names = append(names, filepath.Join(l.Path("logs"), e.Name()))
		}
	}
	return names
}

// found keeps a log until its client has ended, or checks it if it has.
func (l *load) found(t testing.TB, token string, f finished) {
	l.mu.Lock()
	l.seen++
	c, ok := l.claims[token]
	if !ok {
		l.logs[token] = f
	}
	delete(l.claims, token)
	l.mu.Unlock()
	if ok {
		l.check(t, c, f)
	}
}

// tokenOf finds whose log it is: by the version that the client calls itself, or a variable.
func tokenOf(log *oracle.Log) string {
	for _, in := range oracle.Bodies[*event.HandshakeSuccessful](log) {
		if token, ok := strings.CutPrefix(in.ClientVersion, "SSH-2.0-load-"); ok {
			return "load-" + token
		}
	}
	for _, ch := range log.Channels {
		for _, v := range ch.Env {
			if token, ok := strings.CutPrefix(v, tokenVariable+"="); ok {
				return token
			}
		}
	}
	return ""
}

func (l *load) check(t testing.TB, c claim, f finished) {
	flaws := c.flaws(f.log)
	var n int64
	for _, ch := range f.log.Channels {
		n += ch.Stdin.Length + ch.Stdout.Length + ch.Stderr.Length
	}
	l.mu.Lock()
	l.checked++
	l.bytes += n
	l.wrong += int64(min(len(flaws), 1))
	l.mu.Unlock()
	if len(flaws) == 0 {
		return
	}
	kept := filepath.Join(os.TempDir(), "wrong-"+c.token)
	if err := os.WriteFile(kept, f.file, 0o600); err != nil {
		t.Error(err)
	}
	t.Errorf("the log of %s (%s), which is kept as %s:\n%s", c.token, c.what, kept, strings.Join(flaws, "\n"))
}

// settled reports whether every client's log was read and checked.
func (l *load) settled() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.claims {
		if !c.mayNot {
			return false
		}
	}
	return len(l.logs) == 0
}

// unsettled says what is missing, and forgets it.
func (l *load) unsettled() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var missing []string
	for token, c := range l.claims {
		if !c.mayNot {
			missing = append(missing, fmt.Sprintf("no log of %s (%s)", token, c.what))
		}
	}
	for token := range l.logs {
		missing = append(missing, fmt.Sprintf("a log of %q, and no such client", token))
	}
	clear(l.claims)
	clear(l.logs)
	return strings.Join(missing, "\n")
}

func (l *ledger) read() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen
}

// progress says how far it is.
func (l *ledger) progress() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprintf("%d sessions and %.3f GiB checked (%.1f MB/s), wrong logs: %d",
		l.checked, float64(l.bytes)/(1<<30), float64(l.bytes)/1e6/time.Since(l.began).Seconds(), l.wrong)
}
