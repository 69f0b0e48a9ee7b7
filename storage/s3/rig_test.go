package s3

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/internal/s3test/hostile"
	"github.com/sshtrail/sshtrail/storage"
)

// partSize is that of the tests' uploads.
const partSize = 64

func newServer(ops []hostile.Op) *hostile.Server {
	return hostile.New(hostile.Options{Bucket: "logs", PartSize: partSize, Permitted: ops, Forgetful: true})
}

func newDisk(t *testing.T) *faultdisk.Memory {
	t.Helper()
	m := faultdisk.NewMemory()
	if err := errors.Join(m.MkdirAll("/spool", 0o700), m.SyncDir("/")); err != nil {
		t.Fatal(err)
	}
	return m
}

// testConfig is that of a store in a server.
func testConfig(server *hostile.Server) Config {
	return Config{
		Local: "/spool", PartSize: partSize, ParallelUploads: 4, MaxSpool: 1 << 30,
		Service: Service{
			Endpoint: "https://store.test", Bucket: "logs", PathStyle: true, Transport: server,
			Keys: func() (Keys, error) { return Keys{Access: "a", Secret: "s"}, nil },
		},
	}
}

func newStore(t *testing.T, cfg Config, fsys disk.FS, logger *slog.Logger) *Store {
	t.Helper()
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	s, err := New(cfg, fsys, logger)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// closed closes a store, whose logs need not be in the bucket.
func closed(t *testing.T, s *Store) {
	t.Helper()
	ctx, cancel := contextOver(t)
	defer cancel()
	_ = s.Close(ctx) // it says how many logs wait
}

// drained closes a store when all its finished logs are in the bucket.
func drained(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Close(t.Context()); err != nil {
		t.Errorf("Close = %v", err)
	}
}

// pattern is n bytes that differ wherever they are looked at.
func pattern(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d,", i)
	}
	return b.Bytes()[:n]
}

func write(t *testing.T, w io.Writer, b []byte) {
	t.Helper()
	for len(b) > 0 {
		n := min(len(b), 10)
		if _, err := w.Write(b[:n]); err != nil {
			t.Fatalf("Write = %v", err)
		}
		b = b[n:]
	}
}

func create(t *testing.T, s *Store, name storage.Name) storage.Writer {
	t.Helper()
	w, err := s.Create(t.Context(), name, storage.About{})
	if err != nil {
		t.Fatalf("Create(%s) = %v", name, err)
	}
	return w
}

func commit(t *testing.T, w storage.Writer) {
	t.Helper()
	if err := w.Commit(t.Context()); err != nil {
		t.Fatalf("Commit = %v", err)
	}
}

func finish(t *testing.T, s *Store, name storage.Name, content []byte) {
	t.Helper()
	w := create(t, s, name)
	write(t, w, content)
	commit(t, w)
}

// wantObject expects a log in the bucket, written once.
func wantObject(t *testing.T, when string, server *hostile.Server, name string, want []byte) {
	t.Helper()
	versions := server.Versions(name)
	switch {
	case len(versions) == 0:
		t.Errorf("%s: %s is not in the bucket, which has %q", when, name, server.Keys())
	case len(versions) > 1:
		t.Errorf("%s: %s was written %d times", when, name, len(versions))
	case !bytes.Equal(versions[0].Data, want):
		t.Errorf("%s: %s has %d bytes in the bucket, want %d: %.80q, want %.80q", when, name, len(versions[0].Data), len(want), versions[0].Data, want)
	}
}

// wantEmpty expects nothing in the spool but the names of what was done.
func wantEmpty(t *testing.T, when string, fsys disk.FS) {
	t.Helper()
	entries, err := fsys.ReadDir("/spool")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), doneSuffix) && !isTemp(e.Name()) {
			t.Errorf("%s: the spool has %s", when, e.Name())
		}
	}
}

// journal collects what the store says.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

// lines are the messages until now, without their times.
func (j *journal) lines() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Split(strings.TrimSuffix(j.b.String(), "\n"), "\n")
}

func (j *journal) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime {
			return slog.Attr{}
		}
		return a
	}}))
}

const long = 100 * time.Hour

func newJournal() *journal { return &journal{} }

func isFull(err error) bool { return errors.Is(err, storage.ErrFull) }

// waitABit lets an hour pass, in the bubble of synctest that it must be called in.
func waitABit() { <-time.After(time.Hour + 7*time.Second) } // not when the spool is looked at
