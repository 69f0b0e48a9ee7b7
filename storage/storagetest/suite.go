// Package storagetest holds a storage.Store to its contract.
//
// [Run] is the suite that every store passes. [Faulty] is the store that fails on command, for
// tests of what uses one.
package storagetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/sshtrail/sshtrail/storage"
)

// Run tests all that package storage says of a store. open returns an empty one for each
// check. Each check is known to fail for a store that breaks it: see this package's own test.
func Run(t *testing.T, open func(t *testing.T) storage.Store) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) { c.run(&suite{reporter: t, store: open(t)}) })
	}
}

// check is one part of the suite.
type check struct {
	name string
	run  func(*suite)
}

// checks is the suite: in each file's order, what it is about and the function that checks it.
var checks = []check{
	{"a log is what was written", checkWritten},
	{"a writer does not keep the caller's bytes", checkCallersBytes},
	{"a big log", checkBig},
	{"an empty log", checkEmpty},
	{"the longest name", checkLongestName},
	{"names that are none", checkBadNames},
	{"an unfinished log is found from the start", checkFoundFromTheStart},
	{"a finished log is found once", checkFinishedOnce},
	{"a name is used once", checkExist},
	{"one of many creates wins", checkConcurrentCreate},
	{"many logs at once", checkManyWriters},
	{"a writer that is closed stays closed", checkClosed},
	{"a writer that has committed is at its end", checkCommitted},

	{"resume at every cut", checkResumeAtEveryCut},
	{"resume shows the whole log", checkResumeShows},
	{"resume after resume", checkResumeAgain},
	{"keep fails", checkKeepFails},
	{"keep keeps what is not there", checkKeepTooMuch},
	{"resume of nothing", checkResumeNothing},
	{"resume while in use", checkResumeInUse},
	{"one of many resumes wins", checkConcurrentResume},

	{"open of nothing", checkOpenNothing},
	{"a reader during writing", checkReaderDuringWriting},
	{"a reader outlives the commit", checkReaderOutlivesCommit},
	{"a reader outlives the cut of a resume", checkReaderOutlivesCut},
	{"a reader knows whether a writer is there", checkOpenReported},
	{"readers do not disturb a writer", checkReadersDoNotDisturb},
	{"reads anywhere", checkReadAt},

	{"list in order", checkListOrder},
	{"list from a name", checkListFrom},
	{"list tells the truth", checkListInfo},
	{"list can be ended", checkListEnds},
	{"list of nothing", checkListNothing},
}

// reporter is what a check needs of a *testing.T. The suite's own test brings another.
type reporter interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// suite is one check's store, with what all checks do with it.
type suite struct {
	reporter
	store storage.Store
}

// want reports whether err is what it should be: nil, or some error if any, or one that is target.
func (s *suite) want(what string, err, target error) bool {
	s.Helper()
	if (err == nil) != (target == nil) || target != errAny && !errors.Is(err, target) {
		s.Errorf("%s = %v, want %v", what, err, target)
		return false
	}
	return true
}

// errAny stands for any error.
var errAny = errors.New("an error")

// must ends the check if something fails that other checks are about.
func (s *suite) must(what string, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s = %v, want nil", what, err)
	}
}

func (s *suite) create(name storage.Name) storage.Writer {
	s.Helper()
	w, err := s.store.Create(s.Context(), name, storage.About{})
	s.must("Create", err)
	return w
}

// resume resumes a log and keeps the first good bytes of it, or all if that is less than 0.
func (s *suite) resume(name storage.Name, good int64) storage.Writer {
	s.Helper()
	w, err := s.store.Resume(s.Context(), name, keepFirst(good))
	s.must("Resume", err)
	return w
}

func keepFirst(good int64) func(io.ReaderAt, int64) (int64, error) {
	return func(_ io.ReaderAt, size int64) (int64, error) {
		if good < 0 {
			return size, nil
		}
		return good, nil
	}
}

func (s *suite) write(w storage.Writer, p string) {
	s.Helper()
	n, err := w.Write([]byte(p))
	if n != len(p) || err != nil {
		s.Fatalf("Write(%d bytes) = %d, %v, want all and nil", len(p), n, err)
	}
}

// finish makes a finished log, leave an unfinished one that nobody writes.
func (s *suite) finish(name storage.Name, content string) {
	s.Helper()
	w := s.create(name)
	s.write(w, content)
	s.must("Commit", w.Commit(s.Context()))
}

func (s *suite) leave(name storage.Name, content string) {
	s.Helper()
	w := s.create(name)
	s.write(w, content)
	s.must("Close", w.Close())
}

func (s *suite) open(name storage.Name) storage.Reader {
	s.Helper()
	r, err := s.store.Open(s.Context(), name)
	s.must("Open", err)
	return r
}

// read returns all that r has.
func (s *suite) read(r storage.Reader) []byte {
	s.Helper()
	b, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	s.must("reading", err)
	if int64(len(b)) != r.Size() {
		s.Errorf("%d bytes can be read of a log whose Size() is %d", len(b), r.Size())
	}
	return b
}

// wantContent opens a log and compares it.
func (s *suite) wantContent(name storage.Name, want string) {
	s.Helper()
	r := s.open(name)
	s.wantRead(r, want)
	s.want("Close of a reader", r.Close(), nil)
}

func (s *suite) wantRead(r storage.Reader, want string) {
	s.Helper()
	if got := s.read(r); !bytes.Equal(got, []byte(want)) {
		s.Errorf("log has %d bytes %s, want %d bytes %s", len(got), short(string(got)), len(want), short(want))
	}
}

// list returns what List yields.
func (s *suite) list(from storage.Name) []storage.Info {
	s.Helper()
	var infos []storage.Info
	for info, err := range s.store.List(s.Context(), from) {
		s.must("List", err)
		infos = append(infos, info)
	}
	return infos
}

// wantOne expects that the store has one log alone, and says how it should look.
func (s *suite) wantOne(name storage.Name, size int64, finished bool) {
	s.Helper()
	infos := s.list("")
	if len(infos) != 1 || infos[0].Name != name || infos[0].Size != size || infos[0].Finished != finished {
		s.Errorf("List = %+v, want %s alone with %d bytes and Finished %v", infos, name, size, finished)
	}
}
