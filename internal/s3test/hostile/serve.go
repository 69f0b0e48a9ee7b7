package hostile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"syscall"
)

// errReset is what a client without a socket sees of a connection that was reset.
var errReset = fmt.Errorf("hostile: %w", syscall.ECONNRESET)

// outcome is what happens to a request on the wire.
type outcome struct {
	*answer      // nil if there is none
	sends   int  // of the body: less than all of it if the connection ends there
	partial bool // the connection ends then
}

// RoundTrip answers a request in the caller's goroutine. It does not follow redirects, which is the client's part.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	defer r.Body.Close()
	o := s.exchange(r)
	if o.answer == nil {
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		return nil, errReset
	}
	o.header.Set("Content-Length", o.length())
	response := &http.Response{
		Status: fmt.Sprintf("%d %s", o.status, http.StatusText(o.status)), StatusCode: o.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: o.header, ContentLength: int64(len(o.body)), Request: r,
	}
	var body io.Reader = bytes.NewReader(o.sent()[:o.sends])
	if o.partial {
		body = io.MultiReader(body, broken{})
	}
	response.Body = io.NopCloser(body)
	return response, nil
}

// broken is where a connection ends that should not.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errReset }

// ServeHTTP answers a request over a socket.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o := s.exchange(r)
	if o.answer == nil {
		panic(http.ErrAbortHandler)
	}
	for name, values := range o.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", o.length())
	w.WriteHeader(o.status)
	_, _ = w.Write(o.sent()[:o.sends]) // the client may be gone
	if o.partial {
		_ = http.NewResponseController(w).Flush() // as above
		panic(http.ErrAbortHandler)
	}
}

// exchange is the life of a request: counted, planned, met, noted.
func (s *Server) exchange(r *http.Request) outcome {
	req, found := s.parse(r)
	s.mu.Lock()
	s.counts[req.Op]++
	req.N = s.counts[req.Op]
	var f *Fault
	if s.plan != nil {
		f = s.plan(req)
	}
	at := len(s.ledger)
	s.ledger = append(s.ledger, Entry{Request: req, Fault: f})
	s.mu.Unlock()

	o, meant := s.before(r, req, f)
	if meant {
		a := s.answer(r, req, found, f != nil && f.kind == corrupt)
		s.note(at, func(e *Entry) { e.Done = a.code == "" })
		o = s.after(r, a, f)
	}
	if o.answer != nil {
		s.note(at, func(e *Entry) { e.Status, e.Code = o.status, o.code })
	}
	return o
}

// note changes an entry of the ledger.
func (s *Server) note(at int, change func(*Entry)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.ledger[at])
}

// before is for faults that come instead of the deed. It reports whether there is to be one.
func (s *Server) before(r *http.Request, req Request, f *Fault) (o outcome, meant bool) {
	if f == nil {
		return outcome{}, true
	}
	switch f.kind {
	case refuse:
		return whole(s.refusal(f, req)), false
	case hang:
		s.wait(r)
		return outcome{}, false
	case cut:
		_, _ = io.CopyN(io.Discard, r.Body, (r.ContentLength+1)/2) // the client may be gone
		return outcome{}, false
	case garbage:
		return whole(portal()), false
	case redirect:
		a := empty(http.StatusTemporaryRedirect)
		a.header.Set("Location", r.URL.String())
		return whole(a), false
	case errorIn200:
		return whole(embedded(fail(http.StatusOK, "InternalError", "We encountered an internal error. Please try again.").answer(req.Key))), false
	case forget:
		s.Abort(req.UploadID)
		return whole(noSuchUpload().answer(req.Key)), false
	}
	return outcome{}, true
}

// after is for faults that come after the deed.
func (s *Server) after(r *http.Request, a *answer, f *Fault) outcome {
	if f == nil {
		return whole(a)
	}
	switch f.kind {
	case lose:
		return outcome{}
	case hangDone:
		s.wait(r)
		return outcome{}
	case half:
		if len(a.sent()) == 0 {
			return outcome{} // the head is as lost as half of it
		}
		return outcome{answer: a, sends: len(a.sent()) / 2, partial: true}
	case wrongETag:
		a.falsify()
	}
	return whole(a)
}

func whole(a *answer) outcome { return outcome{answer: a, sends: len(a.sent())} }

// wait waits until the client gives up, or the server ends.
func (s *Server) wait(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.done:
	}
}

// refusal is an error as the plan wants it. Without a code it is as from a proxy that has
// lost its server.
func (s *Server) refusal(f *Fault, req Request) *answer {
	if f.Code == "" {
		a := portal()
		a.status, a.code = f.Status, strconv.Itoa(f.Status)
		return a
	}
	a := fail(f.Status, f.Code, "as it was planned").answer(req.Key)
	a.hides = req.Op == HeadObject || req.Op == HeadBucket
	if f.Status == http.StatusServiceUnavailable {
		a.header.Set("Retry-After", "1")
	}
	return a
}

// portal is an answer by somebody who is no S3 server.
func portal() *answer {
	a := empty(http.StatusOK)
	a.header.Set("Content-Type", "text/html")
	a.body = []byte("<!doctype html><title>Welcome</title><p>Please accept our terms & conditions<br>\x00\xff")
	return a
}

// embedded is an error behind a beginning that said that all was well.
func embedded(a *answer) *answer {
	a.status, a.code = http.StatusOK, "InternalError"
	a.body = append([]byte("  \n  "), a.body...)
	return a
}

// answer does what is asked for.
func (s *Server) answer(r *http.Request, req Request, found, corrupts bool) *answer {
	a, err := s.do(r, req, found, corrupts)
	var f *failure
	if errors.As(err, &f) {
		a = f.answer(req.Key)
	} else if err != nil {
		a = fail(http.StatusBadRequest, "IncompleteBody", err.Error()).answer(req.Key)
	}
	a.hides = r.Method == http.MethodHead
	a.header.Set("X-Amz-Request-Id", "hostile")
	return a
}

func (f *failure) Error() string { return f.code + ": " + f.message }
