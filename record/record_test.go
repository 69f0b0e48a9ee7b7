package record_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/file"
)

const (
	logs    = "/logs"
	journal = "/journal"
)

// newDisk returns a disk with the two folders on it, durable.
func newDisk(t testing.TB) *faultdisk.Memory {
	t.Helper()
	m := faultdisk.NewMemory()
	for _, dir := range []string{logs, journal} {
		if err := m.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.SyncDir("/"); err != nil {
		t.Fatal(err)
	}
	return m
}

// open opens a recorder whose journal and store are on fsys.
func open(fsys disk.FS, change func(*record.Config)) (*record.Recorder, error) {
	c := record.Config{Journal: journal, FS: fsys, Sync: time.Millisecond, Block: 4 << 10}
	if change != nil {
		change(&c)
	}
	if c.Store == nil {
		store, err := file.New(file.Config{Directory: logs}, fsys)
		if err != nil {
			return nil, err
		}
		c.Store = store
	}
	return record.Open(context.Background(), c)
}

func mustOpen(t testing.TB, fsys disk.FS, change func(*record.Config)) *record.Recorder {
	t.Helper()
	r, err := open(fsys, change)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustClose(t testing.TB, r *record.Recorder) {
	t.Helper()
	if err := r.Close(t.Context(), "test is over"); err != nil {
		t.Fatal(err)
	}
}

// readLog returns a log's events and verdict.
func readLog(t testing.TB, fsys disk.FS, id event.ConnID) ([]event.Event, binary.Verdict) {
	t.Helper()
	store, err := file.New(file.Config{Directory: logs}, fsys)
	if err != nil {
		t.Fatal(err)
	}
	f, err := store.Open(t.Context(), storage.Name(id))
	if errors.Is(err, storage.ErrNotExist) {
		return nil, binary.NotALog
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := binary.NewReader(io.NewSectionReader(f, 0, f.Size()))
	var events []event.Event
	for ev, err := range r.Events() {
		if err != nil {
			var fault *binary.Fault
			if !errors.As(err, &fault) {
				t.Fatal(err)
			}
			if fault.Verdict == binary.Tampered {
				t.Errorf("log is tampered: %v", err)
			}
			break
		}
		events = append(events, ev)
	}
	return events, r.Verdict()
}

// session is a script of what a connection does.
type session struct {
	log   *record.Log
	bytes bytes.Buffer // of standard output, as far as Emit took them
	taken int          // events that Emit took
	err   error        // the first error of Emit
}

func (s *session) emit(channel uint64, body event.Body) bool {
	if s.err == nil {
		if s.err = s.log.Emit(channel, body); s.err == nil {
			s.taken++
			if io, ok := body.(*event.IO); ok {
				s.bytes.Write(io.Data)
			}
		}
	}
	return s.err == nil
}

func (s *session) begin() {
	s.emit(0, &event.Connect{RemoteAddr: "192.0.2.1", Country: "XX", RemotePort: 4711})
	s.emit(0, &event.AuthNone{Username: "alice"})
	s.emit(0, &event.AuthPubkeySuccessful{PubkeyAttempt: event.PubkeyAttempt{Username: "alice", Key: "ssh-ed25519 AAAA"}})
	s.emit(0, &event.HandshakeSuccessful{Username: "alice"})
	s.emit(0, &event.NewChannel{ChannelType: "session"})
	s.emit(0, &event.NewChannelSuccessful{ChannelType: "session"})
	s.emit(0, &event.Exec{Program: "make\xff all"})
}

// output emits n pieces of output, which come in several blocks if they are large.
func (s *session) output(n, size int) {
	random := rand.New(rand.NewPCG(1, 2))
	buf := make([]byte, size)
	for range n {
		for i := range buf {
			buf[i] = byte(random.Uint32())
		}
		s.emit(0, &event.IO{Stream: event.Stdout, Data: buf}) // the same buffer again: D3
	}
}

func (s *session) end() {
	s.emit(0, &event.Exit{ExitStatus: 3})
	s.emit(0, &event.Close{By: event.ByTarget, Sent: uint64(s.bytes.Len())})
	s.emit(0, &event.Disconnect{By: event.ByClient, Reason: "connection closed"})
}

func stdout(events []event.Event) []byte {
	var b []byte
	for _, ev := range events {
		if io, ok := ev.Body.(*event.IO); ok && io.Stream == event.Stdout {
			b = append(b, io.Data...)
		}
	}
	return b
}

func summaryOf(t testing.TB, events []event.Event) *event.Summary {
	t.Helper()
	if len(events) > 0 {
		if s, ok := events[len(events)-1].Body.(*event.Summary); ok {
			return s
		}
	}
	t.Fatalf("the log of %d events has no summary at its end", len(events))
	return nil
}

func TestALogIsWhatHappened(t *testing.T) {
	m := newDisk(t)
	r := mustOpen(t, m, nil)
	s := &session{log: r.Begin()}
	s.begin()
	if err := s.log.SetTarget("local:alice"); err != nil {
		t.Fatal(err)
	}
	s.emit(0, &event.IO{Stream: event.Stdin, Skipped: 42})
	s.taken-- // that one is only counted
	s.output(40, 1000)
	s.end()
	if s.err != nil {
		t.Fatal(s.err)
	}
	if err := s.log.Emit(0, &event.Exit{}); !errors.Is(err, record.ErrEnded) {
		t.Errorf("Emit after the end = %v, want ErrEnded", err)
	}
	mustClose(t, r)

	events, verdict := readLog(t, m, s.log.ID())
	if verdict != binary.Complete || len(events) != s.taken+1 {
		t.Fatalf("log is %v and has %d events, want complete and %d", verdict, len(events), s.taken+1)
	}
	if !bytes.Equal(stdout(events), s.bytes.Bytes()) {
		t.Error("the output in the log is not what was emitted")
	}
	sum := summaryOf(t, events)
	if *sum.Username != "alice" || *sum.Target != "local:alice" || *sum.Auth != "publickey" || *sum.RemoteAddr != "192.0.2.1" {
		t.Errorf("summary %+v, want who, how, whence and whither", sum)
	}
	if sum.Bytes.Stdout != 40000 || sum.Skipped.Stdin != 42 || len(sum.Channels) != 1 ||
		*sum.Channels[0].Program != "make\uFFFD all" || *sum.Channels[0].ExitStatus != 3 {
		t.Errorf("summary %+v, want the bytes and the program", sum)
	}
	left, err := m.ReadDir(journal)
	if err != nil || len(left) != 0 {
		t.Errorf("journal holds %v (%v), want nothing", left, err)
	}
}

// Time is the wall clock at connect and monotonic since: a step of the clock reorders nothing.
func TestAClockStepReordersNothing(t *testing.T) {
	var mu sync.Mutex
	now := time.Unix(1_800_000_000, 0)
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Microsecond)
		return now
	}
	m := newDisk(t)
	r := mustOpen(t, m, func(c *record.Config) { c.Now = clock })
	s := &session{log: r.Begin()}
	s.begin()
	mu.Lock()
	now = now.Add(-time.Hour)
	mu.Unlock()
	s.output(3, 10)
	s.end()
	mustClose(t, r)
	events, verdict := readLog(t, m, s.log.ID())
	if verdict != binary.Complete || !slices.IsSortedFunc(events, func(a, b event.Event) int { return int(a.Time - b.Time) }) {
		t.Errorf("verdict %v, or the times decrease", verdict)
	}
}

func TestWithoutALoginThereIsNoLog(t *testing.T) {
	m := newDisk(t)
	r := mustOpen(t, m, nil)
	s := &session{log: r.Begin()}
	s.emit(0, &event.Connect{Country: "XX"})
	s.emit(0, &event.AuthNone{Username: "root"})
	if names, err := m.ReadDir(logs); err != nil || len(names) > 0 || len(segments(t, m)) > 0 {
		t.Errorf("before a login there are the logs %v and the segments %q, want none", names, segments(t, m))
	}
	s.emit(0, &event.Disconnect{By: event.ByClient})
	mustClose(t, r)
	for _, dir := range []string{logs, journal} {
		if names, err := m.ReadDir(dir); err != nil || len(names) > 0 {
			t.Errorf("%s holds %v, %v; want nothing", dir, names, err)
		}
	}
}

// Promise 8: an unauthenticated connection costs at most so much.
func TestBeforeTheLoginMemoryIsBounded(t *testing.T) {
	r := mustOpen(t, newDisk(t), nil)
	defer mustClose(t, r)
	s := &session{log: r.Begin()}
	for range 100 {
		s.emit(0, &event.AuthNone{Username: strings.Repeat("x", 1000)})
	}
	if s.err == nil || s.taken > 40 {
		t.Errorf("%d events of 1 kB were kept before a login, error %v; want at most 32 KiB and an error", s.taken, s.err)
	}
}

func TestTheOwnLogIsTheRecordOfAccess(t *testing.T) {
	m := newDisk(t)
	r := mustOpen(t, m, func(c *record.Config) { c.Own = &record.Own{Version: "v1", Config: strings.Repeat("ab", 32)} })
	knock := &session{log: r.Begin()}
	knock.emit(0, &event.Connect{RemoteAddr: "192.0.2.66", Country: "XX"})
	knock.emit(0, &event.AuthNone{Username: "root"})
	knock.emit(0, &event.Disconnect{By: event.ByClient})
	in := &session{log: r.Begin()}
	in.begin()
	in.end()
	mustClose(t, r)

	names, err := m.ReadDir(logs)
	if err != nil || len(names) != 2 {
		t.Fatalf("logs %v (%v), want the own one and one of a connection", names, err)
	}
	var own event.ConnID
	for _, n := range names {
		if n.Name() != string(in.log.ID()) {
			own = event.ConnID(n.Name())
		}
	}
	events, verdict := readLog(t, m, own)
	if verdict != binary.Complete {
		t.Fatalf("the own log is %v, want complete", verdict)
	}
	var got []string
	for _, ev := range events {
		got = append(got, strings.TrimPrefix(fmt.Sprintf("%T", ev.Body), "*event."))
	}
	want := []string{"GatewayStart", "Connect", "AuthNone", "Disconnect", "Connect", "AuthNone", "AuthPubkeySuccessful", "HandshakeSuccessful", "Disconnect", "GatewayStop", "Summary"}
	if !slices.Equal(got, want) {
		t.Errorf("own log has\n%v, want\n%v", got, want)
	}
	if s := summaryOf(t, events); s.Username != nil || s.RemoteAddr != nil || s.Auth != nil {
		t.Errorf("the own log's summary %+v names one of several connections", s)
	}
}

// Channels, streams and goroutines at once: one total order, nothing lost.
func TestConcurrentEmitters(t *testing.T) {
	m := newDisk(t)
	r := mustOpen(t, m, nil)
	s := &session{log: r.Begin()}
	s.begin()
	var all sync.WaitGroup
	const emitters, each = 8, 300
	for c := range uint64(emitters) {
		all.Go(func() {
			buf := make([]byte, 64)
			for i := range each {
				for j := range buf {
					buf[j] = byte(i)
				}
				if err := s.log.Emit(c, &event.IO{Stream: event.Stdout, Data: buf}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	s.end()
	mustClose(t, r)
	events, verdict := readLog(t, m, s.log.ID())
	next := map[uint64]int{}
	for _, ev := range events {
		if io, ok := ev.Body.(*event.IO); ok {
			if want := bytes.Repeat([]byte{byte(next[ev.Channel])}, 64); !bytes.Equal(io.Data, want) {
				t.Fatalf("channel %d: event %d has %x", ev.Channel, next[ev.Channel], io.Data)
			}
			next[ev.Channel]++
		}
	}
	for c := range uint64(emitters) {
		if next[c] != each {
			t.Errorf("channel %d has %d events, want %d", c, next[c], each)
		}
	}
	if verdict != binary.Complete {
		t.Errorf("verdict %v, want complete", verdict)
	}
}

// A day of typing costs no block before it is full: no clock closes one.
func TestNoClockClosesABlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newDisk(t)
		r := mustOpen(t, m, func(c *record.Config) { c.Block, c.Sync = 128<<10, time.Minute })
		s := &session{log: r.Begin()}
		s.begin()
		for range 100 {
			s.output(1, 1)
			time.Sleep(10 * time.Minute)
		}
		s.end()
		mustClose(t, r)
		events, verdict := readLog(t, m, s.log.ID())
		if sum := summaryOf(t, events); verdict != binary.Complete || len(sum.Index) != 1 {
			t.Errorf("%v with %d blocks, want one", verdict, len(sum.Index))
		}
	})
}

// What is paid for each event must not be garbage.
func TestEmitAllocatesNothing(t *testing.T) {
	r := mustOpen(t, disk.OS{}, func(c *record.Config) {
		store, err := file.New(file.Config{Directory: t.TempDir()}, disk.OS{})
		if err != nil {
			t.Fatal(err)
		}
		c.Journal, c.Store, c.Block, c.Sync = t.TempDir(), store, 1<<20, time.Minute
	})
	defer mustClose(t, r)
	s := &session{log: r.Begin()}
	s.begin()
	defer s.end()
	key := &event.IO{Stream: event.Stdout, Data: []byte("x")}
	if n := testing.AllocsPerRun(1000, func() { s.log.Emit(0, key) }); n != 0 {
		t.Errorf("Emit of a keystroke allocates %v times, want 0", n)
	}
}
