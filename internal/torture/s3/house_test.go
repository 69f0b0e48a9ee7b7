package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/internal/s3test/hostile"
	"github.com/sshtrail/sshtrail/storage"
	s3store "github.com/sshtrail/sshtrail/storage/s3"
)

// partSize is small, so that a log of some hundred bytes has several parts.
const partSize = 64

const spool = "/spool"

// house is a store with its server and its disk, in a bubble. One goroutine at a time uses
// it, but for the store's own.
type house struct {
	t      *testing.T
	config s3store.Config
	server *hostile.Server
	memory *faultdisk.Memory
	decide faultdisk.Decide // of the next start
	says   *messages

	process *faultdisk.Process
	network *network
	*s3store.Store

	mu    sync.Mutex // guards what follows
	wrote map[storage.Name][]byte
	// anonymous logs may be told of without their facts: the power was cut before they were synced.
	anonymous map[storage.Name]bool
	wasCut    bool     // the power: tails may be left that nobody knows of
	flaws     []string // that the watched disk has seen
}

func newHouse(t *testing.T, o hostile.Options) *house {
	t.Helper()
	o.Bucket, o.PartSize = "logs", partSize
	h := &house{t: t, server: hostile.New(o), memory: faultdisk.NewMemory(), wrote: map[storage.Name][]byte{}, anonymous: map[storage.Name]bool{}, says: &messages{}}
	if err := errors.Join(h.memory.MkdirAll(spool, 0o700), h.memory.SyncDir("/")); err != nil {
		t.Fatal(err)
	}
	h.config = s3store.Config{Local: spool, PartSize: partSize, MaxSpool: 1 << 30, Service: s3store.Service{
		Endpoint: "https://s3.test", Region: "us-east-1", Bucket: "logs", PathStyle: true,
		Keys: func() (s3store.Keys, error) { return s3store.Keys{Access: "key", Secret: "secret"}, nil },
	}}
	return h
}

// start starts a process with a store.
func (h *house) start() {
	h.t.Helper()
	h.process = faultdisk.NewProcess(h.memory, h.decide)
	h.network = &network{server: h.server}
	h.config.Service.Transport = h.network
	s, err := s3store.New(h.config, &watched{h.process, h}, slog.New(slog.NewTextHandler(h.says, nil)))
	if err != nil {
		h.t.Fatalf("start: %v", err)
	}
	h.Store = s
}

// stop ends the process as its operator does, with as much time as there is.
func (h *house) stop(patience time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return h.Close(ctx)
}

// kill ends the process at once. What it does after that nobody sees.
func (h *house) kill() {
	h.network.dead.Store(true) // first: nobody sends who could not note it before
	h.process.Kill()
	h.bury()
}

// bury waits for the goroutines of a process that is dead.
func (h *house) bury() {
	h.t.Helper()
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	_ = h.Close(gone) // it is dead
}

// network is a process's way to the server.
type network struct {
	server *hostile.Server
	dead   atomic.Bool  // with its process: requests on their way may arrive, answers don't
	takes  atomic.Int64 // this long, for each request
}

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	if n.dead.Load() {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, syscall.ENETDOWN
	}
	pass(time.Duration(n.takes.Load()))
	resp, err := n.server.RoundTrip(r)
	if n.dead.Load() && err == nil {
		return nil, errors.Join(syscall.ENETDOWN, resp.Body.Close())
	}
	return resp, err
}

// messages is what the store says.
type messages struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (m *messages) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.b.Write(p)
}

func (m *messages) String() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.b.String()
}

// watched is a disk that looks at the server before it lets go of a log's bytes.
type watched struct {
	disk.FS
	h *house
}

func (w *watched) Remove(name string) error {
	w.h.goes(name, 0, -1)
	return w.FS.Remove(name)
}

func (w *watched) OpenFile(name string, flag int, perm fs.FileMode) (disk.File, error) {
	f, err := w.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &watchedFile{f, w.h, name}, nil
}

type watchedFile struct {
	disk.File
	h    *house
	name string
}

func (f *watchedFile) PunchHole(offset, size int64) error {
	f.h.goes(f.name, offset, size)
	return f.File.PunchHole(offset, size)
}

// goes is told that bytes of a file are about to go; all of them if size is negative.
func (h *house) goes(file string, offset, size int64) {
	base := path.Base(file)
	name, unfinished := strings.CutSuffix(base, ".partial")
	h.mu.Lock()
	defer h.mu.Unlock()
	want, ok := h.wrote[storage.Name(name)]
	if !ok {
		return // no log
	}
	object := h.server.Object(name)
	switch {
	case object != nil && bytes.Equal(object.Data, want):
	case size < 0 && unfinished && len(want) == 0:
	case size < 0:
		h.flaws = append(h.flaws, fmt.Sprintf("%s is removed, and the server does not have the log", base))
	case !slices.ContainsFunc(h.server.Uploads(), func(u hostile.Upload) bool {
		sent := h.server.Sent(u.ID)
		return u.Key == name && int64(len(sent)) >= offset+size && bytes.Equal(sent[offset:offset+size], want[offset:offset+size])
	}):
		h.flaws = append(h.flaws, fmt.Sprintf("bytes %d to %d of %s go, and the server does not have them", offset, offset+size, base))
	}
}

