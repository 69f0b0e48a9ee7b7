package e2e

import (
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// checkMetrics checks that series have values.
func (g *gateway) checkMetrics(t *testing.T, want map[string]float64) {
	t.Helper()
	got := g.Metrics(t)
	for series, value := range want {
		if v, ok := got[series]; !ok || v != value {
			t.Errorf("%s is %v (there: %v), want %v", series, v, ok, value)
		}
	}
}

// checkHealth checks /healthz and /readyz; notReady is part of a reason, "" if it is ready.
func (g *gateway) checkHealth(t *testing.T, notReady string) {
	t.Helper()
	if status, answer := g.Ask(t, "/healthz"); status != http.StatusOK {
		t.Errorf("/healthz answers %d %q, want 200", status, answer)
	}
	want := http.StatusServiceUnavailable
	if notReady == "" {
		want = http.StatusOK
	}
	if status, answer := g.Ask(t, "/readyz"); status != want || !strings.Contains(answer, notReady) {
		t.Errorf("/readyz answers %d %q, want %d and %q", status, answer, want, notReady)
	}
}

func is(want float64) func(float64) bool { return func(v float64) bool { return v == want } }

// Before, during and after sessions the numbers say what is.
func TestMetricsTellTheTruth(t *testing.T) {
	t.Parallel()
	g := start(t, gatewaytest.Local(t), gatewaytest.Options{Metrics: true, SSH: []string{"shutdownGrace: 1m"}})
	g.checkHealth(t, "")
	g.checkMetrics(t, map[string]float64{
		"sshtrail_sessions": 0, "sshtrail_connections_total": 0, "sshtrail_ready": 1, "sshtrail_recording": 1, "sshtrail_logs_open": 1,
	})

	session, in := g.runs(t, "echo started; cat")
	g.checkMetrics(t, map[string]float64{
		"sshtrail_sessions": 1, `sshtrail_connections{state="session"}`: 1, `sshtrail_connections{state="startup"}`: 0,
		`sshtrail_logins_total{method="publickey"}`: 1, "sshtrail_connections_total": 1, "sshtrail_logs_open": 2,
	})
	gatewaytest.Must(t, g.withPassword(t, gatewaytest.Password, "gw", "true"))
	gatewaytest.Fails(t, g.withPassword(t, "wrong", "gw", "true"), 255, "Permission denied")
	c := g.Dial(t)
	if _, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, c) // ends when the gateway ends it
	g.AwaitMetric(t, `sshtrail_connections_refused_total{reason="not_ssh"}`, is(1))
	g.AwaitMetric(t, `sshtrail_logs_ended_total{outcome="complete"}`, is(1))
	g.AwaitMetric(t, "sshtrail_sessions", is(1))
	g.checkMetrics(t, map[string]float64{
		`sshtrail_logins_total{method="password"}`: 1, `sshtrail_connections_refused_total{reason="denied"}`: 1, "sshtrail_connections_total": 4,
	})
	now := g.Metrics(t)
	if now["sshtrail_events_total"] < 20 || now["sshtrail_recorded_bytes_total"] < 1000 || now["sshtrail_stored_bytes_total"] == 0 {
		t.Errorf("after two sessions %v events with %v bytes are recorded, and %v bytes stored",
			now["sshtrail_events_total"], now["sshtrail_recorded_bytes_total"], now["sshtrail_stored_bytes_total"])
	}
	decided := 0.0
	for series, n := range now {
		if strings.HasPrefix(series, "sshtrail_logins_total{") || strings.HasPrefix(series, "sshtrail_connections_refused_total{") {
			decided += n
		}
	}
	if decided != now["sshtrail_connections_total"] {
		t.Errorf("%v connections were accepted, and %v are a login or a refusal", now["sshtrail_connections_total"], decided)
	}
	if _, text := g.Ask(t, "/metrics"); strings.Contains(text, `"`+g.User+`"`) || strings.Contains(text, "wrong") {
		t.Errorf("the metrics have what came from a client:\n%s", text)
	}

	g.Signal(t, syscall.SIGTERM)
	g.AwaitMetric(t, "sshtrail_ready", is(0))
	g.checkHealth(t, "no new connections are taken")
	g.checkMetrics(t, map[string]float64{"sshtrail_sessions": 1})
	in.Close()
	session.Wait(t)
	g.Wait(t)
}

const noneBegins = "sshtrail: sessions can't be recorded now, so none begins; try again later, or tell who runs this gateway"

