package files

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/torture"
)

// TestNoRegularFiles has the commands read what is no file, or is reached in another way.
func TestNoRegularFiles(t *testing.T) {
	dir, log := t.TempDir(), small(t)
	path := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.WriteFile(path("log"), log, 0o600), os.Symlink("log", path("link")), os.Symlink("loop", path("loop")),
		os.Symlink("nothing", path("dangling")), os.Mkdir(path("folder"), 0o700), os.WriteFile(path("empty"), nil, 0o600))
	socket, err := net.Listen("unix", path("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	for _, c := range []struct {
		name   string
		status int
		says   string
	}{
		{"log", 0, ""}, {"link", 0, ""}, {"loop", 1, "too many levels"}, {"dangling", 1, "no file"}, {"folder", 1, "is a folder"},
		{"folder/", 1, "is a folder"}, {"log/", 1, "not a directory"}, {"log/x", 1, "not a directory"}, {"empty", 3, ""}, {"socket", 1, "open"},
		{"../" + filepath.Base(dir) + "/log", 0, ""}, {repeated("x", 300), 1, "name too long"}, {repeated("x/", 3000), 1, "name too long"},
	} {
		for _, command := range []string{"verify", "show", "decode"} {
			r := sshtrail(t, nil, command, dir+"/"+c.name)
			if r.Status != c.status || !strings.Contains(r.errs+r.out, c.says) {
				t.Errorf("sshtrail %s of %.40q ended with status %d, want %d and %q; it said:\n%s", command, c.name, r.Status, c.status, c.says, r.errs)
			}
		}
	}
	// What the kernel makes up has no size, and so nothing to read.
	for name, status := range map[string]int{"/dev/null": 3, "/proc/self/mem": 3, "/proc/self/maps": 3} {
		if r := sshtrail(t, nil, "verify", name); r.Status != status {
			t.Errorf("verify %s ended with status %d, want %d; it said:\n%s%s", name, r.Status, status, r.out, r.errs)
		}
	}
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// slowly gives a byte at a time, which is how little a pipe may have.
type slowly struct{ r io.Reader }

func (s slowly) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), 1)]) }

// TestPipes gives logs, whole and cut, through pipes: the verdict is that of the file.
func TestPipes(t *testing.T) {
	log := small(t)
	for name, c := range map[string]struct {
		log    []byte
		status int
	}{"whole": {log, 0}, "cut": {log[:len(log)-7], 3}, "header": {log[:30], 3}, "nothing": {nil, 3}, "tampered": {append(log[:len(log):len(log)], 0), 4}, "other": {[]byte("x"), 1}} {
		t.Run(name, func(t *testing.T) {
			fifo := filepath.Join(t.TempDir(), "fifo")
			must(t, syscall.Mkfifo(fifo, 0o600))
			for _, command := range []string{"verify", "show", "decode"} {
				if r := sshtrail(t, slowly{bytes.NewReader(c.log)}, command, "-"); r.Status != c.status {
					t.Errorf("%s of a pipe ended with status %d, want %d; it said:\n%s", command, r.Status, c.status, r.errs)
				}
				written := make(chan error, 1)
				go func() { written <- os.WriteFile(fifo, c.log, 0o600) }() // ends with its reader
				r := sshtrail(t, nil, command, fifo)
				if r.Status != c.status {
					t.Errorf("%s of a FIFO ended with status %d, want %d; it said:\n%s", command, r.Status, c.status, r.errs)
				}
				if err := <-written; err != nil && !errors.Is(err, syscall.EPIPE) {
					t.Error(err)
				}
			}
		})
	}
}

// TestAFileThatChanges cuts and lengthens a file while verify reads it, over and over. There is
// no telling what it sees, but it ends, and a log that was cut is not whole.
func TestAFileThatChanges(t *testing.T) {
	rig := torture.New(t)
	log := tiny(t, 4)
	path := filepath.Join(t.TempDir(), "log")
	for round := range rig.Rounds(4) {
		must(t, os.WriteFile(path, log, 0o600))
		p := gatewaytest.Begin(t, exec.Command(os.Getenv(measuredVariable), "verify", path))
		io := "/proc/" + strconv.Itoa(p.Cmd.Process.Pid) + "/io"
		for before := true; before; { // it has begun to read
			b, err := os.ReadFile(io)
			before = err == nil && !hasRead(b, 100<<10)
		}
		must(t, os.Truncate(path, int64(rig.IntN(len(log)))))
		if round%2 == 1 {
			must(t, os.Truncate(path, int64(2*len(log))))
		}
		if status := p.Wait(t); status < 0 || status > 4 || strings.Contains(p.Errs.String(), "goroutine") {
			t.Errorf("verify of a file that is cut ended with status %d; it said:\n%s%s", status, p.Out, p.Errs)
		}
	}
}

// hasRead reports whether /proc/PID/io says that a process has read so much.
func hasRead(b []byte, least int) bool {
	for line := range strings.Lines(string(b)) {
		if n, ok := strings.CutPrefix(line, "rchar: "); ok {
			got, err := strconv.Atoi(strings.TrimSpace(n))
			return err == nil && got >= least
		}
	}
	return false
}

// TestAFolderOfJunk lists a store in which there is everything but logs.
func TestAFolderOfJunk(t *testing.T) {
	dir := t.TempDir()
	id := func(n int) string { return conn[:30] + strconv.Itoa(10+n) }
	path := func(name string) string { return filepath.Join(dir, name) }
	must(t,
		os.WriteFile(path(id(0)), small(t), 0o600),
		os.WriteFile(path(id(1)), nil, 0o600),
		os.WriteFile(path(id(2)), []byte("x\x1b[2J"), 0o600),
		os.WriteFile(path(id(3)+".partial"), small(t), 0o600),
		os.WriteFile(path(id(0)+".partial"), []byte("beside a finished one"), 0o600),
		os.WriteFile(path(id(4)+".partial.partial"), small(t), 0o600),
		os.Symlink("/etc/passwd", path(id(5))),
		os.Symlink(id(6), path(id(6))),
		os.Mkdir(path(id(7)), 0o700),
		os.Mkdir(path(id(8)+".partial"), 0o700),
		syscall.Mkfifo(path(id(9)), 0o600),
		syscall.Mknod(path(id(10)), syscall.S_IFSOCK|0o600, 0),
	)
	for _, name := range []string{".hidden", "..x", "a\nb", "\x1b[2J", "\x1b]52;c;eA==\x07", "\u202eevil", "\xff\xfe", "-", "--help", "-rf", "*", "$(id)", "a b", " ", "CON", "x.metadata.json", "lost+found", repeated("n", 255)} {
		must(t, os.WriteFile(path(name), small(t), 0o600))
	}
	for _, args := range [][]string{{"ls", dir}, {"ls", "--json", dir}, {"ls", "--last", "1", dir}} {
		r := sshtrail(t, nil, args...)
		if r.Status > 1 || !strings.Contains(r.out, "complete") && args[1] != "--last" {
			t.Errorf("sshtrail %q ended with status %d; it said:\n%s%s", args, r.Status, r.out, r.errs)
		}
		for _, n := range []int{5, 6, 7, 8, 9, 10} {
			if strings.Contains(r.out, id(n)) {
				t.Errorf("sshtrail %q lists what is no file: %s", args, r.out)
			}
		}
	}
}
