package s3

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/internal/s3test/hostile"
	"github.com/sshtrail/sshtrail/storage"
)

// TestAnotherMachineGoesOn has a machine die after a tail was kept, and another one, with an empty spool, finish the
// log: the parts that are up are not sent again, and nothing is lost up to the tail.
func TestAnotherMachineGoesOn(t *testing.T) {
	for _, tt := range []struct{ size, released, later int }{
		{0, 0, 0}, {10, 0, 0}, {10, 10, 0}, {partSize, 0, 0}, {3 * partSize, 0, 5}, {3*partSize + 9, 0, 0}, {3*partSize + 9, 100, 0},
		{3*partSize + 9, 3*partSize + 9, 20}, {3*partSize + 9, 3 * partSize, 2 * partSize},
	} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, state := newServer(nil), []byte("state\n\x00")
				s := newStore(t, testConfig(server), newDisk(t), nil)
				w, err := s.Create(t.Context(), "log", storage.About{ContentType: "a/b", Metadata: map[string]string{"timestamp": "17"}})
				if err != nil {
					t.Fatal(err)
				}
				write(t, w, pattern(tt.size))
				w.(storage.Releaser).Release(int64(tt.released))
				synctest.Wait()
				if err := w.(storage.Tailer).Tail(t.Context(), state); err != nil {
					t.Fatalf("Tail = %v", err)
				}
				write(t, w, pattern(tt.size + tt.later)[tt.size:])
				synctest.Wait()
				closed(t, s)

				another, sent := newDisk(t), server.Count(hostile.UploadPart)
				cfg := testConfig(server)
				cfg.Adopt = true
				s = newStore(t, cfg, another, nil)
				if got, err := s.State(t.Context(), "log"); err != nil || !bytes.Equal(got, state) {
					t.Errorf("State = %q, %v, want %q", got, err, state)
				}
				rest := adopted(t, s, tt.size, tt.released)
				write(t, rest, []byte("|and on"))
				commit(t, rest)
				drained(t, s)
				want := append(pattern(tt.size), "|and on"...)
				wantObject(t, "at the end", server, "log", want)
				if o := server.Object("log"); o.Header.Get("Content-Type") != "a/b" || o.Header.Get("X-Amz-Meta-Timestamp") != "17" {
					t.Errorf("the object is told to be %v", o.Header)
				}
				if keys, open := server.Keys(), server.Uploads(); len(keys) != 1 || len(open) > 0 {
					t.Errorf("the bucket has %q, and open uploads %v", keys, open)
				}
				if n, most := server.Count(hostile.UploadPart)-sent, (len(want)+partSize-1)/partSize-tt.size/partSize; n > most {
					t.Errorf("%d parts were sent by the other machine, want %d", n, most)
				}
				wantEmpty(t, "at the end", another)
			})
		})
	}
}

// adopted resumes a log of size bytes, and checks that what was not released can be read.
func adopted(t *testing.T, s *Store, size, released int) storage.Writer {
	t.Helper()
	w, err := s.Resume(t.Context(), "log", func(r io.ReaderAt, got int64) (int64, error) {
		if got != int64(size) {
			t.Errorf("Resume shows %d bytes, want %d", got, size)
		}
		from := min(released, size/partSize*partSize) // a part that is up holds what is released
		b := make([]byte, got-int64(from))
		if _, err := r.ReadAt(b, int64(from)); len(b) > 0 && (err != nil && err != io.EOF || !bytes.Equal(b, pattern(size)[from:])) {
			t.Errorf("Resume shows %q (%v) from %d", b, err, from)
		}
		return got, nil
	})
	if err != nil {
		t.Fatalf("Resume = %v", err)
	}
	return w
}

// TestStateOfNothing: nobody but who adopts asks the bucket, and of logs that are finished or were never there is no state.
func TestStateOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(nil)
		cfg := testConfig(server)
		s := newStore(t, cfg, newDisk(t), nil)
		if _, err := s.State(t.Context(), "none"); !errors.Is(err, storage.ErrNotExist) || len(server.Ledger()) > 0 {
			t.Errorf("State of a log that is not there = %v, with %d requests", err, len(server.Ledger()))
		}
		w := create(t, s, "here")
		if state, err := s.State(t.Context(), "here"); err != nil || state != nil {
			t.Errorf("State of a log that is here = %q, %v", state, err)
		}
		w.Close()
		finish(t, s, "done", nil)
		drained(t, s)
		cfg.Adopt = true
		s = newStore(t, cfg, newDisk(t), nil)
		defer drained(t, s)
		for _, name := range []storage.Name{"none", "done"} {
			if _, err := s.State(t.Context(), name); !errors.Is(err, storage.ErrNotExist) {
				t.Errorf("State(%s) = %v, want ErrNotExist", name, err)
			}
			if _, err := s.Resume(t.Context(), name, nil); !errors.Is(err, storage.ErrNotExist) {
				t.Errorf("Resume(%s) = %v, want ErrNotExist", name, err)
			}
		}
	})
}

// TestTailWaitsForParts: while parts are on their way that a tail would have to hold otherwise, it waits; while the
// store does not work it fails.
func TestTailWaitsForParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(nil)
		server.Plan(func(r hostile.Request) *hostile.Fault {
			if r.Op == hostile.UploadPart && r.N <= 4 {
				return hostile.Hang() // until the client has no more patience
			}
			return nil
		})
		s := newStore(t, testConfig(server), newDisk(t), nil)
		w := create(t, s, "log")
		write(t, w, pattern(10*partSize+1))
		synctest.Wait()
		began := time.Now()
		if err := w.(storage.Tailer).Tail(t.Context(), nil); err == nil || server.Object("log.tail") != nil || time.Since(began) < time.Minute {
			t.Errorf("Tail of a log whose parts hang = %v after %v", err, time.Since(began))
		}
		time.Sleep(5 * time.Minute)
		if err := w.(storage.Tailer).Tail(t.Context(), nil); err != nil {
			t.Errorf("Tail = %v", err)
		}
		if n := len(server.Object("log.tail").Data); n > 1000 {
			t.Errorf("the tail has %d bytes", n)
		}
		commit(t, w)
		drained(t, s)
		if server.Object("log.tail") != nil {
			t.Error("the tail of a log that is done is left")
		}
	})
}

// TestTailIsLeftWhereNobodyMayDelete: it is then no reason to try again for ever.
func TestTailIsLeftWhereNobodyMayDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, m := newServer(hostile.Six()), newDisk(t)
		s := newStore(t, testConfig(server), m, nil)
		w := create(t, s, "log")
		write(t, w, pattern(10))
		if err := w.(storage.Tailer).Tail(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		commit(t, w)
		drained(t, s)
		wantObject(t, "at the end", server, "log", pattern(10))
		wantEmpty(t, "at the end", m)
	})
}
