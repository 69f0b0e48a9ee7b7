package disks

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// answersWithin is how soon the gateway says how it is, whatever its disk does.
const answersWithin = time.Second

// ask asks for a path, and checks that the answer comes in time.
func (l *lab) ask(t *testing.T, path string) (status int, answer string) {
	t.Helper()
	began := time.Now()
	status, answer = l.Ask(t, path)
	if took := time.Since(began); took > answersWithin+busy {
		t.Errorf("%s answers after %v, want %v", path, took, answersWithin)
	}
	return status, answer
}

// checkReady waits until the gateway says that it is ready, or that it is not.
func (l *lab) checkReady(t *testing.T, want bool) {
	t.Helper()
	began := time.Now()
	gatewaytest.Eventually(t, "readyz tells the truth", func() bool {
		status, _ := l.ask(t, "/readyz")
		return (status == http.StatusOK) == want
	})
	if took := time.Since(began); took > toldWithin {
		t.Errorf("readyz tells whether sessions are recorded (%v) after %v", want, took)
	}
	if status, answer := l.ask(t, "/healthz"); status != http.StatusOK {
		t.Errorf("healthz answers with %d: %s", status, answer)
	}
}

// failures is how many failures to record the gateway has counted.
func (l *lab) failures(t *testing.T) float64 {
	t.Helper()
	all := 0.0
	for series, n := range l.Metrics(t) {
		if strings.HasPrefix(series, "sshtrail_recording_failures_total") {
			all += n
		}
	}
	return all
}
