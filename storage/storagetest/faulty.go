package storagetest

import (
	"context"
	"io"
	"iter"

	"github.com/sshtrail/sshtrail/storage"
)

// Op is the kind of a call to a store or to one of its writers.
type Op string

// The kinds of calls that can fail on command.
const (
	Create Op = "create"
	Resume Op = "resume"
	Open   Op = "open"
	List   Op = "list"
	Write  Op = "write"
	Sync   Op = "sync"
	Commit Op = "commit"
	Close  Op = "close"
)

// Fault says what becomes of a call. The zero Fault lets it work.
type Fault struct {
	// Err is returned. A writer's error, but for one of Close, is then the answer to
	// all its later calls, as the contract wants it.
	Err error
	// After makes the call take effect before it fails: a Commit that worked although
	// it reports an error.
	After bool
	// Short is how many bytes of a Write are written all the same, with Err.
	Short int
	// Lie makes a Write, Sync or Commit do nothing and report success. A Commit that
	// lies leaves the log unfinished, and closed.
	Lie bool
	// Hang keeps the call, before anything else, until the channel is closed.
	Hang <-chan struct{}
}

// Faulty is a store that works as another one does, and fails on command.
type Faulty struct {
	store  storage.Store
	decide func(op Op, name storage.Name) Fault
}

var _ storage.Store = (*Faulty)(nil)

// NewFaulty wraps a store. decide is asked at each call, by several goroutines if
// they make calls. For List the name is the one it begins at.
func NewFaulty(store storage.Store, decide func(op Op, name storage.Name) Fault) *Faulty {
	return &Faulty{store, decide}
}

// ask decides about a call, and waits if it is to hang.
func (f *Faulty) ask(op Op, name storage.Name) Fault {
	fault := f.decide(op, name)
	if fault.Hang != nil {
		<-fault.Hang
	}
	return fault
}

// begin is Create or Resume, which does the work.
func (f *Faulty) begin(op Op, name storage.Name, work func() (storage.Writer, error)) (storage.Writer, error) {
	fault := f.ask(op, name)
	if fault.Err != nil && !fault.After {
		return nil, fault.Err
	}
	w, err := work()
	if err != nil {
		return nil, err
	}
	if fault.Err != nil {
		_ = w.Close() // nobody will hold it
		return nil, fault.Err
	}
	return &faultyWriter{f: f, name: name, w: w}, nil
}

// Create is a call of kind [Create].
func (f *Faulty) Create(ctx context.Context, name storage.Name, about storage.About) (storage.Writer, error) {
	return f.begin(Create, name, func() (storage.Writer, error) { return f.store.Create(ctx, name, about) })
}

// Resume is a call of kind [Resume].
func (f *Faulty) Resume(ctx context.Context, name storage.Name, keep func(io.ReaderAt, int64) (int64, error)) (storage.Writer, error) {
	return f.begin(Resume, name, func() (storage.Writer, error) { return f.store.Resume(ctx, name, keep) })
}

// Open is a call of kind [Open].
func (f *Faulty) Open(ctx context.Context, name storage.Name) (storage.Reader, error) {
	if fault := f.ask(Open, name); fault.Err != nil {
		return nil, fault.Err
	}
	return f.store.Open(ctx, name)
}

// List is a call of kind [List]. With After, the error follows the last log.
func (f *Faulty) List(ctx context.Context, from storage.Name) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		fault := f.ask(List, from)
		if fault.Err == nil || fault.After {
			for info, err := range f.store.List(ctx, from) {
				if !yield(info, err) || err != nil {
					return
				}
			}
		}
		if fault.Err != nil {
			yield(storage.Info{}, fault.Err)
		}
	}
}

// faultyWriter is a writer of a Faulty.
type faultyWriter struct {
	f    *Faulty
	name storage.Name
	w    storage.Writer
	err  error
}

// do makes one call: work does it, instead says what a fault without After does in its place.
func (w *faultyWriter) do(op Op, work func() error, instead func(Fault) error) error {
	if w.err != nil {
		return w.err
	}
	fault := w.f.ask(op, w.name)
	var err error
	if (fault.Err != nil || fault.Lie) && !fault.After {
		err = instead(fault)
	} else {
		err = work()
	}
	if err == nil {
		err = fault.Err
	}
	w.err = err
	return err
}

func (w *faultyWriter) Write(p []byte) (n int, err error) {
	err = w.do(Write, func() (err error) {
		n, err = w.w.Write(p)
		return err
	}, func(fault Fault) (err error) {
		n, err = w.w.Write(p[:min(fault.Short, len(p))])
		if fault.Lie {
			n = len(p)
		}
		return err
	})
	return n, err
}

func (w *faultyWriter) Sync() error {
	return w.do(Sync, w.w.Sync, func(Fault) error { return nil })
}

func (w *faultyWriter) Commit(ctx context.Context) error {
	return w.do(Commit, func() error { return w.w.Commit(ctx) }, func(fault Fault) error {
		if fault.Lie {
			return w.w.Close()
		}
		return nil
	})
}

// Close gives the log up, also where it reports an error.
func (w *faultyWriter) Close() error {
	fault := w.f.ask(Close, w.name)
	err := w.w.Close()
	if fault.Err != nil {
		return fault.Err
	}
	return err
}
