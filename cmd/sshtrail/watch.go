package main

import (
	"log/slog"

	"github.com/sshtrail/sshtrail/internal/config"
	"github.com/sshtrail/sshtrail/internal/gateway"
	"github.com/sshtrail/sshtrail/internal/handover"
	"github.com/sshtrail/sshtrail/internal/metrics"
	"github.com/sshtrail/sshtrail/record"
)

// watch serves metrics and health while the gateway runs, if the configuration says where.
type watch struct {
	server *metrics.Server // nil if not
	ln     *handover.Listener
	served bool
}

// beginWatch listens. If nobody has served there before this process, it says from now on
// that the gateway starts: until then the process before answers.
func beginWatch(row *handover.Process, cfg *config.Config, told func() metrics.Messages, logger *slog.Logger) (*watch, error) {
	address := cfg.Metrics.Listen.HostPort()
	if address == "" {
		return &watch{}, nil
	}
	ln, err := listen(row, metricsSocket, address)
	if err != nil {
		return nil, err
	}
	w := &watch{server: metrics.NewServer(version(), told, logger), ln: ln}
	if ln.Origin == handover.Opened {
		w.serve()
	}
	return w, nil
}

func (w *watch) serve() {
	if !w.served {
		w.served = true
		w.server.Serve(w.ln)
	}
}

// over has the gateway, what records and what keeps that, which may be nil, asked from now on.
func (w *watch) over(g *gateway.Gateway, rec *record.Recorder, kept *keeping) {
	if w.server == nil {
		return
	}
	from := metrics.Sources{Gateway: g.Stats, Uploads: kept.uploads()}
	if rec != nil {
		from.Recorder = rec.Stats
	}
	w.server.Begin(from)
	w.serve()
}

// url is where the metrics are, "" if nowhere.
func (w *watch) url() string {
	if w.server == nil {
		return ""
	}
	return "http://" + w.ln.Addr().String() + "/metrics"
}

func (w *watch) end() {
	if w.server != nil {
		w.ln.Close()
		w.server.Close() // nothing depends on it any more
	}
}