// about is what the recorder would tell of a log, with a name that is hard to sign.
func about() storage.About {
	return storage.About{ContentType: "application/x-test", Metadata: map[string]string{"timestamp": "1767225600", "username": "al\xffi\nce ü", "country": "XX"}}
}

// writer writes a log, and notes what it has written.
type writer struct {
	storage.Writer
	h    *house
	name storage.Name
}

func (h *house) create(name storage.Name) (*writer, error) {
	h.note(name, nil) // from here on it must not go
	w, err := h.Create(context.Background(), name, about())
	if err != nil {
		return nil, err
	}
	return &writer{w, h, name}, nil
}

func (h *house) note(name storage.Name, p []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wrote[name] = append(h.wrote[name], p...)
}

func (w *writer) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.h.note(w.name, p[:n])
	return n, err
}

// settled waits until nothing is left in the spool, for days if it must.
func (h *house) settled() {
	h.t.Helper()
	var left []string
	for range 7 * 24 * 60 {
		if left = h.left(); len(left) == 0 {
			return
		}
		pass(time.Minute)
	}
	h.t.Errorf("a week later the spool has %q", left)
}

// left is what is in the spool, but for the names of logs that are done, which stay for a while.
func (h *house) left() (names []string) {
	entries, err := h.memory.ReadDir(spool)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !strings.HasSuffix(e.Name(), ".done") {
			names = append(names, e.Name())
		}
	}
	return names
}

// check checks that the server has every log that is to be there, exact, once, and nothing
// else. All together may have been written again some times.
func (h *house) check(again int, finished ...storage.Name) {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, flaw := range h.flaws {
		h.t.Error(flaw)
	}
	for _, name := range finished {
		versions := h.server.Versions(string(name))
		if len(versions) == 0 {
			h.t.Errorf("log %s is not in the bucket", name)
			continue
		}
		newest := versions[len(versions)-1]
		if !bytes.Equal(newest.Data, h.wrote[name]) {
			h.t.Errorf("log %s has %d bytes in the bucket that are not the %d that were written", name, len(newest.Data), len(h.wrote[name]))
		}
		if again -= len(versions) - 1; len(versions) > 1 && again < 0 {
			h.t.Errorf("log %s was written %d times", name, len(versions))
		}
		if h.anonymous[name] {
			continue
		}
		if newest.Header.Get("Content-Type") != "application/x-test" || newest.Header.Get("X-Amz-Meta-Timestamp") != "1767225600" || newest.Header.Get("X-Amz-Meta-Username") != "" {
			h.t.Errorf("log %s is told of as %v", name, newest.Header)
		}
	}
	keys := h.server.Keys()
	for _, key := range keys {
		// A tail is of no use any more, and stays where it can't be removed.
		if name, tail := strings.CutSuffix(key, ".tail"); tail && slices.Contains(finished, storage.Name(name)) && (h.wasCut || !h.removes()) {
			continue
		}
		if !slices.Contains(finished, storage.Name(key)) {
			h.t.Errorf("the bucket has %s, which is no log", key)
		}
	}
	for _, u := range h.server.Uploads() {
		// One whose id never came here is looked for once; else it is the operator's.
		if regexp.MustCompile(`an upload that nobody needs may be left .* key=`+u.Key+" ").MatchString(h.says.String()) && len(u.Parts) == 0 {
			continue
		}
		if h.wasCut { // the power, and with it what was known of an upload: rules of the bucket end it
			continue
		}
		h.t.Errorf("an upload of %s is left open, with %d parts", u.Key, len(u.Parts))
	}
}

// removes reports whether the server did all removals that it was asked for.
func (h *house) removes() bool {
	return !slices.ContainsFunc(h.server.Ledger(), func(e hostile.Entry) bool { return e.Op == hostile.DeleteObject && !e.Done })
}

// tell shows, if the test failed, what the server was asked and what the store said.
func (h *house) tell() {
	if !h.t.Failed() {
		return
	}
	var b strings.Builder
	ledger := h.server.Ledger()
	if len(ledger) > 200 {
		ledger = append(ledger[:150:150], ledger[len(ledger)-50:]...)
	}
	for _, e := range ledger {
		fmt.Fprintf(&b, "%s %s %d of %s, upload %s part %d: %v, status %d %s, done: %v\n", e.Time.Format("02 15:04:05"), e.Op, e.N, e.Key, e.UploadID, e.Part, e.Fault, e.Status, e.Code, e.Done)
	}
	h.t.Logf("the server was asked:\n%s", &b)
	h.t.Logf("the store said:\n%s", h.says)
}

// pass lets time pass. In a bubble it passes at once, and everybody has done then what there was to do before.
func pass(d time.Duration) { <-time.After(d) }
