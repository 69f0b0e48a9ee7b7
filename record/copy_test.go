package record_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"
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
	"github.com/sshtrail/sshtrail/storage/mem"
	"github.com/sshtrail/sshtrail/storage/storagetest"
)

// outputs is a view: a file for each channel with what was printed, behind the target.
type outputs struct {
	target string
	conn   event.ConnID
	create record.Create
	open   map[uint64]io.WriteCloser
}

func newOutputs(target string, create record.Create) record.View {
	return &outputs{target: target, create: create, open: map[uint64]io.WriteCloser{}}
}

func (o *outputs) Event(ev *event.Event) error {
	o.conn = ev.Conn
	b, ok := ev.Body.(*event.IO)
	if !ok {
		return nil
	}
	w := o.open[ev.Channel]
	if w == nil {
		var err error
		if w, err = o.create(storage.Name(fmt.Sprintf("%s.%d.txt", ev.Conn, ev.Channel)), "text/plain"); err != nil {
			return err
		}
		o.open[ev.Channel] = w
		if _, err := io.WriteString(w, o.target+"\n"); err != nil {
			return err
		}
	}
	_, err := w.Write(b.Data)
	return err
}

func (o *outputs) Finish() error {
	for _, w := range o.open {
		if err := w.Close(); err != nil {
			return err
		}
	}
	return nil
}

// copying has a recorder make two copies: the logs themselves in one store, views in another.
func copying(logs, views storage.Store) func(*record.Config) {
	return func(c *record.Config) {
		c.Copies = []record.Copy{{Name: "logs", Store: logs}, {Name: "views", Store: views, View: newOutputs}}
		c.Own = &record.Own{Version: "test"}
	}
}

// contents returns what a store has, and fails for what is not finished.
func contents(t testing.TB, store storage.Store) map[storage.Name]string {
	t.Helper()
	all := map[storage.Name]string{}
	for info, err := range store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if !info.Finished {
			t.Errorf("%s is not finished", info.Name)
		}
		all[info.Name] = content(t, store, info.Name)
	}
	return all
}

func content(t testing.TB, store storage.Store, name storage.Name) string {
	t.Helper()
	r, err := store.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// storeOn returns the store in a folder, one that fails for a disk that is dead.
func storeOn(t testing.TB, fsys disk.FS, dir string) storage.Store {
	t.Helper()
	store, err := file.New(file.Config{Directory: dir}, fsys)
	if err != nil {
		return storagetest.NewFaulty(mem.New(), func(storagetest.Op, storage.Name) storagetest.Fault { return storagetest.Fault{Err: err} })
	}
	return store
}

// wantCopies holds the copies to the logs.
func wantCopies(t testing.TB, all map[storage.Name]string, copied, views storage.Store) {
	t.Helper()
	got, shown := contents(t, copied), contents(t, views)
	if len(got) != len(all) {
		t.Errorf("%d copies of %d logs", len(got), len(all))
	}
	for name, content := range all {
		if got[name] != content {
			t.Errorf("the copy of %s has %d bytes, which are not the log's %d", name, len(got[name]), len(content))
		}
		r := binary.NewReader(strings.NewReader(content))
		var events []event.Event
		for ev, err := range r.Events() {
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, ev)
		}
		target := ""
		if sum := summaryOf(t, events); sum.Target != nil {
			target = *sum.Target
		}
		view := name + ".0.txt"
		if out := stdout(events); len(out) > 0 {
			if shown[view] != target+"\n"+string(out) {
				t.Errorf("the view of %s has %d bytes, which are not the %d of output behind %q", name, len(shown[view]), len(out), target)
			}
			delete(shown, view)
		}
	}
	if len(shown) > 0 {
		t.Errorf("%d views of nothing", len(shown))
	}
}

// A log is in each place and form when its session has ended, while others go on.
func TestCopies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, copied, views := newDisk(t), mem.New(), mem.New()
		r := mustOpen(t, m, copying(copied, views))
		s := &session{log: r.Begin()}
		s.begin()
		s.log.SetTarget("ssh://host")
		s.output(20, 1000)
		pass(time.Second)
		growing, err := copied.Open(t.Context(), storage.Name(s.log.ID()))
		if err != nil || growing.Size() < 10_000 {
			t.Errorf("while the session goes on, its copy has %v, %v", growing, err)
		}
		s.end()
		pass(time.Second)
		for _, c := range r.Stats().Copies {
			if c.Waiting != 1 || c.Done != 1 && c.Name == "logs" { // the own log goes on
				t.Errorf("after the session: %+v", c)
			}
		}
		mustClose(t, r)
		wantCopies(t, contents(t, storeOn(t, m, logs)), copied, views)
		if entries, err := m.ReadDir(journal); err != nil || len(entries) > 0 {
			t.Errorf("the journal has %v, %v", entries, err)
		}
	})
}

