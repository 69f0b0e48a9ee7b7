package s3

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/internal/s3test/hostile"
	"github.com/sshtrail/sshtrail/storage"
)

// TestALogWithoutItsState, which a power cut has taken, is uploaded all the same, and the upload that nobody knows
// the id of is aborted.
func TestALogWithoutItsState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, m := newServer(nil), newDisk(t)
		s := newStore(t, testConfig(server), m, nil)
		w := create(t, s, "log")
		write(t, w, pattern(3*partSize))
		synctest.Wait()
		w.Close()
		closed(t, s)
		if err := m.Remove("/spool/log" + stateSuffix); err != nil || len(server.Uploads()) != 1 {
			t.Fatalf("%v, and %d uploads are open", err, len(server.Uploads()))
		}
		s = newStore(t, testConfig(server), m, nil)
		commit(t, resume(t, s, "log", 3*partSize))
		drained(t, s)
		wantObject(t, "at the end", server, "log", pattern(3*partSize))
		if open := server.Uploads(); len(open) > 0 {
			t.Errorf("uploads are left open: %v", open)
		}
	})
}

func resume(t *testing.T, s *Store, name storage.Name, good int64) storage.Writer {
	t.Helper()
	w, err := s.Resume(t.Context(), name, func(io.ReaderAt, int64) (int64, error) { return good, nil })
	if err != nil {
		t.Fatalf("Resume = %v", err)
	}
	return w
}

// TestAnAbortedUploadBeginsAnew from what is here, at any time, and nothing is lost.
func TestAnAbortedUploadBeginsAnew(t *testing.T) {
	for _, when := range []string{"while it is written", "before it is completed"} {
		t.Run(when, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, m, said := newServer(hostile.Six()), newDisk(t), newJournal()
				s := newStore(t, testConfig(server), m, said.logger())
				w := create(t, s, "log")
				write(t, w, pattern(3*partSize))
				synctest.Wait()
				server.Abort(server.Uploads()[0].ID)
				if when == "while it is written" {
					write(t, w, pattern(5 * partSize)[3*partSize:])
					synctest.Wait()
					write(t, w, pattern(7 * partSize)[5*partSize:])
				}
				commit(t, w)
				drained(t, s)
				size := map[bool]int{true: 7, false: 3}[when == "while it is written"] * partSize
				wantObject(t, when, server, "log", pattern(size))
				wantEmpty(t, when, m)
				wantSaid(t, said, []string{`level=WARN msg="the upload of a log was aborted by somebody, or by a rule of the bucket; it is begun anew from this machine, and nothing is lost" log=log`})
			})
		})
	}
}

// TestABudgetIsKept: a session of many times the budget goes on as long as what is uploaded is released, and
// its upload is whole.
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

// TestASessionThatIsFasterThanItsUploads is slowed down, and not ended, as long as they go on.
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

// TestNothingIsFreedWithoutReason: while there is room, and of what was not released, nothing is.
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

// TestAFullSpoolIsAFullDisk for who creates and writes; a log that is brought to its end may exceed it a little.
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

// TestPartsThatWereFreedAndAborted are lost, loudly: what remains is kept under another name, and never as the log.
func TestPartsThatWereFreedAndAborted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, m, said := newServer(nil), newDisk(t), newJournal()
		cfg := testConfig(server)
		cfg.MaxSpool = 6 * partSize
		s := newStore(t, cfg, m, said.logger())
		w := create(t, s, "log")
		write(t, w, pattern(6*partSize))
		w.(storage.Releaser).Release(3*partSize + 1)
		synctest.Wait()
		if n := s.Stats().FreedBytes; n != 3*partSize {
			t.Fatalf("%d bytes were freed, want 3 parts", n)
		}
		server.Abort(server.Uploads()[0].ID)
		write(t, w, pattern(7*partSize + 1)[6*partSize:])
		commit(t, w)
		drained(t, s)
		wantObject(t, "at the end", server, "log.rest", pattern(7*partSize + 1)[3*partSize:])
		if server.Object("log") != nil {
			t.Error("what is left of a log is there under its name")
		}
		if got := server.Object("log.rest").Header.Get("X-Amz-Meta-Offset"); got != "192" {
			t.Errorf("the rest says that it begins at %q", got)
		}
		wantEmpty(t, "at the end", m)
		wantSaid(t, said, []string{`level=ERROR msg="parts of a log are lost: `})
	})
}

// TestAnObjectOfAnother under a log's key is not touched, and told; when it is moved away the log is stored.
func TestAnObjectOfAnother(t *testing.T) {
	for account, ops := range map[string][]hostile.Op{"all": nil, "six": hostile.Six()} {
		for _, size := range []int{9, 3 * partSize} {
			t.Run(account, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server, m, said := newServer(ops), newDisk(t), newJournal()
					server.Fill("log", []byte("another's log"))
					s := newStore(t, testConfig(server), m, said.logger())
					finish(t, s, "log", pattern(size))
					waitABit()
					if v := server.Versions("log"); len(v) != 1 || string(v[0].Data) != "another's log" {
						t.Errorf("the object has %d versions, the last is %q", len(v), v[len(v)-1].Data)
					}
					wantSaid(t, said, []string{`level=ERROR msg="a log can't be stored: see to what is in its place`})
					if there, _ := s.spool.isThere("log"); !there {
						t.Error("the log has left this machine")
					}
					if err := s.remote.Delete(t.Context(), "log"); err != nil && account == "all" {
						t.Fatal(err)
					}
					if account == "six" {
						closed(t, s)
						return
					}
					drained(t, s)
					wantObject(t, "at the end", server, "log", pattern(size))
				})
			})
		}
	}
}

// TestAnObjectThatIsTheLog already, though nobody here knows, is its proof.
func TestAnObjectThatIsTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, m := newServer(nil), newDisk(t)
		for _, name := range []string{"small", "big", "empty"} {
			server.Fill(name, contents[storage.Name(name)])
		}
		s := newStore(t, testConfig(server), m, nil)
		for name, content := range contents {
			finish(t, s, name, content)
		}
		drained(t, s)
		wantStory(t, "at the end", server, m, true)
	})
}

// TestReleasedStaysReleased when a log is resumed by the process that wrote it.
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

// TestAFullSpoolEmptiesItself of what nobody writes any more, without anybody's going on with it.
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

// TestAStateDoesNotGrow with each try that fails.
func TestAStateDoesNotGrow(t *testing.T) {
	for _, size := range []int{1, 3 * partSize} {
		for _, f := range []*hostile.Fault{hostile.Refuse(503, "SlowDown"), hostile.Refuse(403, "AccessDenied"), hostile.Lose()} {
			synctest.Test(t, func(t *testing.T) {
				server, m := newServer(hostile.Six()), newDisk(t)
				server.Plan(hostile.All(f))
				s := newStore(t, testConfig(server), m, nil)
				finish(t, s, "log", pattern(size))
				for range 24 {
					waitABit()
				}
				info, err := m.Stat("/spool/log" + stateSuffix)
				if err == nil && info.Size() > 10_000 {
					t.Errorf("%v: the state of a log of %d bytes has %d", f, size, info.Size())
				}
				server.Plan(nil)
				drained(t, s)
			})
		}
	}
}
