package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"syscall"
	"testing"

	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/mem"
)

// watchedStore tells when a log is listed, and has one that can't be opened.
type watchedStore struct {
	storage.Store
	listing func(n int)
}

func (s watchedStore) List(ctx context.Context, from storage.Name) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		n := 0
		for info, err := range s.Store.List(ctx, from) {
			s.listing(n)
			n++
			if !yield(info, err) {
				return
			}
		}
	}
}

func (s watchedStore) Open(ctx context.Context, name storage.Name) (storage.Reader, error) {
	if name == "b" {
		return nil, errors.New("the disk is \x1b[31mbroken")
	}
	return s.Store.Open(ctx, name)
}

func storeOfThree(t *testing.T, listing func(n int)) storage.Store {
	t.Helper()
	log, err := sampleExec().bytes()
	if err != nil {
		t.Fatal(err)
	}
	s := mem.New()
	for _, name := range []storage.Name{"a", "b", "c"} {
		w, err := s.Create(t.Context(), name, storage.About{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(log); err != nil {
			t.Fatal(err)
		}
		if err := w.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return watchedStore{s, listing}
}

// TestListsAtOnce wants each log printed as soon as it is known how many casts it has: those are
// listed next to it.
func TestListsAtOnce(t *testing.T) {
	var out, messages bytes.Buffer
	store := storeOfThree(t, func(n int) {
		if got, want := strings.Count(out.String(), "\n"), max(0, n-1)+min(max(0, n-1), 1); got != want {
			t.Errorf("%d lines before log %d, want %d with the head", got, n, want)
		}
	})
	a := &app{stdio: stdio{nil, &out, &messages}}
	err := a.list(t.Context(), store, "", new(lsOptions))
	if err != exit(statusFailed) {
		t.Errorf("list = %v, want status %d for the log that can't be read", err, statusFailed)
	}
	lines := strings.Split(out.String(), "\n")
	if want := "b\t-\t-\t-\t-\tthe disk is \\x1b[31mbroken\t4299\terror\t-"; lines[2] != want {
		t.Errorf("line of the broken one is %q, want %q", lines[2], want)
	}
	if !strings.HasPrefix(lines[3], "c\t2026-11-22T10:33:16Z\tbob\t") {
		t.Errorf("no line of the log behind it: %q", lines[3])
	}
	if got, want := messages.String(), "sshtrail: 1 log could not be read\n"; got != want {
		t.Errorf("messages %q, want %q", got, want)
	}
}

// closedPipe is an output whose reader has gone after some bytes.
type closedPipe struct{ left int }

func (p *closedPipe) Write(b []byte) (int, error) {
	if p.left -= len(b); p.left < 0 {
		return 0, syscall.EPIPE
	}
	return len(b), nil
}

// TestGoneReaderIsNoError is what happens with | head.
func TestGoneReaderIsNoError(t *testing.T) {
	listed := 0
	var messages bytes.Buffer
	a := &app{stdio: stdio{nil, &closedPipe{100}, &messages}}
	if err := a.list(t.Context(), storeOfThree(t, func(int) { listed++ }), "", new(lsOptions)); err != exit(statusFailed) {
		t.Errorf("list = %v, want a quiet failure", err)
	}
	if listed != 2 {
		t.Errorf("%d logs were looked at, want 2", listed)
	}
	log, err := sampleSession().bytes()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"decode", "-"}, {"show", "-"}, {"show", "--json", "-"}, {"verify", "-"}} {
		status := run(t.Context(), args, stdio{bytes.NewReader(log), &closedPipe{}, &messages})
		if status != statusFailed || messages.Len() > 0 {
			t.Errorf("%v: status %d, messages %q; want %d and none", args, status, messages.String(), statusFailed)
		}
	}
}

// TestFullDiskIsAnError wants no success where the output is not whole.
func TestFullDiskIsAnError(t *testing.T) {
	log, err := sampleSession().bytes()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"decode", "-"}, {"show", "-"}, {"show", "--json", "-"}, {"verify", "-"}} {
		var messages bytes.Buffer
		status := run(t.Context(), args, stdio{bytes.NewReader(log), fullDisk{}, &messages})
		if status != statusFailed || !strings.Contains(messages.String(), "no space left") {
			t.Errorf("%v: status %d, messages %q", args, status, messages.String())
		}
	}
}

type fullDisk struct{ io.Writer }

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }
