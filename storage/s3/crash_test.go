package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/internal/s3test/hostile"
	"github.com/sshtrail/sshtrail/storage"
)

// mortal is a network that ends with the process.
type mortal struct {
	http.RoundTripper
	dead atomic.Bool
}

func (m *mortal) RoundTrip(r *http.Request) (*http.Response, error) {
	if m.dead.Load() {
		return nil, faultdisk.ErrDead
	}
	answer, err := m.RoundTripper.RoundTrip(r)
	if m.dead.Load() {
		return nil, faultdisk.ErrDead // it came too late
	}
	return answer, err
}

// life is what a process has done until it died, or not.
type life struct {
	calls     int
	committed map[storage.Name]bool
	synced    map[storage.Name]int
}

// live tells a story, in a process that may fail, as far as it gets. A writer that fails is closed.
func live(t *testing.T, server *hostile.Server, m *faultdisk.Memory, decide faultdisk.Decide, cfg Config) life {
	t.Helper()
	net := &mortal{RoundTripper: server}
	fsys := faultdisk.NewProcess(m, func(c faultdisk.Call) faultdisk.Fault {
		f := decide(c)
		if f.Dies {
			net.dead.Store(true)
		}
		return f
	})
	cfg.Service.Transport = net
	l := life{committed: map[storage.Name]bool{}, synced: map[storage.Name]int{}}
	s, err := New(cfg, fsys, newJournal().logger())
	if err == nil {
		for _, name := range []storage.Name{"big", "small", "empty"} {
			l.write(t, s, name)
		}
		synctest.Wait()
		if net.dead.Load() {
			closed(t, s)
		} else {
			drained(t, s)
		}
	}
	l.calls = len(fsys.Calls())
	return l
}

func (l *life) write(t *testing.T, s *Store, name storage.Name) {
	content := contents[name]
	w, err := s.Create(t.Context(), name, storage.About{})
	if err != nil {
		return
	}
	defer w.Close()
	for _, end := range []int{0, min(3*partSize+1, len(content)), len(content)} {
		if _, err := w.Write(content[l.synced[name]:end]); err != nil {
			return
		}
		synctest.Wait()
		if err := w.Sync(); err != nil {
			return
		}
		if l.synced[name] = end; end > 0 {
			w.(storage.Releaser).Release(int64(end))
			synctest.Wait()
		}
	}
	l.committed[name] = w.Commit(t.Context()) == nil
	synctest.Wait()
}

// goOn has another process finish what one has left, as a recorder does, and checks that nothing was lost.
func (l *life) goOn(t *testing.T, when string, server *hostile.Server, m *faultdisk.Memory, cfg Config) {
	t.Helper()
	s := newStore(t, cfg, faultdisk.NewProcess(m, provedFirst(t, when, server)), nil)
	for name, content := range contents {
		w, err := s.Resume(t.Context(), name, func(r io.ReaderAt, size int64) (int64, error) {
			return prefix(r, size, content)
		})
		switch {
		case errors.Is(err, storage.ErrNotExist) && (l.committed[name] || isKnown(s, server, name)):
			continue
		case err == nil && l.committed[name]:
			t.Errorf("%s: %s was committed, and is unfinished", when, name)
		case errors.Is(err, storage.ErrNotExist) && l.synced[name] == 0:
			w, err = s.Create(t.Context(), name, storage.About{})
		}
		if err != nil {
			t.Errorf("%s: Resume of %s = %v", when, name, err)
			continue
		}
		size := w.(*writer).l.size
		if int(size) < l.synced[name] {
			t.Errorf("%s: %s has %d bytes, and %d were synced", when, name, size, l.synced[name])
		}
		write(t, w, content[size:])
		commit(t, w)
	}
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Errorf("%s: Close = %v", when, err)
	}
}

// prefix returns how many bytes of r are those of content, if those that are not here are.
func prefix(r io.ReaderAt, size int64, content []byte) (int64, error) {
	good := int64(0)
	for b := make([]byte, 1); good < min(size, int64(len(content))); good++ {
		n, err := r.ReadAt(b, good)
		if errors.Is(err, errFreed) {
			continue
		}
		if n == 0 {
			return 0, err
		}
		if b[0] != content[good] {
			break
		}
	}
	return good, nil
}

// isKnown reports whether a log is finished, here or there.
func isKnown(s *Store, server *hostile.Server, name storage.Name) bool {
	_, err := s.spool.fs.Stat(s.spool.finished(name))
	return err == nil || server.Object(string(name)) != nil
}

// TestDeathAtEveryCall kills the process at each of its calls to the disk, and cuts the power
// there; another process finishes what is left.
func TestDeathAtEveryCall(t *testing.T) {
	for how, change := range map[string]func(*Config){"room": func(*Config) {}, "no room": func(c *Config) { c.MaxSpool = 6 * partSize }} {
		calls := 1
		for n := 0; n < calls; n++ {
			for _, fault := range []faultdisk.Fault{{Dies: true}, {Dies: true, After: true}, {Dies: true, Short: 3}} {
				for seed := range uint64(3) {
					synctest.Test(t, func(t *testing.T) {
						server, m := newServer(nil), newDisk(t)
						cfg := testConfig(server)
						change(&cfg)
						l := live(t, server, m, faultdisk.At(n, fault), cfg)
						calls = max(calls, l.calls+1)
						when := fmt.Sprintf("%s: death at call %d %+v", how, n, fault)
						if seed > 0 {
							when += fmt.Sprintf(", power cut %d", seed)
							m = m.PowerCut(seed - 1)
						}
						l.goOn(t, when, server, m, cfg)
						wantStory(t, when, server, m, true)
					})
				}
			}
			if t.Failed() {
				return
			}
		}
		t.Logf("%s: %d calls", how, calls)
	}
}

// TestErrorAtEveryCall lets each call to the disk fail, once or from there on until another process takes over.
func TestErrorAtEveryCall(t *testing.T) {
	calls := 1
	for n := 0; n < calls; n++ {
		for _, fault := range []faultdisk.Fault{{Err: syscall.EIO}, {Err: syscall.EIO, After: true}, {Err: syscall.ENOSPC, Short: 3}} {
			synctest.Test(t, func(t *testing.T) {
				server, m := newServer(nil), newDisk(t)
				when := fmt.Sprintf("%v at call %d (after it: %v)", fault.Err, n, fault.After)
				var did faultdisk.Call
				l := live(t, server, m, func(c faultdisk.Call) faultdisk.Fault {
					if c.N != n {
						return faultdisk.Fault{}
					}
					did = c
					return fault
				}, testConfig(server))
				calls = max(calls, l.calls+1)
				when += fmt.Sprintf(", %v", did)
				l.goOn(t, when, server, m, testConfig(server))
				wantStory(t, when, server, m, true)
			})
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d calls", calls)
}

var _ disk.FS = (*faultdisk.Process)(nil)
