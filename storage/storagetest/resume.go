package storagetest

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/sshtrail/sshtrail/storage"
)

func checkResumeAtEveryCut(s *suite) {
	const content = "what was written"
	for cut := range len(content) + 1 {
		name := storage.Name(fmt.Sprint("log", cut))
		s.leave(name, content)
		w := s.resume(name, int64(cut))
		s.wantContent(name, content[:cut])
		s.write(w, "|and on")
		s.must("Sync", w.Sync())
		s.wantContent(name, content[:cut]+"|and on")
		s.must("Commit", w.Commit(s.Context()))
		s.wantContent(name, content[:cut]+"|and on")
	}
}

func checkResumeShows(s *suite) {
	s.leave("log", "0123456789")
	w, err := s.store.Resume(s.Context(), "log", func(r io.ReaderAt, size int64) (int64, error) {
		b, err := io.ReadAll(io.NewSectionReader(r, 0, size))
		if size != 10 || string(b) != "0123456789" || err != nil {
			s.Errorf("keep is shown %d bytes, %q (%v), want the log's", size, b, err)
		}
		return size, nil
	})
	s.must("Resume", err)
	s.must("Commit", w.Commit(s.Context()))
	s.wantContent("log", "0123456789")
	s.wantOne("log", 10, true)
}

func checkResumeAgain(s *suite) {
	s.leave("log", "")
	for i := range 5 {
		w := s.resume("log", int64(i))
		s.write(w, fmt.Sprintf("%d and a torn tail", i))
		s.must("Close", w.Close())
		s.wantOver(w)
	}
	s.must("Commit", s.resume("log", 5).Commit(s.Context()))
	s.wantContent("log", "01234")
}

func checkKeepFails(s *suite) {
	s.leave("log", "as it is")
	no := errors.New("no")
	_, err := s.store.Resume(s.Context(), "log", func(io.ReaderAt, int64) (int64, error) { return 2, no })
	s.want("Resume", err, no)
	s.wantContent("log", "as it is")
	s.wantOne("log", 8, false)
	s.must("Close", s.resume("log", -1).Close()) // it is not in use
}

func checkKeepTooMuch(s *suite) {
	s.leave("log", "as it is")
	for _, good := range []int64{9, 1 << 40, -1} {
		w, err := s.store.Resume(s.Context(), "log", func(io.ReaderAt, int64) (int64, error) { return good, nil })
		if !s.want(fmt.Sprintf("Resume that keeps %d of 8 bytes", good), err, errAny) {
			w.Close()
		}
	}
	s.wantContent("log", "as it is")
	s.must("Close", s.resume("log", -1).Close())
}

func checkResumeNothing(s *suite) {
	s.finish("finished", "all")
	for _, name := range []storage.Name{"none", "finished"} {
		w, err := s.store.Resume(s.Context(), name, func(io.ReaderAt, int64) (int64, error) {
			s.Errorf("keep is asked about %s", name)
			return 0, nil
		})
		if !s.want(fmt.Sprintf("Resume(%s)", name), err, storage.ErrNotExist) && err == nil {
			w.Close()
		}
	}
	s.wantContent("finished", "all")
	s.wantOne("finished", 3, true)
}

func checkResumeInUse(s *suite) {
	inUse := func(by string) {
		w, err := s.store.Resume(s.Context(), "log", keepFirst(0))
		if !s.want("Resume while it is used by "+by, err, storage.ErrInUse) && err == nil {
			w.Close()
		}
	}
	w := s.create("log")
	s.write(w, "some")
	inUse("its creator")
	s.must("Close", w.Close())
	w = s.resume("log", -1)
	inUse("who resumed it")
	s.write(w, "more")
	s.must("Close", w.Close())
	s.wantContent("log", "somemore")
	_, err := s.store.Resume(s.Context(), "log", func(io.ReaderAt, int64) (int64, error) {
		inUse("who looks at it to resume it")
		return 0, errAny
	})
	s.want("Resume", err, errAny)
}

func checkConcurrentResume(s *suite) {
	for round := range 10 {
		name := storage.Name(fmt.Sprint("log", round))
		s.leave(name, "torn")
		var winner atomic.Pointer[storage.Writer]
		together(func(int) {
			w, err := s.store.Resume(s.Context(), name, keepFirst(2))
			if err != nil {
				s.want("Resume of one that loses", err, storage.ErrInUse)
				return
			}
			if !winner.CompareAndSwap(nil, &w) {
				s.Errorf("two resumes of one log have won")
				w.Close()
			}
		})
		w := winner.Load()
		if w == nil {
			s.Fatalf("no resume has won")
		}
		s.write(*w, "!")
		s.must("Commit", (*w).Commit(s.Context()))
		s.wantContent(name, "to!")
	}
}
