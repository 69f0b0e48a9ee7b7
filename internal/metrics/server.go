package metrics

import (
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Limits of the server. Answers are small: who does not take one in that time has gone.
const (
	headTime  = 5 * time.Second
	writeTime = 5 * time.Second
	idleTime  = 2 * time.Minute // Prometheus asks every minute or less
	maxHead   = 8 << 10
	// answerTime is how long the parts of the gateway have to say how they are, so that
	// an answer is there within a second.
	answerTime = 800 * time.Millisecond
	// maxAsking bounds the questions at once: should the parts be stuck, so are they.
	maxAsking = 8
	// maxPutting bounds the answers with numbers that are put down at once, which takes a
	// millisecond each: whoever asks for many must not hold up who asks for health.
	maxPutting = 2
)

// Server serves /metrics, /healthz and /readyz.
type Server struct {
	version  string
	messages func() Messages
	program  *prometheus.Registry // what the client library knows of every Go program
	sources  atomic.Pointer[Sources]
	asking   chan struct{}
	putting  chan struct{}
	http     *http.Server
	serving  sync.WaitGroup
}

// NewServer returns a server that says that the gateway starts, until Begin. messages
// says what became of the gateway's messages; logger is told what the server has to say.
func NewServer(version string, messages func() Messages, logger *slog.Logger) *Server {
	s := &Server{version: version, messages: messages, program: prometheus.NewRegistry(), asking: make(chan struct{}, maxAsking), putting: make(chan struct{}, maxPutting)}
	s.program.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s.http = &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: headTime, ReadTimeout: headTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHead,
		ErrorLog:       log.New(complaints{logger}, "", 0),
	}
	return s
}

// Serve serves on ln, which it closes, until Close or until ln is closed: then another
// process has it, and whoever is still connected here must ask that one. It returns at once.
func (s *Server) Serve(ln net.Listener) {
	s.serving.Go(func() {
		err := s.http.Serve(&newestOnly{Listener: ln})
		if !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			s.http.ErrorLog.Print(err)
		}
		s.http.Close() // what is open is of no use any more
	})
}

// Begin has the server ask the gateway's parts from now on.
func (s *Server) Begin(from Sources) { s.sources.Store(&from) }

// Close ends the server and waits for it.
func (s *Server) Close() error {
	err := s.http.Close()
	s.serving.Wait()
	if err != nil {
		return fmt.Errorf("close metrics: %w", err)
	}
	return nil
}

var errNoAnswer = errors.New("the gateway does not say how it is; if that stays so, start it anew")

// ask asks all parts, or says within a second that they do not answer.
func (s *Server) ask() (snapshot, error) {
	timer := time.NewTimer(answerTime)
	defer timer.Stop()
	select {
	case s.asking <- struct{}{}:
	case <-timer.C:
		return snapshot{}, errNoAnswer
	}
	answer := make(chan snapshot, 1)
	go func() { // ends with the answer: see Sources
		defer func() { <-s.asking }()
		answer <- s.look()
	}()
	select {
	case a := <-answer:
		return a, nil
	case <-timer.C:
		return snapshot{}, errNoAnswer
	}
}

func (s *Server) look() snapshot {
	now := snapshot{version: s.version, messages: s.messages()}
	if from := s.sources.Load(); from != nil {
		g := from.Gateway()
		now.gateway, now.ready = &g, len(g.Obstacles) == 0
		if from.Recorder != nil {
			r := from.Recorder()
			now.recorder = &r
		}
		if from.Uploads != nil {
			u := from.Uploads()
			now.uploads = &u
		}
	}
	return now
}

// complaints are net/http's own messages. They may hold what a peer sent.
type complaints struct{ logger *slog.Logger }

func (c complaints) Write(p []byte) (int, error) {
	c.logger.Warn("metrics are served with trouble", "error", errors.New(strings.TrimSpace(string(p))))
	return len(p), nil
}
