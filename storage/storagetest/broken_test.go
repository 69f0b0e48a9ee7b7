package storagetest

import (
	"bytes"
	"context"
	"io"
	"iter"

	"github.com/sshtrail/sshtrail/storage"
)

// broken is a store with one fault. What of b is nil works.
type broken struct {
	storage.Store
	b brk
}

// brk is a way to break a store, and the checks that must catch it.
type brk struct {
	name   string
	caught []string

	create func(s storage.Store, name storage.Name) (storage.Writer, error)
	resume func(s storage.Store, name storage.Name, keep keepFunc) (storage.Writer, error)
	open   func(s storage.Store, name storage.Name) (storage.Reader, error)
	infos  func([]storage.Info) []storage.Info
	from   func(storage.Name) storage.Name
	list   func(iter.Seq2[storage.Info, error]) iter.Seq2[storage.Info, error]
	writer func(s storage.Store, name storage.Name, w storage.Writer) storage.Writer
	reader func(storage.Reader) storage.Reader
}

type keepFunc = func(io.ReaderAt, int64) (int64, error)

var bg = context.Background()

func (s *broken) Create(ctx context.Context, name storage.Name, about storage.About) (storage.Writer, error) {
	create := s.b.create
	if create == nil {
		create = func(in storage.Store, name storage.Name) (storage.Writer, error) {
			return in.Create(ctx, name, storage.About{})
		}
	}
	return s.wrap(name)(create(s.Store, name))
}

func (s *broken) Resume(ctx context.Context, name storage.Name, keep keepFunc) (storage.Writer, error) {
	resume := s.b.resume
	if resume == nil {
		resume = func(in storage.Store, name storage.Name, keep keepFunc) (storage.Writer, error) {
			return in.Resume(ctx, name, keep)
		}
	}
	return s.wrap(name)(resume(s.Store, name, keep))
}

func (s *broken) wrap(name storage.Name) func(storage.Writer, error) (storage.Writer, error) {
	return func(w storage.Writer, err error) (storage.Writer, error) {
		if err == nil && s.b.writer != nil {
			w = s.b.writer(s.Store, name, w)
		}
		return w, err
	}
}

func (s *broken) Open(ctx context.Context, name storage.Name) (storage.Reader, error) {
	open := s.b.open
	if open == nil {
		open = func(in storage.Store, name storage.Name) (storage.Reader, error) { return in.Open(ctx, name) }
	}
	r, err := open(s.Store, name)
	if err == nil && s.b.reader != nil {
		r = s.b.reader(r)
	}
	return r, err
}

func (s *broken) List(ctx context.Context, from storage.Name) iter.Seq2[storage.Info, error] {
	if s.b.from != nil {
		from = s.b.from(from)
	}
	seq := s.Store.List(ctx, from)
	if s.b.list != nil {
		seq = s.b.list(seq)
	}
	if s.b.infos == nil {
		return seq
	}
	var all []storage.Info
	for info := range seq {
		all = append(all, info)
	}
	return func(yield func(storage.Info, error) bool) {
		for _, info := range s.b.infos(all) {
			if !yield(info, nil) {
				return
			}
		}
	}
}

// odd is a writer with some methods of its own.
type odd struct {
	storage.Writer
	write  func([]byte) (int, error)
	sync   func() error
	commit func(context.Context) error
	close  func() error
}

func (w odd) Write(p []byte) (int, error) {
	if w.write != nil {
		return w.write(p)
	}
	return w.Writer.Write(p)
}

func (w odd) Sync() error {
	if w.sync != nil {
		return w.sync()
	}
	return w.Writer.Sync()
}

func (w odd) Commit(ctx context.Context) error {
	if w.commit != nil {
		return w.commit(ctx)
	}
	return w.Writer.Commit(ctx)
}

func (w odd) Close() error {
	if w.close != nil {
		return w.close()
	}
	return w.Writer.Close()
}

// oddReader is a reader with some methods of its own.
type oddReader struct {
	storage.Reader
	readAt func([]byte, int64) (int, error)
	size   func() int64
	open   func() bool
}

func (r oddReader) ReadAt(p []byte, at int64) (int, error) {
	if r.readAt != nil {
		return r.readAt(p, at)
	}
	return r.Reader.ReadAt(p, at)
}

func (r oddReader) Size() int64 {
	if r.size != nil {
		return r.size()
	}
	return r.Reader.Size()
}

func (r oddReader) Open() bool {
	if r.open != nil {
		return r.open()
	}
	return r.Reader.Open()
}

// content is all that a store has of a log.
func content(s storage.Store, name storage.Name) []byte {
	r, err := s.Open(bg, name)
	if err != nil {
		return nil
	}
	defer r.Close()
	b, _ := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	return b
}

// loose is a writer that belongs to no log.
func loose() storage.Writer {
	return odd{
		write:  func(p []byte) (int, error) { return len(p), nil },
		sync:   func() error { return nil },
		commit: func(context.Context) error { return nil },
		close:  func() error { return nil },
	}
}

// live is a reader that shows what the log has now.
func live(s storage.Store, name storage.Name) (storage.Reader, error) {
	r, err := s.Open(bg, name)
	if err != nil {
		return nil, err
	}
	at := func(p []byte, at int64) (int, error) { return bytes.NewReader(content(s, name)).ReadAt(p, at) }
	return oddReader{Reader: r, readAt: at}, nil
}

// looseReader is a reader of no log.
type looseReader struct{ *bytes.Reader }

func (looseReader) Open() bool   { return false }
func (looseReader) Close() error { return nil }
