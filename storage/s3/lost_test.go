package s3

import (
	"io"
	"testing"
	"testing/synctest"

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

// TestAnUploadThatIsGoneEachTime is not begun anew without a pause.
func TestAnUploadThatIsGoneEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, m := newServer(hostile.Six()), newDisk(t)
		server.Plan(func(r hostile.Request) *hostile.Fault {
			if r.Op == hostile.UploadPart {
				return hostile.Forget()
			}
			return nil
		})
		s := newStore(t, testConfig(server), m, nil)
		finish(t, s, "log", pattern(3*partSize))
		waitABit()
		if n := server.Count(hostile.CreateUpload); n < 60 || n > 200 {
			t.Errorf("it was begun %d times in an hour", n)
		}
		server.Plan(nil)
		drained(t, s)
		wantObject(t, "at the end", server, "log", pattern(3*partSize))
	})
}

// TestMetadataSurvivesAPowerCut right after the commit, also of a log that was never synced before.
func TestMetadataSurvivesAPowerCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, m := newServer(hostile.Six()), newDisk(t)
		server.Plan(hostile.All(hostile.Refuse(503, "SlowDown")))
		s := newStore(t, testConfig(server), m, nil)
		w, err := s.Create(t.Context(), "log", storage.About{Metadata: map[string]string{"country": "XX", "ip": "192.0.2.1"}})
		if err != nil {
			t.Fatal(err)
		}
		write(t, w, pattern(9))
		commit(t, w)
		cut := m.PowerCut(0)
		closed(t, s)
		server.Plan(nil)
		s = newStore(t, testConfig(server), cut, nil)
		drained(t, s)
		wantObject(t, "at the end", server, "log", pattern(9))
		if h := server.Object("log").Header; h.Get("X-Amz-Meta-Country") != "XX" || h.Get("X-Amz-Meta-Ip") != "" {
			t.Errorf("the object is told to be %v", h)
		}
	})
}

// TestABudgetIsKept: a session of many times the budget goes on as long as what is uploaded is released, and
// its upload is whole.
// TestASessionThatIsFasterThanItsUploads is slowed down, and not ended, as long as they go on.
// TestNothingIsFreedWithoutReason: while there is room, and of what was not released, nothing is.
// TestAFullSpoolIsAFullDisk for who creates and writes; a log that is brought to its end may exceed it a little.
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
// TestAFullSpoolEmptiesItself of what nobody writes any more, without anybody's going on with it.
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
