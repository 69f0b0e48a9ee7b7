package metrics

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const index = `sshtrail: how this gateway is

/metrics   numbers, for Prometheus
/healthz   200 while the gateway works
/readyz    200 if a session that begins now would be accepted and recorded, or else 503 with the reasons
`

// handler is what is served. A pattern with GET is for HEAD too; every other method is refused.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { sayText(w, http.StatusOK, index) })
	mux.HandleFunc("GET /metrics", s.metrics)
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

// metrics puts the numbers down before it sends them: a slow reader holds up nobody.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	now, err := s.ask()
	if err != nil {
		sayText(w, http.StatusServiceUnavailable, err.Error()+"\n")
		return
	}
	down := answer{header: w.Header()}
	s.putDown(&down, r, now)
	w.WriteHeader(max(down.status, http.StatusOK))
	w.Write(down.Bytes()) // who has gone does not need them
}

func (s *Server) putDown(down *answer, r *http.Request, now snapshot) {
	s.putting <- struct{}{}
	defer func() { <-s.putting }()
	ours := prometheus.NewRegistry()
	ours.MustRegister(newCollector(now))
	promhttp.HandlerFor(prometheus.Gatherers{ours, s.program}, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, DisableCompression: true,
	}).ServeHTTP(down, r)
}

// answer is an answer that is not sent yet.
type answer struct {
	bytes.Buffer
	header http.Header
	status int
}

func (a *answer) Header() http.Header    { return a.header }
func (a *answer) WriteHeader(status int) { a.status = status }

// healthz says whether the process works. A gateway that starts or stops does.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	if _, err := s.ask(); err != nil {
		say(w, r, http.StatusServiceUnavailable, "unhealthy", []string{err.Error()})
		return
	}
	say(w, r, http.StatusOK, "ok", nil)
}

// readyz says whether a session that begins now would be accepted and recorded.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	now, err := s.ask()
	switch {
	case err != nil:
		say(w, r, http.StatusServiceUnavailable, "not ready", []string{err.Error()})
	case now.gateway == nil:
		say(w, r, http.StatusServiceUnavailable, "not ready", []string{"the gateway starts: it finishes the logs that were left"})
	case !now.ready:
		say(w, r, http.StatusServiceUnavailable, "not ready", now.gateway.Obstacles)
	default:
		say(w, r, http.StatusOK, "ready", nil)
	}
}

// say answers with a word if there are no reasons, else with a line for each of them; as
// JSON to whoever accepts that.
func say(w http.ResponseWriter, r *http.Request, status int, word string, reasons []string) {
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(struct { // who has gone does not need it
			Status  string   `json:"status"`
			Reasons []string `json:"reasons,omitempty"`
		}{word, reasons})
		return
	}
	if len(reasons) == 0 {
		reasons = []string{word}
	}
	sayText(w, status, strings.Join(reasons, "\n")+"\n")
}

func sayText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	w.Write([]byte(text)) // who has gone does not need it
}
