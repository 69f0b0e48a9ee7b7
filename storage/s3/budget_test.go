package s3

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/internal/s3test/hostile"
	"github.com/sshtrail/sshtrail/storage"
)

func TestABudgetIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, m := newServer(hostile.Six()), newDisk(t)
		cfg := testConfig(server)
		cfg.MaxSpool = 8 * partSize
		s := newStore(t, cfg, m, nil)
		w := create(t, s, "log")
		for at := 0; at < 100*partSize; at += partSize / 2 {
			write(t, w, pattern(100 * partSize)[at:at+partSize/2])
			w.(storage.Releaser).Release(int64(at - at%100))
			synctest.Wait()
			if used := s.Stats().SpoolBytes; used > uint64(cfg.MaxSpool) {
				t.Fatalf("after %d bytes the spool has %d", at, used)
			}
		}
		if st := s.Stats(); st.FreedBytes < 90*partSize || st.SpoolLimit != 8*partSize || st.Uploads != 1 {
			t.Errorf("the store tells %+v", st)
		}
		r, err := s.Open(t.Context(), "log")
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 10)
		if _, err := r.ReadAt(b, 0); !errors.Is(err, errFreed) {
			t.Errorf("what is freed reads as %q, %v", b, err)
		}
		if _, err := r.ReadAt(b, 100*partSize-10); string(b) != string(pattern(100 * partSize)[100*partSize-10:]) {
			t.Errorf("what is not freed reads as %q, %v", b, err)
		}
		commit(t, w)
		drained(t, s)
		wantObject(t, "at the end", server, "log", pattern(100*partSize))
		wantEmpty(t, "at the end", m)
	})
}

func TestASessionThatIsFasterThanItsUploads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, m := newServer(hostile.Six()), newDisk(t)
		cfg := testConfig(server)
		cfg.MaxSpool = 8 * partSize
		cfg.Service.Transport = slow{server}
		s := newStore(t, cfg, m, nil)
		w, began := create(t, s, "log"), time.Now()
		for at := 0; at < 100*partSize; at += partSize {
			write(t, w, pattern(100 * partSize)[at:at+partSize])
			w.(storage.Releaser).Release(int64(at + partSize))
		}
		if took := time.Since(began); took < 20*time.Second {
			t.Errorf("writing took %v, and the uploads a second each, of four at once", took)
		}
		commit(t, w)
		drained(t, s)
		wantObject(t, "at the end", server, "log", pattern(100*partSize))
	})
}

// slow is a network where each request takes a second.
type slow struct{ http.RoundTripper }

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	<-time.After(time.Second)
	return s.RoundTripper.RoundTrip(r)
}

func TestNothingIsFreedWithoutReason(t *testing.T) {
	for name, change := range map[string]func(*Config, *int64){
		"there is room": func(*Config, *int64) {},
		"not released":  func(c *Config, released *int64) { c.MaxSpool, *released = 30*partSize, partSize-1 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg, released := testConfig(newServer(nil)), int64(1<<40)
				change(&cfg, &released)
				s := newStore(t, cfg, newDisk(t), nil)
				w := create(t, s, "log")
				write(t, w, pattern(20*partSize))
				w.(storage.Releaser).Release(released)
				synctest.Wait()
				if n := s.Stats().FreedBytes; n > 0 {
					t.Errorf("%d bytes were freed", n)
				}
				w.Close()
				drained(t, s)
			})
		})
	}
}

func TestAFullSpoolIsAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, m := newServer(nil), newDisk(t)
		server.Plan(hostile.All(hostile.Refuse(503, "SlowDown")))
		cfg := testConfig(server)
		cfg.MaxSpool = 16 * partSize
		s := newStore(t, cfg, m, nil)
		w := create(t, s, "log")
		write(t, w, pattern(16*partSize))
		n, err := w.Write([]byte("x"))
		if !isFull(err) || n != 0 || !strings.Contains(err.Error(), "audit.s3.maxSpool") {
			t.Errorf("Write beyond the budget = %d, %v", n, err)
		}
		if _, again := w.Write(nil); again != err {
			t.Errorf("a second Write = %v, want the first's error", again)
		}
		w.Close()
		w = resume(t, s, "log", 16*partSize)
		if _, err := w.Write(pattern(partSize)); err != nil {
			t.Errorf("Write of a log's end = %v", err)
		}
		if _, err := w.Write(pattern(partSize)); !isFull(err) {
			t.Errorf("Write far beyond the budget = %v", err)
		}
		w.Close()
		if _, err := s.Create(t.Context(), "another", storage.About{}); !isFull(err) {
			t.Errorf("Create beyond the budget = %v", err)
		}
		closed(t, s)
		s = newStore(t, cfg, m, nil) // which finds what is there
		if _, err := s.Create(t.Context(), "another", storage.About{}); !isFull(err) {
			t.Errorf("Create beyond the budget, after a restart = %v", err)
		}
		server.Plan(nil)
		commit(t, resume(t, s, "log", 16*partSize))
		for s.Stats().Waiting > 0 {
			synctest.Wait()
			waitABit()
		}
		finish(t, s, "another", nil)
		drained(t, s)
		wantObject(t, "at the end", server, "log", pattern(16*partSize))
	})
}

func TestReleasedStaysReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(nil)
		server.Plan(hostile.All(hostile.Refuse(503, "SlowDown")))
		cfg := testConfig(server)
		cfg.MaxSpool = 8 * partSize
		s := newStore(t, cfg, newDisk(t), nil)
		w := create(t, s, "log")
		write(t, w, pattern(8*partSize))
		w.(storage.Releaser).Release(8 * partSize)
		w.Close()
		w = resume(t, s, "log", 8*partSize)
		server.Plan(nil)
		waitABit()
		if n := s.Stats().SpoolBytes; n > 4*partSize {
			t.Errorf("the spool has %d bytes after an outage", n)
		}
		commit(t, w)
		drained(t, s)
		wantObject(t, "at the end", server, "log", pattern(8*partSize))
	})
}

func TestAFullSpoolEmptiesItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, m := newServer(hostile.Six()), newDisk(t)
		server.Plan(hostile.All(hostile.Refuse(503, "SlowDown")))
		cfg := testConfig(server)
		cfg.MaxSpool = 8 * partSize
		process := faultdisk.NewProcess(m, nil)
		s := newStore(t, cfg, process, nil)
		w := create(t, s, "log")
		write(t, w, pattern(8*partSize))
		w.(storage.Releaser).Release(8 * partSize)
		if _, err := w.Write([]byte("x")); !isFull(err) {
			t.Fatalf("Write = %v", err)
		}
		w.Close()
		server.Plan(nil)
		waitABit()
		if n := s.Stats().SpoolBytes; n > 4*partSize {
			t.Errorf("the spool has %d bytes after an outage", n)
		}
		finish(t, s, "new", pattern(9))
		w = resume(t, s, "log", 8*partSize)
		write(t, w, pattern(9 * partSize)[8*partSize:])
		commit(t, w)
		drained(t, s)
		wantObject(t, "at the end", server, "new", pattern(9))
		wantObject(t, "at the end", server, "log", pattern(9*partSize))
		wantEmpty(t, "at the end", m)
		if n := process.Open(); n > 0 {
			t.Errorf("%d files are open", n)
		}
	})
}