// takeAway puts a file in the place of the folder for logs, and returns what undoes it.
func (g *gateway) takeAway(t *testing.T) (undo func()) {
	t.Helper()
	logs, aside := g.Path("logs"), g.Path("logs-aside")
	if err := os.Rename(logs, aside); err != nil {
		t.Fatal(err)
	}
	gatewaytest.WriteFile(t, logs, "no folder")
	return func() {
		t.Helper()
		if err := os.Remove(logs); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(aside, logs); err != nil {
			t.Fatal(err)
		}
	}
}

// When sessions can't be recorded none begins. Everybody is told before they log in,
// whatever they log in with; and when it is possible again, it just works.
func TestUnrecordableSessionsAreRefused(t *testing.T) {
	t.Parallel()
	g := start(t, gatewaytest.Local(t), gatewaytest.Options{Metrics: true})
	g.AwaitMetric(t, "sshtrail_ready", is(1))
	undo := g.takeAway(t)
	g.AwaitMetric(t, "sshtrail_ready", is(0))
	g.checkHealth(t, "sessions can't be recorded: ")
	gatewaytest.Fails(t, g.OpenSSH(t, "ssh", "-o", "BatchMode=yes", "gw", "true"), 255, noneBegins, "Permission denied")
	gatewaytest.Fails(t, g.withPassword(t, gatewaytest.Password, "gw", "true"), 255, noneBegins, "Permission denied")
	const refused = `sshtrail_connections_refused_total{reason="recording_impossible"}`
	g.AwaitMetric(t, refused, is(2))
	g.Errs.AwaitText(t, "reason=recording_impossible", g.Ended)

	undo()
	g.AwaitMetric(t, "sshtrail_ready", is(1))
	g.checkHealth(t, "")
	// The gateway's own log may have failed with the folder, and is begun anew once a second.
	gatewaytest.Eventually(t, "a user is let in again", func() bool { return g.OpenSSH(t, "ssh", "gw", "true").Run() == nil })
	g.Signal(t, syscall.SIGTERM)
	if status := g.Wait(t); status != 0 {
		t.Errorf("the gateway ended with status %d, want 0", status)
	}
	if n := len(g.Logs(t).Sessions); n != 1 {
		t.Errorf("there are %d logs of connections, want that of the one who was let in", n)
	}
}

// Under audit.onFailure: continue nobody is refused for it, and that is said.
func TestUnrecordableSessionsGoOnIfTheConfigurationSaysSo(t *testing.T) {
	t.Parallel()
	g := start(t, gatewaytest.Local(t), gatewaytest.Options{Metrics: true, Audit: []string{"onFailure: continue"}})
	undo := g.takeAway(t)
	g.AwaitMetric(t, "sshtrail_ready", is(0))
	gatewaytest.Must(t, g.OpenSSH(t, "ssh", "gw", "true"))
	g.checkMetrics(t, map[string]float64{`sshtrail_connections_refused_total{reason="recording_impossible"}`: 0})
	undo()
	g.Signal(t, syscall.SIGTERM)
	g.Wait(t)
}

func TestMetricsPortInUse(t *testing.T) {
	t.Parallel()
	first := start(t, gatewaytest.Local(t), gatewaytest.Options{Metrics: true})
	g := newGateway(t, gatewaytest.Local(t), gatewaytest.Options{})
	g.Edit(t, "backend: local", "metrics: {listen: \""+first.Addr+"\"}\nbackend: local")
	gatewaytest.Fails(t, g.Command(t, "serve"), 1, first.Addr+" is in use", "metrics.listen")
}

// A flood of strangers makes few messages, which stand for all of them.
func TestFloodOfStrangersIsQuiet(t *testing.T) {
	const flood = 300
	t.Parallel()
	g := start(t, gatewaytest.Local(t), gatewaytest.Options{Metrics: true, SSH: []string{"maxStartups: 1000", "maxStartupsPerSource: 1000"}})
	began := time.Now()
	for range flood {
		c := g.Dial(t)
		if _, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, c) // ends when the gateway ends it
	}
	g.AwaitMetric(t, `sshtrail_connections_refused_total{reason="not_ssh"}`, is(flood))
	g.Stop(t)
	lines, stands := 0, 0
	for line := range strings.Lines(g.Errs.String()) {
		if !strings.Contains(line, "reason=not_ssh") {
			continue
		}
		lines++
		n := 1
		if _, repeated, ok := strings.Cut(strings.TrimSpace(line), " repeated="); ok {
			var err error
			if n, err = strconv.Atoi(repeated); err != nil {
				t.Error(err)
			}
		}
		stands += n
	}
	if most := int(time.Since(began)/time.Second) + 2; stands != flood || lines > most {
		t.Errorf("%d lines stand for %d messages, want %d at most for %d:\n%s", lines, stands, most, flood, g.Errs)
	}
}
