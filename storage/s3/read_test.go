package s3

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sshtrail/sshtrail/internal/s3test/hostile"
	"github.com/sshtrail/sshtrail/storage"
)

// newArchive is the view of somebody on another machine.
func newArchive(t *testing.T, server *hostile.Server) *Archive {
	t.Helper()
	cfg := testConfig(server)
	cfg.Local = ""
	a, err := NewArchive(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

func openArchived(t *testing.T, a *Archive, name storage.Name) storage.Reader {
	t.Helper()
	r, err := a.Open(t.Context(), name)
	if err != nil {
		t.Fatalf("Open(%s) = %v", name, err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// asked counts the requests and what was asked for of objects, since the last time.
type asked struct {
	server *hostile.Server
	before int
}

func (a *asked) since() (requests int) {
	n := len(a.server.Ledger())
	requests, a.before = n-a.before, n
	return requests
}

func TestAShortLogTakesOneRequest(t *testing.T) {
	server := newServer(nil)
	want := pattern(endSize)
	server.Fill("log", want)
	count := asked{server: server}
	r := openArchived(t, newArchive(t, server), "log")
	got, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	if err != nil || !bytes.Equal(got, want) || r.Open() {
		t.Errorf("read %d bytes, %v, want %d", len(got), err, len(want))
	}
	if n := count.since(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestReadingInOrderAsksForMoreAndMore(t *testing.T) {
	server := newServer(nil)
	want := pattern(64 << 20)
	server.Fill("log", want)
	count := asked{server: server}
	r := openArchived(t, newArchive(t, server), "log")
	var got bytes.Buffer
	if _, err := io.CopyBuffer(struct{ io.Writer }{&got}, struct{ io.Reader }{io.NewSectionReader(r, 0, r.Size())}, make([]byte, 32<<10)); err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("read %d bytes, %v, want %d", got.Len(), err, len(want))
	}
	// The end, then 64, 128, … KiB up to 4 MiB, then 14 times 4 MiB and what is left.
	if n := count.since(); n > 24 {
		t.Errorf("%d requests for 64 MiB, want 24 at most", n)
	}
}

func TestReadingHereAndThere(t *testing.T) {
	server := newServer(nil)
	want := pattern(8 << 20)
	server.Fill("log", want)
	count := asked{server: server}
	r := openArchived(t, newArchive(t, server), "log")
	for _, at := range []int64{1 << 20, 1<<20 + 100, 5 << 20, 1 << 20, 5<<20 + 1000, 8<<20 - 100, 1<<20 - 50} {
		p := make([]byte, 100)
		if n, err := r.ReadAt(p, at); err != nil || n != 100 || !bytes.Equal(p, want[at:at+100]) {
			t.Errorf("ReadAt(%d) = %d, %v, or other bytes", at, n, err)
		}
	}
	if n := count.since(); n != 4 {
		t.Errorf("%d requests, want 4: the end and three places", n)
	}
	for _, at := range []int64{8<<20 - 10, 8 << 20, 9 << 20} {
		p := make([]byte, 100)
		if n, err := r.ReadAt(p, at); err != io.EOF || n != int(max(8<<20-at, 0)) {
			t.Errorf("ReadAt(%d) = %d, %v, want the end", at, n, err)
		}
	}
	if _, err := r.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("ReadAt(-1) succeeded")
	}
}

func TestMemoryOfAReaderIsBounded(t *testing.T) {
	server := newServer(nil)
	server.Fill("log", make([]byte, 256<<20))
	r := openArchived(t, newArchive(t, server), "log").(*remoteReader)
	p := make([]byte, 100)
	for at := int64(0); at < r.size-minAhead; at += 3 << 20 {
		if _, err := r.ReadAt(p, at); err != nil {
			t.Fatal(err)
		}
	}
	kept := 0
	for _, s := range r.spans {
		kept += len(s.p)
	}
	if kept > maxKept {
		t.Errorf("%d bytes are kept, want %d at most", kept, maxKept)
	}
}

// TestReadingSurvivesFaults has every request fail once, in each way there is.
func TestReadingSurvivesFaults(t *testing.T) {
	want := pattern(300_000)
	for _, fault := range hostile.Faults(hostile.GetObject) {
		for n := 1; n <= 2; n++ {
			t.Run(fmt.Sprintf("%s at %d", fault, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := newServer(nil)
					server.Fill("log", want)
					server.Plan(hostile.At(hostile.GetObject, n, fault))
					r, err := newArchive(t, server).Open(t.Context(), "log")
					var got []byte
					if err == nil {
						got, err = io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
					}
					if !bytes.Equal(got, want) && err == nil {
						t.Errorf("read other bytes than were stored, without an error")
					}
					if err != nil && !isForGood(fault) {
						t.Errorf("read %d bytes, %v", len(got), err)
					}
				})
			})
		}
	}
}

// isForGood reports whether nobody could read on after a fault, or should: the operator must act, or the
// object is another.
func isForGood(f *hostile.Fault) bool {
	return f.Status >= 400 && f.Status < 500 && f.Status != 429 && f.Code != "RequestTimeTooSkewed" && f.Code != "RequestTimeout" || f.Lies()
}

func TestAnObjectThatIsReplacedIsNotMixed(t *testing.T) {
	server := newServer(nil)
	server.Fill("log", pattern(1<<20))
	r := openArchived(t, newArchive(t, server), "log")
	server.Fill("log", make([]byte, 1<<20))
	if _, err := r.ReadAt(make([]byte, 100), 0); err == nil || !strings.Contains(err.Error(), "another one by now") {
		t.Errorf("ReadAt of an object that was replaced = %v", err)
	}
}

func TestWhoMayOnlyWriteIsTold(t *testing.T) {
	server := newServer(hostile.Six())
	server.Fill("log", pattern(10))
	a := newArchive(t, server)
	if _, err := a.Open(t.Context(), "log"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Open = %v, want fs.ErrPermission", err)
	}
	for _, err := range a.List(t.Context(), "") {
		if err == nil || !strings.Contains(err.Error(), "not allowed") {
			t.Errorf("List = %v, want that it is not allowed", err)
		}
	}
}

func listed(t *testing.T, a *Archive, from storage.Name) []string {
	t.Helper()
	var got []string
	for info, err := range a.List(t.Context(), from) {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		mark := ""
		if !info.Finished {
			mark = "…"
		}
		got = append(got, string(info.Name)+mark)
	}
	return got
}

// TestUnfinishedLogsOfOthers are known by their uploads and tails, and stand where their names do.
func TestUnfinishedLogsOfOthers(t *testing.T) {
	server := newServer(nil)
	for _, key := range []string{
		"a", "a.tail", "a-1", "b-1", "b-1.0.cast", "b.0.cast", "b.tail", "c", "c.tail", "d.rest", "d", "e.1.cast", "e.1.cast.tail", "f.tail", "f0", "sub/x", "sub/y.tail", "z.upload", "Ä",
	} {
		server.Fill(key, pattern(10))
	}
	s := newStore(t, testConfig(server), newDisk(t), nil)
	w := create(t, s, "d0")
	write(t, w, pattern(3*partSize))
	for len(server.Uploads()) == 0 || len(server.Uploads()[0].Parts) < 3 {
		s.poke()
	}
	a := newArchive(t, server)
	want := []string{"a", "a-1", "b…", "b-1", "b-1.0.cast", "b.0.cast", "c", "d", "d0…", "e.1.cast", "f…", "f0"}
	if got := listed(t, a, ""); !slices.Equal(got, want) {
		t.Errorf("List = %q\nwant   %q", got, want)
	}
	for i, name := range want {
		from := storage.Name(strings.TrimSuffix(name, "…"))
		if got := listed(t, a, from); !slices.Equal(got, want[i:]) {
			t.Errorf("List from %s = %q\nwant   %q", from, got, want[i:])
		}
	}
	for _, name := range []storage.Name{"b", "d0", "f"} {
		if _, err := a.Open(t.Context(), name); !errors.Is(err, ErrUnfinished) {
			t.Errorf("Open(%s) = %v, want ErrUnfinished", name, err)
		}
	}
	if _, err := a.Open(t.Context(), "nothing"); !errors.Is(err, storage.ErrNotExist) {
		t.Errorf("Open(nothing) = %v, want ErrNotExist", err)
	}
	if _, err := a.Open(t.Context(), "d.rest"); err == nil {
		t.Error("Open(d.rest) succeeded: it is no log")
	}
	commit(t, w)
	drained(t, s)
	if got := listed(t, a, "d0"); got[0] != "d0" {
		t.Errorf("List after the end = %q", got)
	}
}

// TestALongListBeginsAtOnce asserts requests, not time.
func TestALongListBeginsAtOnce(t *testing.T) {
	server := newServer(nil)
	data := pattern(10)
	const logs = 100_000
	name := func(i int) string { return fmt.Sprintf("%032x", 3*i) }
	for i := range logs {
		server.Fill(name(i), data)
	}
	a, count := newArchive(t, server), asked{server: server}
	for info, err := range a.List(t.Context(), "") {
		if err != nil || string(info.Name) != name(0) {
			t.Fatalf("List = %v, %v", info, err)
		}
		break
	}
	if n := count.since(); n > 2 {
		t.Errorf("%d requests before the first of %d logs, want 2 at most: open uploads, and a page", n, logs)
	}
	from := storage.Name(name(logs - 10)[:31])
	n := 0
	for _, err := range a.List(t.Context(), from) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if requests := count.since(); requests > 2 || n < 10 || n > 20 {
		t.Errorf("%d requests for the last %d logs, want 2 at most for about 10", requests, n)
	}
	n = 0
	for range a.List(t.Context(), "") {
		n++
	}
	if requests := count.since(); n != logs || requests != logs/1000+1 {
		t.Errorf("%d requests for %d logs, want %d for all", requests, n, logs/1000+1)
	}
}

// TestAListSurvivesFaults has each page fail once.
func TestAListSurvivesFaults(t *testing.T) {
	for _, fault := range hostile.Faults(hostile.ListObjects) {
		for n := 1; n <= 3; n++ {
			t.Run(fmt.Sprintf("%s at %d", fault, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := hostile.New(hostile.Options{Bucket: "logs", PartSize: partSize, Page: 3})
					var want, got []string
					for i := range 9 {
						want = append(want, fmt.Sprint("log", i))
						server.Fill(want[i], pattern(10))
					}
					server.Plan(hostile.At(hostile.ListObjects, n, fault))
					var failed error
					for info, err := range newArchive(t, server).List(t.Context(), "") {
						if failed = err; err == nil {
							got = append(got, string(info.Name))
						}
					}
					if failed == nil && !slices.Equal(got, want) || failed != nil && !isForGood(fault) {
						t.Errorf("List = %q, %v, want %q", got, failed, want)
					}
				})
			})
		}
	}
}

func TestAnArchiveOfWhatIsNotUploaded(t *testing.T) {
	server := newServer(nil)
	server.Plan(hostile.All(hostile.Refuse(503, "SlowDown")))
	cfg := testConfig(server)
	cfg.Local = t.TempDir()
	s := newStore(t, cfg, nil, nil)
	want := pattern(10)
	finish(t, s, "here", want)
	closed(t, s)
	server.Plan(nil)
	server.Fill("there", want)
	a, err := NewArchive(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if got := listed(t, a, ""); !slices.Equal(got, []string{"here", "there"}) {
		t.Errorf("List = %q", got)
	}
	for _, name := range []storage.Name{"here", "there"} {
		r := openArchived(t, a, name)
		if got, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size())); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s = %q, %v, want %q", name, got, err, want)
		}
	}
	if len(server.Keys()) != 1 {
		t.Errorf("the bucket has %q: an archive uploads nothing", server.Keys())
	}
	cfg.Local += "/missing"
	if a, err = NewArchive(cfg); a == nil || !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("NewArchive with a folder that is missing = %v, %v", a, err)
	}
	if got := listed(t, a, ""); !slices.Equal(got, []string{"there"}) {
		t.Errorf("List without the folder = %q", got)
	}
}
