// Package hostile is an S3 server in process that is strict, and misbehaves on command.
//
// It is as strict as the Amazon S3 API Reference: part numbers and sizes, checksums, ETags,
// signatures that must be there, preconditions, pages. A plan tells it which request to
// answer how badly, and a ledger shows what it was asked and has done:
//
//	s := hostile.New(hostile.Options{Bucket: "logs", PartSize: 64})
//	s.Plan(hostile.At(hostile.UploadPart, 2, hostile.Refuse(503, "SlowDown")))
//
// It is an [http.Handler], and an [http.RoundTripper] that takes no sockets and starts no goroutines, so that it runs in
// the bubble of testing/synctest.
package hostile

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Options is what a Server is like.
type Options struct {
	Bucket string
	// PartSize is the least size of a part that isn't the last; 5 MiB if it is 0, as in S3.
	PartSize int64
	// Permitted are the operations that may be asked for; all if it is nil.
	Permitted []Op
	// Forgetful has the server know nothing of an upload that it has completed, as most do:
	// who completes it again, since the first answer was lost, gets NoSuchUpload. Amazon's
	// answers as it did the first time.
	Forgetful bool
	// Unconditional has the server know nothing of If-None-Match, as old ones do.
	Unconditional bool
	// Page is how many entries an answer lists at most; 1000 if it is 0, as in S3.
	Page int
}

// Server is a strict S3 server with one bucket. Its methods may be called concurrently.
type Server struct {
	options   Options
	permitted map[Op]bool // nil: all
	done      chan struct{}

	mu        sync.Mutex
	plan      func(Request) *Fault
	counts    map[Op]int
	ledger    []Entry
	objects   map[string][]*Object // every version, the newest last
	sorted    []string             // keys of objects; nil until they are listed
	uploads   map[string]*upload   // by id
	completed map[string]*upload   // by id
	ids       int
}

// Object is what the server keeps under a key.
type Object struct {
	Key, ETag string
	Data      []byte
	// Header has what was told of the object: X-Amz-Meta-…, Content-Type, X-Amz-Object-Lock-…
	// and other things that a server keeps with it.
	Header   http.Header
	Modified time.Time
	// Parts is how many parts it was made of, 0 for PutObject.
	Parts     int
	checksums map[string]string // by algorithm, as it is shown
}

// Entry is one request, and what came of it.
type Entry struct {
	Request
	Fault  *Fault // what the plan wanted, nil if nothing
	Status int    // 0 if there was no answer
	Code   string // of the error
	// Done says that what was asked for was done, whatever was answered.
	Done bool
}

// New returns a server that has an empty bucket, and behaves.
func New(o Options) *Server {
	if o.PartSize == 0 {
		o.PartSize = 5 << 20
	}
	if o.Page == 0 {
		o.Page = 1000
	}
	s := &Server{
		options: o, done: make(chan struct{}), plan: func(Request) *Fault { return nil }, counts: map[Op]int{},
		objects: map[string][]*Object{}, uploads: map[string]*upload{}, completed: map[string]*upload{},
	}
	s.Permit(o.Permitted)
	return s
}

// Permit has only these operations be permitted from now on; all if ops is nil.
func (s *Server) Permit(ops []Op) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.permitted = nil
	if ops == nil {
		return
	}
	s.permitted = map[Op]bool{}
	for _, op := range ops {
		s.permitted[op] = true
	}
}

// Plan has p say what is wrong with each request from now on; nil for nothing. It is
// called for one request at a time.
func (s *Server) Plan(p func(Request) *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan = p
}

// Close ends requests that hang.
func (s *Server) Close() { close(s.done) }

// Ledger returns all requests so far, in the order in which they came.
func (s *Server) Ledger() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ledger)
}

// Count returns how many requests of a kind there were.
func (s *Server) Count(op Op) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[op]
}

// Keys returns the keys of all objects in their order.
func (s *Server) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.inOrder())
}

// inOrder is called with the lock held. Who lists pages needs the order often.
func (s *Server) inOrder() []string {
	if s.sorted == nil {
		s.sorted = slices.Sorted(maps.Keys(s.objects))
	}
	return s.sorted
}

// Object returns the object of that key, nil if there is none. Nobody changes it.
func (s *Server) Object(key string) *Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newest(key)
}

// Versions returns all that was ever written to a key, the newest last.
func (s *Server) Versions(key string) []*Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.objects[key])
}

// Fill puts an object there without a request. data is not copied, so that many objects may share it.
func (s *Server) Fill(key string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(&Object{Key: key, Data: data, ETag: `"` + md5Hex(data) + `"`, Modified: time.Now(), Header: http.Header{}})
}

// newest is called with the lock held.
func (s *Server) newest(key string) *Object {
	versions := s.objects[key]
	if len(versions) == 0 {
		return nil
	}
	return versions[len(versions)-1]
}

// keep is called with the lock held.
func (s *Server) keep(o *Object) {
	if _, ok := s.objects[o.Key]; !ok {
		s.sorted = nil
	}
	s.objects[o.Key] = append(s.objects[o.Key], o)
}

// Upload is an open multipart upload.
type Upload struct {
	Key, ID string
	Parts   map[int]int64 // sizes by number
}

// Uploads returns the open uploads, the oldest first.
func (s *Server) Uploads() []Upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []Upload
	for _, id := range slices.Sorted(maps.Keys(s.uploads)) {
		u := Upload{s.uploads[id].key, id, map[int]int64{}}
		for n, p := range s.uploads[id].parts {
			u.Parts[n] = int64(len(p.data))
		}
		open = append(open, u)
	}
	return open
}

// Sent returns the bytes of an open upload's parts from the first on, as far as no part is missing.
func (s *Server) Sent(id string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sent []byte
	for n := 1; s.uploads[id] != nil && s.uploads[id].parts[n] != nil; n++ {
		sent = append(sent, s.uploads[id].parts[n].data...)
	}
	return sent
}

// Abort ends an upload behind the back of who uploads. There may be none of that id.
func (s *Server) Abort(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.uploads, id)
}
