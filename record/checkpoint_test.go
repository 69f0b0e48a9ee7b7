package record_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/file"
)

// forgetful is a store that does not show what was released again.
type forgetful struct {
	storage.Store
	mu       *sync.Mutex
	released map[storage.Name]int64
}

// forgetting has a recorder use a store of that kind. What was released outlives it.
func forgetting(released map[storage.Name]int64) func(*record.Config) {
	mu := new(sync.Mutex)
	return func(c *record.Config) {
		store, err := file.New(file.Config{Directory: logs}, c.FS)
		if err == nil { // else open finds the same
			c.Store = &forgetful{store, mu, released}
		}
		record.CheckpointEvery(c, 1)
	}
}

func (f *forgetful) offset(name storage.Name) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.released[name]
}

func (f *forgetful) Create(ctx context.Context, name storage.Name, about storage.About) (storage.Writer, error) {
	w, err := f.Store.Create(ctx, name, about)
	if err != nil {
		return nil, err
	}
	return &forgetfulWriter{w, f, name}, nil
}

func (f *forgetful) Resume(ctx context.Context, name storage.Name, keep func(io.ReaderAt, int64) (int64, error)) (storage.Writer, error) {
	w, err := f.Store.Resume(ctx, name, func(r io.ReaderAt, size int64) (int64, error) {
		n, err := keep(forgetfulReader{r, f.offset(name)}, size)
		if err == nil && n < f.offset(name) {
			err = fmt.Errorf("cut at %d, and %d bytes were released", n, f.offset(name))
		}
		return n, err
	})
	if err != nil {
		return nil, err
	}
	return &forgetfulWriter{w, f, name}, nil
}

type forgetfulWriter struct {
	storage.Writer
	store *forgetful
	name  storage.Name
}

func (w *forgetfulWriter) Release(offset int64) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	w.store.released[w.name] = offset
}

type forgetfulReader struct {
	io.ReaderAt
	from int64
}

var errForgotten = errors.New("these bytes were released")

func (r forgetfulReader) ReadAt(p []byte, at int64) (int, error) {
	if at < r.from {
		return 0, errForgotten
	}
	return r.ReaderAt.ReadAt(p, at)
}

// What was released is not needed to finish a log, whenever the process dies or the power
// fails.
func TestReleasedBytesAreNotNeeded(t *testing.T) {
	released := int64(0)
	for _, dies := range []faultdisk.Fault{{Dies: true}, {Dies: true, After: true}} {
		for k := 0; ; k += 7 {
			over := false
			run(t, fmt.Sprint(k, dies.After), func(t *testing.T) {
				m, gone := newDisk(t), map[storage.Name]int64{}
				s, died := longPlay(t, m, forgetting(gone), k, dies)
				over = !died
				if s == nil {
					return
				}
				for _, disk := range []*faultdisk.Memory{m.PowerCut(uint64(k)), m} {
					released = max(released, finishForgotten(t, disk, forgetting(maps.Clone(gone)), s, disk == m))
				}
			})
			if over {
				break
			}
		}
	}
	if released == 0 {
		t.Error("nothing was ever released")
	}
}

// longPlay records a session of many blocks whose process dies at call k, if it gets there.
func longPlay(t *testing.T, m *faultdisk.Memory, change func(*record.Config), k int, fault faultdisk.Fault) (s *session, died bool) {
	n := 0
	p := faultdisk.NewProcess(m, func(faultdisk.Call) faultdisk.Fault {
		if n++; n == k+1 {
			died = true
			return fault
		}
		return faultdisk.Fault{}
	})
	r, err := open(p, change)
	if err != nil {
		return nil, died
	}
	s = &session{log: r.Begin()}
	s.begin()
	for range 6 {
		s.output(6, 1000)
		pass(200 * time.Millisecond) // so that blocks are synced, and a checkpoint follows
	}
	s.end()
	ctx, cancel := timeout(5 * time.Second)
	defer cancel()
	r.Close(ctx, "over")
	synctest.Wait()
	return s, died
}

// finishForgotten recovers the log, and returns how much of it was released.
func finishForgotten(t *testing.T, fsys disk.FS, change func(*record.Config), s *session, whole bool) int64 {
	var store *forgetful
	r, err := open(fsys, func(c *record.Config) { change(c); store = c.Store.(*forgetful) })
	if err != nil {
		t.Fatalf("restart: %v", err)
	}
	defer mustClose(t, r)
	for _, rec := range r.Recoveries() {
		if rec.Err != nil && !errors.Is(rec.Err, record.ErrNothingSaved) {
			t.Errorf("recovery: %v", rec.Err)
		}
	}
	if s.taken < 4 || !whole {
		return store.offset(storage.Name(s.log.ID()))
	}
	events, verdict := readLog(t, fsys, s.log.ID())
	if verdict != binary.Complete && verdict != binary.Recovered {
		t.Errorf("after recovery the log is %v", verdict)
	}
	if got := len(stdout(events)); got < s.bytes.Len() {
		t.Errorf("the log has %d bytes of output, and Emit took %d", got, s.bytes.Len())
	}
	return store.offset(storage.Name(s.log.ID()))
}
