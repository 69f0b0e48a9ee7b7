package record_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/mem"
)

const flush = 10 * time.Second

// tailing is a store that keeps tails, as they would be found elsewhere.
type tailing struct {
	*forgetful
	mu    sync.Mutex
	tails map[storage.Name]keptTail
	kept  int
	err   error // of Tail
}

type keptTail struct {
	bytes, state []byte
	from         int64 // what is before is in parts, which nobody can read
}

func newTailing() *tailing {
	return &tailing{
		forgetful: &forgetful{mem.New(), new(sync.Mutex), map[storage.Name]int64{}},
		tails:     map[storage.Name]keptTail{},
	}
}

func (s *tailing) TailInterval() time.Duration { return flush }

func (s *tailing) State(_ context.Context, name storage.Name) ([]byte, error) {
	return s.tails[name].state, nil
}

func (s *tailing) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *tailing) writer(name storage.Name, w storage.Writer, err error) (storage.Writer, error) {
	if err != nil {
		return nil, err
	}
	return &tailWriter{w.(*forgetfulWriter), s, name}, nil
}

func (s *tailing) Create(ctx context.Context, name storage.Name, about storage.About) (storage.Writer, error) {
	w, err := s.forgetful.Create(ctx, name, about)
	return s.writer(name, w, err)
}

func (s *tailing) Resume(ctx context.Context, name storage.Name, keep func(io.ReaderAt, int64) (int64, error)) (storage.Writer, error) {
	w, err := s.forgetful.Resume(ctx, name, keep)
	return s.writer(name, w, err)
}

type tailWriter struct {
	*forgetfulWriter
	s    *tailing
	name storage.Name
}

func (w *tailWriter) Tail(ctx context.Context, state []byte) error {
	from := w.s.offset(w.name)
	r, err := w.s.Open(ctx, w.name)
	if err != nil {
		return err
	}
	defer r.Close()
	b, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	if err != nil {
		return err
	}
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	if w.s.err != nil {
		return w.s.err
	}
	w.s.kept++
	w.s.tails[w.name] = keptTail{b, bytes.Clone(state), from}
	return nil
}

// elsewhere is what another machine finds in the store.
func (s *tailing) elsewhere(t *testing.T) *tailing {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	found := newTailing()
	for name, tail := range s.tails {
		w, err := found.Create(t.Context(), name, storage.About{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(tail.bytes); err != nil {
			t.Fatal(err)
		}
		w.Close()
		found.released[name], found.tails[name] = tail.from, tail
	}
	return found
}

// A host that dies for good costs what was typed since the last tail, and no more,
// whether the store has the log of record or a copy.
func TestTailsOutliveTheHost(t *testing.T) {
	for _, isCopy := range []bool{false, true} {
		for _, bursts := range []int{0, 1, 3, 40} {
			run(t, fmt.Sprintf("copy %v, %d bursts", isCopy, bursts), func(t *testing.T) {
				m, store := newDisk(t), newTailing()
				r := mustOpen(t, m, func(c *record.Config) {
					c.Own = &record.Own{Version: "test"}
					record.CheckpointEvery(c, 8<<10)
					if isCopy {
						c.Copies = []record.Copy{{Name: "elsewhere", Store: store}}
					} else {
						c.Store = store
					}
				})
				s := &session{log: r.Begin()}
				s.begin()
				s.log.SetTarget("ssh://host")
				for range bursts {
					s.output(2, 1000)
					pass(time.Second)
				}
				pass(flush + time.Second)
				safe := s.bytes.Len()
				s.output(1, 100) // after the last tail
				found := store.elsewhere(t)
				recovered, err := record.RecoverStore(t.Context(), record.Config{}, found, "")
				if err != nil || len(recovered) != 2 {
					t.Fatalf("RecoverStore = %+v, %v, want two logs", recovered, err)
				}
				for _, rec := range recovered {
					if rec.Err != nil || rec.Verdict != binary.Recovered {
						t.Errorf("%s: %v, %v", rec.Log, rec.Verdict, rec.Err)
					}
				}
				wantTail(t, found, s, safe)
				s.end()
				mustClose(t, r)
			})
		}
	}
}

// wantTail reads a recovered log, which has the output that was safe.
func wantTail(t *testing.T, found *tailing, s *session, safe int) {
	t.Helper()
	content := contents(t, found)[storage.Name(s.log.ID())]
	r := binary.NewReader(strings.NewReader(content))
	var events []event.Event
	for ev, err := range r.Events() {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, ev)
	}
	if got := stdout(events); len(got) != safe || !bytes.HasPrefix(s.bytes.Bytes(), got) {
		t.Errorf("the log has %d bytes of output, and %d were safe", len(got), safe)
	}
	if sum := summaryOf(t, events); sum.Target == nil || *sum.Target != "ssh://host" || len(sum.Channels) != 1 {
		t.Errorf("the summary is %+v", sum)
	}
}

// A network that is away is told of once, and costs nothing but the tails.
func TestTailsThatCantBeKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told bytes.Buffer
		store := newTailing()
		store.fail(syscall.ENETUNREACH)
		r := mustOpen(t, newDisk(t), func(c *record.Config) {
			c.Store = store
			c.Logger = slog.New(slog.NewTextHandler(&told, nil))
		})
		s := &session{log: r.Begin()}
		s.begin()
		for range 5 {
			pass(flush)
			s.output(1, 100)
		}
		store.fail(nil)
		pass(2 * flush)
		s.end()
		mustClose(t, r)
		if s.err != nil {
			t.Error(s.err)
		}
		for _, message := range []string{"can't be kept", "can be kept in the store again"} {
			if n := strings.Count(told.String(), message); n != 1 {
				t.Errorf("%q was told %d times, want once:\n%s", message, n, told.String())
			}
		}
	})
}

// A session in which nothing happens is not taken for one whose machine is gone.
func TestTailsOfQuietSessionsAreFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newTailing()
		r := mustOpen(t, newDisk(t), func(c *record.Config) { c.Store = store })
		s := &session{log: r.Begin()}
		s.begin()
		pass(10 * time.Minute)
		store.mu.Lock()
		if store.kept < 4 || store.kept > 6 {
			t.Errorf("in ten minutes of silence the tail was kept %d times, want each two minutes", store.kept)
		}
		store.mu.Unlock()
		s.end()
		mustClose(t, r)
	})
}

// What nobody can read is no log, and is left as it is.
func TestRecoverStoreOfNonsense(t *testing.T) {
	store := newTailing()
	for name, state := range map[storage.Name]string{"aa": "nonsense", "bb": ""} {
		w, err := store.Create(t.Context(), name, storage.About{})
		if err != nil {
			t.Fatal(err)
		}
		w.Close()
		store.tails[name] = keptTail{state: []byte(state)}
	}
	recovered, err := record.RecoverStore(t.Context(), record.Config{}, store, "")
	if err != nil || len(recovered) != 2 || recovered[0].Err == nil {
		t.Errorf("RecoverStore = %+v, %v, want an error for the first", recovered, err)
	}
	if errors.Is(recovered[0].Err, storage.ErrNotExist) {
		t.Error(recovered[0].Err)
	}
}
