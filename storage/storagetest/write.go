package storagetest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sshtrail/sshtrail/storage"
)

// short makes the beginning of a log fit into a message.
func short(content string) string {
	if len(content) > 60 {
		return fmt.Sprintf("%q…", content[:60])
	}
	return fmt.Sprintf("%q", content)
}

func checkWritten(s *suite) {
	w := s.create("log")
	s.write(w, "first ")
	s.write(w, "")
	s.want("Sync", w.Sync(), nil)
	s.write(w, "second\x00\xff")
	s.want("Commit", w.Commit(s.Context()), nil)
	s.wantContent("log", "first second\x00\xff")
}

func checkCallersBytes(s *suite) {
	w := s.create("log")
	p := []byte("one")
	for _, next := range []string{"two", "xxx"} {
		if _, err := w.Write(p); err != nil {
			s.Fatalf("Write = %v", err)
		}
		copy(p, next)
	}
	s.must("Commit", w.Commit(s.Context()))
	s.wantContent("log", "onetwo")
}

// checkBig writes 12 MB: more than two of the smallest parts that S3 takes, in pieces of
// all sizes.
func checkBig(s *suite) {
	const size = 12_000_000
	random := rand.New(rand.NewPCG(1, 2))
	w, want, written := s.create("log"), sha256.New(), 0
	for piece := make([]byte, 300_000); written < size; {
		p := piece[:min(1+random.IntN(len(piece)), size-written)]
		for i := 0; i < len(p); i += 8 {
			p[i] = byte(random.Uint32())
		}
		if n, err := w.Write(p); n != len(p) || err != nil {
			s.Fatalf("Write(%d bytes) = %d, %v", len(p), n, err)
		}
		want.Write(p)
		written += len(p)
	}
	s.must("Commit", w.Commit(s.Context()))
	r := s.open("log")
	defer r.Close()
	got := sha256.New()
	n, err := io.Copy(got, io.NewSectionReader(r, 0, r.Size()))
	if err != nil || n != size || string(got.Sum(nil)) != string(want.Sum(nil)) {
		s.Errorf("%d bytes were read (%v), want the %d that were written", n, err, size)
	}
}

func checkEmpty(s *suite) {
	s.finish("log", "")
	s.wantContent("log", "")
	s.wantOne("log", 0, true)
}

func checkLongestName(s *suite) {
	name := storage.Name(strings.Repeat("n", 128))
	s.leave(name, "on")
	w := s.resume(name, -1)
	s.write(w, "e")
	s.must("Commit", w.Commit(s.Context()))
	s.wantContent(name, "one")
	s.wantOne(name, 3, true)
}

func checkBadNames(s *suite) {
	for _, name := range []storage.Name{
		"", ".", "..", "../log", "a/b", "/log", `a\b`, ".log", "log.", "a..b", "-log", "_log", "lo g", "log\n", "log\x00",
		"lög", "~", "$HOME", "*", storage.Name(strings.Repeat("n", 129)),
	} {
		if w, err := s.store.Create(s.Context(), name, storage.About{}); !s.want(fmt.Sprintf("Create(%q)", name), err, errAny) {
			w.Close()
		}
		if w, err := s.store.Resume(s.Context(), name, keepFirst(-1)); !s.want(fmt.Sprintf("Resume(%q)", name), err, errAny) {
			w.Close()
		}
		if r, err := s.store.Open(s.Context(), name); !s.want(fmt.Sprintf("Open(%q)", name), err, errAny) {
			r.Close()
		}
	}
	if infos := s.list(""); len(infos) > 0 {
		s.Errorf("List = %+v, want none", infos)
	}
}

func checkFoundFromTheStart(s *suite) {
	w := s.create("log")
	defer w.Close()
	s.wantContent("log", "")
	s.wantOne("log", 0, false)
	s.write(w, "some")
	s.wantContent("log", "some")
	s.wantOne("log", 4, false)
}

func checkFinishedOnce(s *suite) {
	w := s.create("log")
	s.write(w, "all")
	s.must("Commit", w.Commit(s.Context()))
	s.wantOne("log", 3, true)
}

func checkExist(s *suite) {
	s.finish("finished", "1")
	s.leave("left", "2")
	w := s.create("written")
	defer w.Close()
	s.write(w, "3")
	for _, name := range []storage.Name{"finished", "left", "written"} {
		other, err := s.store.Create(s.Context(), name, storage.About{})
		if !s.want(fmt.Sprintf("Create(%s)", name), err, storage.ErrExist) && err == nil {
			other.Close()
		}
	}
	s.wantContent("finished", "1")
	s.wantContent("left", "2")
	s.write(w, "!")
	s.wantContent("written", "3!")
}

// contenders is how many goroutines want the same thing at once.
const contenders = 16

// together runs do in many goroutines, which start at once, and waits for them.
func together(do func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range contenders {
		wg.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	wg.Wait()
}

func checkConcurrentCreate(s *suite) {
	for round := range 10 {
		name := storage.Name(fmt.Sprint("log", round))
		var winners atomic.Int32
		together(func(i int) {
			w, err := s.store.Create(s.Context(), name, storage.About{})
			if err != nil {
				s.want("Create of one that loses", err, storage.ErrExist)
				return
			}
			winners.Add(1)
			_, err = fmt.Fprintf(w, "%02d", i)
			s.want("Write and Commit of the one that wins", errors.Join(err, w.Commit(s.Context())), nil)
		})
		if n := winners.Load(); n != 1 {
			s.Errorf("%d of %d creates of one name won, want 1", n, contenders)
		}
		if r := s.open(name); r.Size() != 2 {
			s.Errorf("log has %d bytes, want the 2 of the winner", r.Size())
		} else {
			r.Close()
		}
	}
}

func checkManyWriters(s *suite) {
	content := func(i int) string { return strings.Repeat(string(rune('a'+i)), 1000+i) }
	together(func(i int) {
		w, err := s.store.Create(s.Context(), storage.Name(fmt.Sprint("log", i)), storage.About{})
		if !s.want("Create", err, nil) {
			return
		}
		for _, c := range []byte(content(i)) {
			if _, err := w.Write([]byte{c}); err != nil {
				s.Errorf("Write = %v", err)
			}
		}
		s.want("Sync", w.Sync(), nil)
		s.want("Commit", w.Commit(s.Context()), nil)
	})
	for i := range contenders {
		s.wantContent(storage.Name(fmt.Sprint("log", i)), content(i))
	}
}

// wantOver expects that a writer has come to its end.
func (s *suite) wantOver(w storage.Writer) {
	s.Helper()
	n, err := w.Write([]byte("more"))
	if n != 0 {
		s.Errorf("Write after the end = %d, want 0", n)
	}
	s.want("Write after the end", err, errAny)
	s.want("Sync after the end", w.Sync(), errAny)
	s.want("Commit after the end", w.Commit(s.Context()), errAny)
}

func checkClosed(s *suite) {
	w := s.create("log")
	s.write(w, "some")
	s.want("Close", w.Close(), nil)
	s.wantOver(w)
	s.wantContent("log", "some")
	s.wantOne("log", 4, false)
}

func checkCommitted(s *suite) {
	w := s.create("log")
	s.write(w, "all")
	s.want("Commit", w.Commit(s.Context()), nil)
	s.wantOver(w)
	s.want("Close after Commit", w.Close(), nil)
	s.wantContent("log", "all")
	s.wantOne("log", 3, true)
}