// A process that dies at any call leaves copies that the next one finishes, and no log
// without them.
func TestCopiesOutliveTheProcess(t *testing.T) {
	for k := 0; ; k += 5 {
		over := false
		run(t, fmt.Sprint(k), func(t *testing.T) {
			m := newDisk(t)
			for _, dir := range []string{"/copied", "/views"} {
				if err := m.MkdirAll(dir, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			onDisk := func(c *record.Config) { copying(storeOn(t, c.FS, "/copied"), storeOn(t, c.FS, "/views"))(c) }
			_, died := longPlay(t, m, onDisk, k, faultdisk.Fault{Dies: true, After: k%2 == 0})
			over = !died
			r := mustOpen(t, m, func(c *record.Config) { onDisk(c); c.Logger = slog.New(slog.NewTextHandler(t.Output(), nil)) })
			pass(3 * time.Second)
			mustClose(t, r)
			wantCopies(t, contents(t, storeOn(t, m, logs)), storeOn(t, m, "/copied"), storeOn(t, m, "/views"))
			if entries, err := m.ReadDir(journal); err != nil || len(entries) > 0 {
				t.Errorf("the journal has %v, %v", entries, err)
			}
		})
		if over {
			return
		}
	}
}

// A copy that fails holds up neither the session nor the other copy, is told of once, and is
// made when that works again.
func TestACopyThatFailsHoldsUpNobody(t *testing.T) {
	for _, op := range []storagetest.Op{storagetest.Create, storagetest.Write, storagetest.Commit} {
		run(t, string(op), func(t *testing.T) {
			var fails atomic.Bool
			var told bytes.Buffer
			fails.Store(true)
			m, copied, views := newDisk(t), mem.New(), mem.New()
			broken := storagetest.NewFaulty(views, func(o storagetest.Op, _ storage.Name) storagetest.Fault {
				if o == op && fails.Load() {
					return storagetest.Fault{Err: syscall.EIO}
				}
				return storagetest.Fault{}
			})
			r := mustOpen(t, m, func(c *record.Config) {
				copying(copied, broken)(c)
				c.Logger = slog.New(slog.NewTextHandler(&told, nil))
			})
			s := &session{log: r.Begin()}
			s.begin()
			s.output(20, 1000)
			s.end()
			if s.err != nil {
				t.Errorf("the session met %v", s.err)
			}
			pass(10 * time.Minute)
			if err := r.Ready(); err != nil {
				t.Errorf("ready: %v", err)
			}
			if n := strings.Count(told.String(), "can't be copied"); n != 1 {
				t.Errorf("that was told %d times, want once:\n%s", n, told.String())
			}
			for _, c := range r.Stats().Copies {
				if bad := c.Name == "views"; bad != (c.Err != "") || bad != (c.Failed > 0) || c.Failed > 30 {
					t.Errorf("%+v", c)
				}
			}
			fails.Store(false)
			pass(2 * time.Minute)
			mustClose(t, r)
			wantCopies(t, contents(t, storeOn(t, m, logs)), copied, views)
		})
	}
}

// A log that is kept to be copied only goes when it is in all copies.
func TestALogThatIsThereToBeCopiedGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, copied, views := newDisk(t), mem.New(), mem.New()
		gone := map[storage.Name]string{}
		r := mustOpen(t, m, func(c *record.Config) {
			copying(copied, views)(c)
			c.Discard = func(name storage.Name) error {
				gone[name] = content(t, storeOn(t, m, logs), name)
				return storeOn(t, m, logs).(*file.Store).Remove(t.Context(), name)
			}
		})
		s := &session{log: r.Begin()}
		s.begin()
		s.output(20, 1000)
		s.end()
		mustClose(t, r)
		if left := contents(t, storeOn(t, m, logs)); len(left) != 0 || len(gone) != 2 {
			t.Errorf("%d logs are left and %d were discarded, want none and 2", len(left), len(gone))
		}
		wantCopies(t, gone, copied, views)
	})
}
