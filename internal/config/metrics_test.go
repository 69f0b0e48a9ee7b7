package config

import (
	"strings"
	"testing"
)

// Metrics are nobody's business but this machine's, unless somebody says so.
func TestMetricsStayOnTheLoopback(t *testing.T) {
	for listen, want := range map[string]string{
		`""`:                 "",
		"9100":               "127.0.0.1:9100",
		`"9100"`:             "127.0.0.1:9100",
		`":9100"`:            "127.0.0.1:9100",
		`"127.0.0.1:0"`:      "127.0.0.1:0",
		`"0.0.0.0:9100"`:     "0.0.0.0:9100",
		`"[::]:9100"`:        "[::]:9100",
		`"gateway.lan:9100"`: "gateway.lan:9100",
	} {
		c := mustParse(t, "backend: local\n"+users+"metrics: {listen: "+listen+"}\n")
		if got := c.Metrics.Listen.HostPort(); got != want {
			t.Errorf("metrics.listen: %s is %q, want %q", listen, got, want)
		}
	}
	if got := defaults().Metrics.Listen.HostPort(); got != "" {
		t.Errorf("without a configuration metrics are served at %q, want nowhere", got)
	}
}

func TestBadMetricsListen(t *testing.T) {
	for _, listen := range []string{"99999", "localhost", "'[::1'", "'127.0.0.1:http'", "'/run/x:1'", "-1"} {
		_, err := Parse("f", []byte("backend: local\n"+users+"metrics: {listen: "+listen+"}\n"))
		if err == nil || !strings.Contains(err.Error(), "f:3: metrics.listen: ") || !strings.Contains(err.Error(), "127.0.0.1:9100") {
			t.Errorf("metrics.listen: %s gives %v, want an error that says what to write", listen, err)
		}
	}
}
