package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

// ErrUnfinished is that of a log in the bucket that has no end yet and is written, or was left, on
// another machine. A bucket shows nobody the parts of an upload before that is completed.
var ErrUnfinished = errors.New("the log is not finished, and what is uploaded of it can't be read before: the machine that writes it can read it; 'sshtrail recover --storage' finishes what a machine that is gone has left")

// Open opens a log for reading: what this machine has of it, or else what the bucket has.
// Reading goes on in ctx.
func (s *Store) Open(ctx context.Context, name storage.Name) (storage.Reader, error) {
	r, err := s.openAnywhere(ctx, name)
	if errors.Is(err, ErrUnfinished) {
		r, err = s.openAnywhere(ctx, name) // it was begun here, or finished, between the two looks
	}
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return r, nil
}

func (s *Store) openAnywhere(ctx context.Context, name storage.Name) (storage.Reader, error) {
	r, err := s.openLocal(ctx, name)
	if errors.Is(err, storage.ErrNotExist) {
		r, err = s.openRemote(ctx, name)
	}
	return r, err
}

func (s *Store) openRemote(ctx context.Context, name storage.Name) (storage.Reader, error) {
	r := &remoteReader{ctx: ctx, b: s.remote, key: string(name)}
	err := r.readEnd()
	switch {
	case errors.Is(err, bucket.ErrNotExist) && s.isUnfinished(ctx, name):
		return nil, fmt.Errorf("log %q: %w", string(name), ErrUnfinished)
	case errors.Is(err, bucket.ErrNotExist):
		return nil, fmt.Errorf("log %q: %w", string(name), storage.ErrNotExist)
	case errors.Is(err, bucket.ErrDenied):
		return nil, fmt.Errorf("log %q: %w: %w", string(name), fs.ErrPermission, err)
	case err != nil:
		return nil, err
	}
	return r, nil
}

// isUnfinished reports whether the bucket has a beginning of a log, as far as that may be known.
func (s *Store) isUnfinished(ctx context.Context, name storage.Name) bool {
	for u, err := range s.remote.Uploads(ctx, string(name)) {
		if err != nil || u.Key > string(name) {
			break
		}
		if u.Key == string(name) {
			return true
		}
	}
	_, err := s.remote.Head(ctx, string(name)+tailSuffix)
	return err == nil
}

// How much of an object is asked for at once: its end, which says what it is and holds all of a
// short log; then what is read, and more the longer it is read in order.
const (
	endSize  = 64 << 10
	minAhead = 64 << 10
	maxAhead = 4 << 20
	maxKept  = maxAhead + 16*minAhead
)

// remoteReader reads an object by ranges, and keeps the last ones.
type remoteReader struct {
	ctx  context.Context // of all requests: its whole life
	b    *bucket.Bucket
	key  string
	etag string // of the object whose end was read: no other takes its place meanwhile
	size int64

	mu    sync.Mutex
	end   span
	spans []span // the last used first
	next  int64  // where the last request ended
	ahead int64
}

// IsRemote reports whether reading a log costs requests.
func IsRemote(r storage.Reader) bool {
	_, remote := r.(*remoteReader)
	return remote
}

// span is a piece of an object.
type span struct {
	at int64
	p  []byte
}

func (s span) to() int64 { return s.at + int64(len(s.p)) }

func (s span) has(at int64) bool { return s.at <= at && at < s.to() }

// Size returns the object's size.
func (r *remoteReader) Size() int64 { return r.size }

// Open returns false: an object is finished.
func (r *remoteReader) Open() bool { return false }

// Close forgets what was read.
func (r *remoteReader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end, r.spans = span{}, nil
	return nil
}

// readEnd makes the first request, which tells the size too.
func (r *remoteReader) readEnd() error {
	return patiently(r.ctx, func() error {
		body, st, err := r.b.Get(r.ctx, r.key, -1, endSize, "")
		if err != nil {
			return err
		}
		n := min(endSize, st.Size)
		p, err := whole(body, n)
		if err = errors.Join(err, body.Close()); err != nil {
			return fmt.Errorf("read the end of object %q: %w", r.key, err)
		}
		r.size, r.etag, r.end = st.Size, st.ETag, span{st.Size - n, p}
		return nil
	})
}

// ReadAt implements io.ReaderAt.
func (r *remoteReader) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 {
		return 0, fmt.Errorf("read object %q at %d: negative offset", r.key, at)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for n < len(p) && at+int64(n) < r.size {
		s, err := r.spanAt(at+int64(n), int64(len(p)-n))
		if err != nil {
			return n, err
		}
		n += copy(p[n:], s.p[at+int64(n)-s.at:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// spanAt returns a piece that has the byte at, which is in the object; n are wanted.
func (r *remoteReader) spanAt(at, n int64) (span, error) {
	if r.end.has(at) {
		return r.end, nil
	}
	for i, s := range r.spans {
		if s.has(at) {
			copy(r.spans[1:i+1], r.spans[:i])
			r.spans[0] = s
			return s, nil
		}
	}
	// What goes on with a little left out is reading in order too: to leave it out would cost as many requests.
	if gap := at - r.next; gap >= 0 && gap <= r.ahead {
		r.ahead = min(max(2*r.ahead, minAhead), maxAhead)
	} else {
		r.ahead = minAhead
	}
	n = min(max(n, r.ahead), maxAhead, r.stop(at)-at)
	s := span{at, nil}
	err := patiently(r.ctx, func() error {
		body, _, err := r.b.Get(r.ctx, r.key, at, n, r.etag)
		if err != nil {
			return err
		}
		s.p, err = whole(body, n)
		if err = errors.Join(err, body.Close()); err != nil {
			return fmt.Errorf("read object %q at %d: %w", r.key, at, err)
		}
		return nil
	})
	if err != nil {
		return s, err
	}
	r.next = s.to()
	r.keep(s)
	return s, nil
}

// stop is where what is known already begins.
func (r *remoteReader) stop(at int64) int64 {
	stop := r.size
	if len(r.end.p) > 0 {
		stop = r.end.at
	}
	for _, s := range r.spans {
		if s.at > at {
			stop = min(stop, s.at)
		}
	}
	return stop
}

// keep has s be the one used last, and lets go of the oldest.
func (r *remoteReader) keep(s span) {
	kept, room := []span{s}, int64(maxKept-len(s.p))
	for _, old := range r.spans {
		if room -= int64(len(old.p)); room < 0 {
			break
		}
		kept = append(kept, old)
	}
	r.spans = kept
}
