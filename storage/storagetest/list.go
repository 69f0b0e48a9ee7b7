package storagetest

import (
	"slices"
	"strconv"
	"time"

	"github.com/sshtrail/sshtrail/storage"
)

// ordered are names in the order of a listing, among them pairs that a suffix of the
// store's own, cut off before or after sorting, would turn round.
var ordered = []storage.Name{"0", "0-", "0-a", "0.a", "00", "9", "A", "B", "Z0", "a", "a-", "a-b", "a.a", "a.z", "a0", "a_", "aa", "b"}

// fill makes the ordered logs, in another order; every third is unfinished, every
// sixth of all is being written.
func (s *suite) fill() {
	s.Helper()
	for i := range ordered {
		name := ordered[(i*7+3)%len(ordered)]
		w := s.create(name)
		s.write(w, string(name))
		switch i % 6 {
		case 0: // w goes on
		case 3:
			s.must("Close", w.Close())
		default:
			s.must("Commit", w.Commit(s.Context()))
		}
	}
}

func (s *suite) wantList(from storage.Name, want []storage.Name) {
	s.Helper()
	var got []storage.Name
	for _, info := range s.list(from) {
		got = append(got, info.Name)
	}
	if !slices.Equal(got, want) {
		s.Errorf("List from %q = %q, want %q", from, got, want)
	}
}

func checkListOrder(s *suite) {
	s.fill()
	s.wantList("", ordered)
}

func checkListFrom(s *suite) {
	s.fill()
	for i, name := range ordered {
		s.wantList(name, ordered[i:])
		s.wantList(name+"\x00", ordered[i+1:]) // no name, but one that comes next
	}
	s.wantList("~", nil)
}

func checkListInfo(s *suite) {
	s.finish("a", "12")
	s.leave("b", "123")
	w := s.create("c")
	defer w.Close()
	s.write(w, "1234")
	infos := s.list("")
	if len(infos) != 3 {
		s.Fatalf("List = %+v, want 3 logs", infos)
	}
	for i, info := range infos {
		if info.Size != int64(i+2) || info.Finished != (i == 0) {
			s.Errorf("List tells %+v, want %d bytes and Finished %v", info, i+2, i == 0)
		}
		if info.Modified.Before(time.Unix(1_000_000_000, 0)) {
			s.Errorf("List tells that %s was modified %v", info.Name, info.Modified)
		}
	}
}

func checkListEnds(s *suite) {
	s.fill()
	seen := 0
	for range s.store.List(s.Context(), "") {
		if seen++; seen == 3 {
			break
		}
	}
	if seen != 3 {
		s.Errorf("%d logs were seen by who stopped at 3", seen)
	}
}

func checkListNothing(s *suite) {
	s.wantList("", nil)
	for i := range 3 {
		s.finish(storage.Name("log"+strconv.Itoa(i)), "")
	}
	s.wantList("log3", nil)
}
