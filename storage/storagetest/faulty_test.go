package storagetest

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/mem"
)

// on is a fault at every call of one kind.
func on(op Op, f Fault) func(Op, storage.Name) Fault {
	return func(o Op, _ storage.Name) Fault {
		if o == op {
			return f
		}
		return Fault{}
	}
}

func TestFaultyWithoutFaults(t *testing.T) {
	Run(t, func(*testing.T) storage.Store {
		return NewFaulty(mem.New(), func(Op, storage.Name) Fault { return Fault{} })
	})
}

// TestFaulty writes "one", syncs, writes "two" and commits, and looks at what the store below has then.
func TestFaulty(t *testing.T) {
	errDisk := errors.New("disk")
	type state struct {
		exists   bool
		content  string
		finished bool
	}
	for name, tt := range map[string]struct {
		decide func(Op, storage.Name) Fault
		err    error
		want   state
	}{
		"create":         {on(Create, Fault{Err: errDisk}), errDisk, state{}},
		"create, after":  {on(Create, Fault{Err: errDisk, After: true}), errDisk, state{exists: true}},
		"write":          {on(Write, Fault{Err: errDisk}), errDisk, state{exists: true}},
		"write, short":   {on(Write, Fault{Err: errDisk, Short: 2}), errDisk, state{exists: true, content: "on"}},
		"write, after":   {on(Write, Fault{Err: errDisk, After: true}), errDisk, state{exists: true, content: "one"}},
		"write lies":     {on(Write, Fault{Lie: true}), nil, state{exists: true, finished: true}},
		"sync":           {on(Sync, Fault{Err: errDisk}), errDisk, state{exists: true, content: "one"}},
		"sync lies":      {on(Sync, Fault{Lie: true}), nil, state{exists: true, content: "onetwo", finished: true}},
		"commit":         {on(Commit, Fault{Err: errDisk}), errDisk, state{exists: true, content: "onetwo"}},
		"commit, after":  {on(Commit, Fault{Err: errDisk, After: true}), errDisk, state{exists: true, content: "onetwo", finished: true}},
		"commit lies":    {on(Commit, Fault{Lie: true}), nil, state{exists: true, content: "onetwo"}},
		"close":          {on(Close, Fault{Err: errDisk}), errDisk, state{exists: true, content: "onetwo", finished: true}},
		"nothing at all": {on("", Fault{}), nil, state{exists: true, content: "onetwo", finished: true}},
	} {
		inner := mem.New()
		if err := story(t, NewFaulty(inner, tt.decide)); !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
			t.Errorf("%s: %v, want %v", name, err, tt.err)
		}
		var got state
		for info, err := range inner.List(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			got = state{true, string(content(inner, info.Name)), info.Finished}
		}
		if got != tt.want {
			t.Errorf("%s: store has %+v, want %+v", name, got, tt.want)
		}
	}
}

// story returns the first error, and wants a writer to repeat it.
func story(t *testing.T, s storage.Store) error {
	w, err := s.Create(t.Context(), "log", storage.About{})
	if err != nil {
		return err
	}
	_, err = w.Write([]byte("one"))
	err = errors.Join(err, w.Sync())
	_, err2 := w.Write([]byte("two"))
	err = errors.Join(err, err2)
	if again := w.Commit(t.Context()); err != nil && !errors.Is(err, again) {
		t.Errorf("Commit after %v = %v, want the same", err, again)
	} else {
		err = again
	}
	return errors.Join(err, w.Close())
}

func TestFaultyReading(t *testing.T) {
	errNet := errors.New("network")
	inner := mem.New()
	for _, name := range []storage.Name{"a", "b"} {
		if w, err := inner.Create(t.Context(), name, storage.About{}); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
	}
	if _, err := NewFaulty(inner, on(Open, Fault{Err: errNet})).Open(t.Context(), "a"); !errors.Is(err, errNet) {
		t.Errorf("Open = %v, want %v", err, errNet)
	}
	if _, err := NewFaulty(inner, on(Resume, Fault{Err: errNet})).Resume(t.Context(), "a", keepFirst(0)); !errors.Is(err, errNet) {
		t.Errorf("Resume = %v, want %v", err, errNet)
	}
	for after, want := range map[bool]int{false: 0, true: 2} {
		logs, last := 0, error(nil)
		for _, err := range NewFaulty(inner, on(List, Fault{Err: errNet, After: after})).List(t.Context(), "") {
			if last = err; err == nil {
				logs++
			}
		}
		if logs != want || !errors.Is(last, errNet) {
			t.Errorf("List with After %v = %d logs and %v, want %d and %v", after, logs, last, want, errNet)
		}
	}
}

func TestFaultyHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner, release := mem.New(), make(chan struct{})
		w, err := NewFaulty(inner, on(Write, Fault{Hang: release})).Create(t.Context(), "log", storage.About{})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			_, err := w.Write([]byte("late"))
			done <- err
		}()
		synctest.Wait()
		if got := content(inner, "log"); len(got) > 0 {
			t.Errorf("log has %q while the write hangs", got)
		}
		close(release)
		if err := <-done; err != nil || string(content(inner, "log")) != "late" {
			t.Errorf("after the hang: %v, log %q", err, content(inner, "log"))
		}
	})
}
