package gatewaytest

import (
	"bufio"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// watched is the line that says where the metrics are.
var watched = regexp.MustCompile(`(?m)^metrics: +(http://\S+)/metrics$`)

// Ask asks the gateway's server of metrics for a path, as /readyz, and returns the status
// and the answer. The gateway must have Options.Metrics.
func (g *Gateway) Ask(t testing.TB, path string) (status int, answer string) {
	t.Helper()
	m := watched.FindSubmatch(g.Out.Await(t, "line that says where metrics are", g.Ended, watched.Match))
	c := http.Client{Timeout: Patience, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := c.Get(string(m[1]) + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

// Metrics returns all metrics by their series, as sshtrail_sessions, or
// sshtrail_logins_total{method="publickey"}.
func (g *Gateway) Metrics(t testing.TB) map[string]float64 {
	t.Helper()
	status, text := g.Ask(t, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("/metrics answers with status %d: %s", status, text)
	}
	found := map[string]float64{}
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		series, value, ok := cutLast(s.Text(), " ")
		if !ok || strings.HasPrefix(series, "#") {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("/metrics has the line %q: %v", s.Text(), err)
		}
		found[series] = v
	}
	return found
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// AwaitMetric waits until a series has a value that is enough.
func (g *Gateway) AwaitMetric(t testing.TB, series string, enough func(float64) bool) {
	t.Helper()
	deadline := time.Now().Add(Patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		value, there := g.Metrics(t)[series]
		if there && enough(value) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is %v (there: %v), which is not enough, after %v", series, value, there, Patience)
		}
		<-tick.C
	}
}
