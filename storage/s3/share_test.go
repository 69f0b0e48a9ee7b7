package s3

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
	"github.com/sshtrail/sshtrail/internal/s3test/hostile"
	"github.com/sshtrail/sshtrail/storage"
)

// TestTwoProcessesShareASpool, as while one takes over from the other: each log is uploaded once, whoever has finished it, also
// when that one ends before it could.
func TestTwoProcessesShareASpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, m := newServer(nil), newDisk(t)
		first := newStore(t, testConfig(server), faultdisk.NewProcess(m, nil), nil)
		held := create(t, first, "held")
		write(t, held, pattern(3*partSize))
		second := newStore(t, testConfig(server), faultdisk.NewProcess(m, nil), nil)
		server.Plan(hostile.All(hostile.Refuse(503, "SlowDown")))
		for i := range 20 {
			finish(t, []*Store{first, second}[i%2], storage.Name(fmt.Sprint("log", i)), pattern(i*partSize))
			if _, err := []*Store{second, first}[i%2].Create(t.Context(), storage.Name(fmt.Sprint("log", i)), storage.About{}); err == nil {
				t.Errorf("log%d was created twice", i)
			}
		}
		waitABit() // both know of all
		server.Plan(nil)
		waitABit()
		commit(t, held)
		closed(t, first)
		waitABit() // the second finds what the first has left
		drained(t, second)
		for i := range 20 {
			wantObject(t, "at the end", server, fmt.Sprint("log", i), pattern(i*partSize))
		}
		wantObject(t, "at the end", server, "held", pattern(3*partSize))
		wantEmpty(t, "at the end", m)
		if open := server.Uploads(); len(open) > 0 {
			t.Errorf("uploads are left open: %v", open)
		}
	})
}

// TestALogIsCutWhilePartsAreOnTheirWay: what comes in their place is what is in the object, also if the
// store does late what it was asked for before.
func TestALogIsCutWhilePartsAreOnTheirWay(t *testing.T) {
	for cut := range 4*partSize + 1 {
		synctest.Test(t, func(t *testing.T) {
			server, m := newServer(nil), newDisk(t)
			server.Plan(func(r hostile.Request) *hostile.Fault {
				if r.Op == hostile.UploadPart && r.N > 1 && r.N < 5 {
					return hostile.HangDone()
				}
				return nil
			})
			s := newStore(t, testConfig(server), m, nil)
			w := create(t, s, "log")
			write(t, w, pattern(4*partSize))
			synctest.Wait()
			w.Close()
			w = resume(t, s, "log", int64(cut))
			want := append(pattern(cut), bytes.Repeat([]byte("|"), 5*partSize+3-cut)...)
			write(t, w, want[cut:])
			commit(t, w)
			drained(t, s)
			wantObject(t, fmt.Sprint("cut after ", cut), server, "log", want)
			wantEmpty(t, fmt.Sprint("cut after ", cut), m)
		})
	}
}

// TestTenThousandLogsAtTheStart cost no more than their names, until it is their turn.
func TestTenThousandLogsAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const logs = 10_000
		server, m := newServer(nil), newDisk(t)
		server.Plan(hostile.All(hostile.Refuse(503, "SlowDown")))
		for i := range logs {
			put := func(name, content string) {
				f, err := m.OpenFile("/spool/"+name, os.O_WRONLY|os.O_CREATE, 0o600)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.WriteString(f, content); err != nil {
					t.Fatal(err)
				}
				f.Close()
			}
			name := fmt.Sprintf("log%05d", i)
			put(name, "x")
			put(name+stateSuffix, `{"log":{"version":1,"key":"`+name+`","partSize":64}}`+"\n")
		}
		process := faultdisk.NewProcess(m, nil)
		s := newStore(t, testConfig(server), process, nil)
		synctest.Wait()
		opened := 0
		for _, c := range process.Calls() {
			if c.Op == faultdisk.Open {
				opened++
			}
		}
		if n := s.Stats().Waiting; n != logs || opened > 20 || process.Open() > 8 { // of 4 at work, log and state
			t.Errorf("%d logs wait, %d files were opened, %d are open", n, opened, process.Open())
		}
		closed(t, s)
	})
}

// TestWhatIsNotTheGatewaysStays: files in the spool that are no logs of it, and links, are neither uploaded nor removed.
func TestWhatIsNotTheGatewaysStays(t *testing.T) {
	server, dir, said := newServer(nil), t.TempDir(), newJournal()
	keep := []string{"passwd", "notes.txt", "id.metadata.json", ".hidden", "old.partial", "link", "empty.upload.bak"}
	for _, name := range keep {
		if name == "link" {
			if err := os.Symlink("/etc/passwd", filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := testConfig(server)
	cfg.Local = dir
	s := newStore(t, cfg, disk.OS{}, said.logger())
	finish(t, s, "log", nil)
	drained(t, s)
	if keys := server.Keys(); len(keys) != 1 {
		t.Errorf("the bucket has %q", keys)
	}
	for _, name := range keep {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if got := said.lines(); len(got) != 1 || !strings.Contains(got[0], "are not the gateway's, and are left as they are") {
		t.Errorf("the store said %q", got)
	}
}

// TestTheSpoolIsTidied of what processes have left that died, of states without a log, and of names that are old.
func TestTheSpoolIsTidied(t *testing.T) {
	dir := t.TempDir()
	old, new := time.Now().Add(-8*24*time.Hour), time.Now().Add(-time.Minute)
	line := string(encode((&progress{key: "k"}).changes()))
	proved := string(encode((&progress{key: "k", proved: true}).changes()))
	for _, f := range []struct {
		name, content string
		at            time.Time
	}{
		{".a" + stateSuffix, "", old}, {".b" + partialSuffix, "", old}, {holesName, "", old}, {".new" + stateSuffix, "", new},
		{"gone" + stateSuffix, line, new}, {"torn" + stateSuffix, "{", new}, {"proved" + stateSuffix, proved, new},
		{"past" + doneSuffix, "", old}, {"lately" + doneSuffix, "", new},
	} {
		path := filepath.Join(dir, f.name)
		if err := os.WriteFile(path, []byte(f.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, f.at, f.at); err != nil {
			t.Fatal(err)
		}
	}
	cfg := testConfig(newServer(nil))
	cfg.Local = dir
	s := newStore(t, cfg, disk.OS{}, nil)
	drained(t, s)
	var left []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if got, want := strings.Join(left, " "), ".new.upload lately.done proved.done"; got != want {
		t.Errorf("the spool has %s, want %s", got, want)
	}
}
