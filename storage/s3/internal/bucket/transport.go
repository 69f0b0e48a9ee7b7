package bucket

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// How long the steps before a request may take, and how many connections wait for the next one.
const (
	connectTimeout = 10 * time.Second
	idleTimeout    = 30 * time.Second
	idlePerHost    = 32
	maxHeader      = 64 << 10
)

// completeFactor is how much longer the answer to CompleteMultipartUpload is waited for: it "could take
// several minutes" (its API page), and stores on file systems copy all parts before it.
const completeFactor = 10

// newTransport returns a transport for c. It stays with HTTP/1.1, as S3 does: each upload has
// a connection of its own, and none waits for another's.
func newTransport(c Config) (*http.Transport, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		if len(c.CACert) == 0 {
			return nil, fmt.Errorf("read the system's certificates: %w", err)
		}
		roots = x509.NewCertPool()
	}
	if len(c.CACert) > 0 && !roots.AppendCertsFromPEM(c.CACert) {
		return nil, errors.New("no certificate to trust in PEM text")
	}
	dialer := &net.Dialer{Timeout: min(connectTimeout, c.Timeout), KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    min(connectTimeout, c.Timeout),
		IdleConnTimeout:        min(idleTimeout, c.Timeout),
		MaxIdleConnsPerHost:    idlePerHost,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true, // an object is what is stored, whatever its Content-Encoding says
	}, nil
}

// watch ends requests that stand still: it wants bytes of the request to go, then the answer's header, then
// bytes of the answer, each within its patience of what was before.
type watch struct {
	next     http.RoundTripper
	patience time.Duration
}

// RoundTrip is of http.RoundTripper.
func (w *watch) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	patience := w.patience
	if req.Method == http.MethodPost && req.URL.Query().Has("uploadId") {
		patience *= completeFactor
	}
	stalled := fmt.Errorf("%w for %s", errStalled, patience)
	d := &dog{patience: patience, stop: func() { cancel(nil) }}
	d.timer = time.AfterFunc(patience, func() { cancel(stalled) })
	req = req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		req.Body = &watchedBody{ReadCloser: req.Body, dog: d}
	}
	resp, err := w.next.RoundTrip(req)
	if err != nil {
		d.end()
		return nil, cause(ctx, err)
	}
	body := &watchedBody{ReadCloser: resp.Body, dog: d, ctx: ctx, last: true}
	if !isObject(req) {
		body.dog = &dog{patience: 0, timer: d.timer, stop: d.stop} // an answer is small: it has to come as a whole in time
	}
	d.feed()
	resp.Body = body
	if err := checkAnswer(req, resp); err != nil {
		_ = body.Close()
		return nil, err
	}
	return resp, nil
}

// isObject reports whether the answer to req is an object's bytes, of any number.
func isObject(req *http.Request) bool {
	q := req.URL.Query()
	return req.Method == http.MethodGet && !q.Has("list-type") && !q.Has("uploads") && !q.Has("uploadId")
}

// cause returns err, or why ctx was ended by its watch.
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); errors.Is(c, errStalled) {
		return c
	}
	return err
}

// dog barks when it is not fed.
type dog struct {
	patience time.Duration // 0: it can't be fed
	stop     func()

	mu    sync.Mutex
	timer *time.Timer
	done  bool
}

func (d *dog) feed() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.done && d.patience > 0 {
		d.timer.Reset(d.patience)
	}
}

func (d *dog) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done = true
	d.timer.Stop()
	d.stop()
}

// watchedBody feeds its dog when bytes pass.
type watchedBody struct {
	io.ReadCloser
	dog  *dog
	ctx  context.Context // of the request, to know why a read failed; nil for a request's body
	last bool            // with it the request ends
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.dog.feed()
	}
	if err != nil && err != io.EOF && b.ctx != nil {
		err = cause(b.ctx, err)
	}
	return n, err
}

func (b *watchedBody) Close() error {
	err := b.ReadCloser.Close()
	if b.last {
		b.dog.end()
	}
	return err
}
