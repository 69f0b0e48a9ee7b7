package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/s3/internal/bucket"
)

// Open opens a log for reading: what this machine has of it, or else what the bucket has.
func (s *Store) Open(ctx context.Context, name storage.Name) (storage.Reader, error) {
	r, err := s.openLocal(ctx, name)
	if errors.Is(err, storage.ErrNotExist) {
		r, err = s.openRemote(ctx, name)
	}
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return r, nil
}

func (s *Store) openRemote(ctx context.Context, name storage.Name) (storage.Reader, error) {
	st, err := s.remote.Head(ctx, string(name))
	switch {
	case errors.Is(err, bucket.ErrNotExist):
		return nil, fmt.Errorf("log %q: %w", string(name), storage.ErrNotExist)
	case errors.Is(err, bucket.ErrDenied):
		return nil, fmt.Errorf("log %q: %w: %w", string(name), fs.ErrPermission, err)
	case err != nil:
		return nil, err
	}
	r := &remoteReader{b: s.remote, key: string(name), size: st.Size, etag: st.ETag}
	r.SectionReader = io.NewSectionReader(r.at(ctx), 0, st.Size)
	return r, nil
}

// remoteReader reads an object with a request for each read.
type remoteReader struct {
	*io.SectionReader
	b         *bucket.Bucket
	key, etag string
	size      int64
}

func (r *remoteReader) Open() bool   { return false }
func (r *remoteReader) Close() error { return nil }

// at makes the requests in ctx, which is that of the reader's whole life.
func (r *remoteReader) at(ctx context.Context) io.ReaderAt {
	return readAtFunc(func(p []byte, at int64) (int, error) {
		if len(p) == 0 {
			return 0, nil
		}
		if at >= r.size {
			return 0, io.EOF
		}
		body, _, err := r.b.Get(ctx, r.key, at, int64(len(p)), r.etag)
		if err != nil {
			return 0, err
		}
		n, err := io.ReadFull(body, p[:min(int64(len(p)), r.size-at)])
		return n, errors.Join(err, body.Close())
	})
}

type readAtFunc func(p []byte, at int64) (int, error)

func (f readAtFunc) ReadAt(p []byte, at int64) (int, error) { return f(p, at) }
