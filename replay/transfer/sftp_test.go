package transfer

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	client "github.com/pkg/sftp"

	"github.com/sshtrail/sshtrail/event"
)

const conn = "019abc0123457def8123456789abcdef"

// tape is events, and what a watch tells of them.
type tape struct {
	mu      sync.Mutex
	events  []event.Event
	actions []*Action
	over    []*Session
}

func (r *tape) add(channel uint64, body event.Body) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, event.Event{Conn: conn, Time: int64(len(r.events)) + 1, Channel: channel, Body: body})
}

// watch has a watch see the events, those of the streams that are recorded.
func (r *tape) watch(input, output bool) {
	r.actions, r.over = nil, nil
	w := New(func(a *Action) { r.actions = append(r.actions, a) }, func(s *Session) { r.over = append(r.over, s) })
	for i := range r.events {
		if b, ok := r.events[i].Body.(*event.IO); ok && (b.Stream == event.Stdin && !input || b.Stream == event.Stdout && !output) {
			continue
		}
		w.Observe(&r.events[i])
	}
	w.Finish()
	if w.names != 0 || len(w.open) != 0 {
		panic(fmt.Sprintf("%d bytes of names and %d sessions are held in the end", w.names, len(w.open)))
	}
}

// told is what was told, without times.
func (r *tape) told() string {
	var b strings.Builder
	for _, a := range r.actions {
		fmt.Fprintf(&b, "%s %s %q", a.By, a.What, a.Path)
		if a.Name != "" {
			fmt.Fprintf(&b, " %q", a.Name)
		}
		fmt.Fprintf(&b, " %d %d", a.Written, a.Read)
		if a.Size != nil {
			fmt.Fprintf(&b, " of %d", *a.Size)
		}
		if a.End == 0 {
			b.WriteString(" open")
		}
		if a.Failed != "" {
			fmt.Fprintf(&b, " failed %q", a.Failed)
		}
		b.WriteByte('\n')
	}
	for _, s := range r.over {
		fmt.Fprintf(&b, "session %s %q %d files %d %d %s\n", s.By, s.Path, s.Files, s.Written, s.Read, s.Lost)
	}
	return b.String()
}

func check(t *testing.T, r *tape, what, want string) {
	t.Helper()
	if got := r.told(); got != strings.TrimPrefix(want, "\n") {
		t.Errorf("%s: told\n%s\nwant\n%s", what, got, want)
	}
}

// recorded is an end of a connection whose bytes go onto a tape first, in pieces.
type recorded struct {
	io.WriteCloser
	tape   *tape
	stream event.Stream
}

func (w recorded) Write(p []byte) (int, error) {
	for i := 0; i < len(p); i += 1000 {
		w.tape.add(0, &event.IO{Stream: w.stream, Data: bytes.Clone(p[i:min(len(p), i+1000)])})
	}
	return w.WriteCloser.Write(p)
}

type ends struct {
	io.Reader
	io.WriteCloser
}

// speak has a client and a server speak SFTP in a folder.
func speak(t *testing.T, use func(c *client.Client, dir string)) *tape {
	t.Helper()
	r := &tape{}
	r.add(0, &event.NewChannel{ChannelType: "session"})
	r.add(0, &event.Subsystem{RequestID: 1, Subsystem: "sftp"})
	toServer, fromClient := io.Pipe()
	toClient, fromServer := io.Pipe()
	server, err := client.NewServer(ends{toServer, recorded{fromServer, r, event.Stdout}})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve() }()
	c, err := client.NewClientPipe(toClient, recorded{fromClient, r, event.Stdin})
	if err != nil {
		t.Fatal(err)
	}
	use(c, t.TempDir())
	fromClient.Close()
	<-served
	fromServer.Close()
	c.Close()
	r.add(0, &event.Close{})
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// useAll does everything that is told.
func useAll(t *testing.T) func(c *client.Client, dir string) {
	return func(c *client.Client, dir string) {
		must(t, os.WriteFile(filepath.Join(dir, "fetched"), bytes.Repeat([]byte("x"), 100_000), 0o600))
		f, err := c.Create(filepath.Join(dir, "sent \xff\x1b"))
		must(t, err)
		_, err = f.Write(bytes.Repeat([]byte("y"), 70_000))
		must(t, err)
		must(t, f.Close())
		f, err = c.Open(filepath.Join(dir, "fetched"))
		must(t, err)
		n, err := io.Copy(io.Discard, f)
		if n != 100_000 {
			t.Fatal(n, err)
		}
		must(t, f.Close())
		if _, err := c.Open(filepath.Join(dir, "missing")); err == nil {
			t.Fatal("a file that is not there was opened")
		}
		must(t, c.Mkdir(filepath.Join(dir, "d")))
		must(t, c.Rename(filepath.Join(dir, "fetched"), filepath.Join(dir, "d/moved")))
		must(t, c.PosixRename(filepath.Join(dir, "d/moved"), filepath.Join(dir, "d/again")))
		must(t, c.Symlink("again", filepath.Join(dir, "d/link")))
		must(t, c.Remove(filepath.Join(dir, "d/link")))
		if err := c.RemoveDirectory(filepath.Join(dir, "d")); err == nil {
			t.Fatal("a folder that is not empty was removed")
		}
	}
}

func TestSFTP(t *testing.T) {
	var folder string
	r := speak(t, func(c *client.Client, dir string) {
		folder = dir
		useAll(t)(c, dir)
	})
	expect := func(s string) string { return strings.ReplaceAll(s, "DIR", folder) }
	r.watch(true, true)
	check(t, r, "both", expect(`
sftp file "DIR/sent \xff\x1b" 70000 0
sftp file "DIR/fetched" 0 100000
sftp file "DIR/missing" 0 0 failed "no such file: open DIR/missing: no such file or directory"
sftp mkdir "DIR/d" 0 0
sftp rename "DIR/fetched" "DIR/d/moved" 0 0
sftp rename "DIR/d/moved" "DIR/d/again" 0 0
sftp symlink "again" "DIR/d/link" 0 0
sftp remove "DIR/d/link" 0 0
sftp rmdir "DIR/d" 0 0 failed "failure: remove DIR/d: directory not empty"
session sftp "" 3 files 70000 100000 
`))
	r.watch(true, false)
	check(t, r, "input", expect(`
sftp file "DIR/sent \xff\x1b" 70000 0
sftp file "DIR/fetched" 0 0
sftp mkdir "DIR/d" 0 0 open
sftp rename "DIR/fetched" "DIR/d/moved" 0 0 open
sftp rename "DIR/d/moved" "DIR/d/again" 0 0 open
sftp symlink "again" "DIR/d/link" 0 0 open
sftp remove "DIR/d/link" 0 0 open
sftp rmdir "DIR/d" 0 0 open
sftp file "DIR/missing" 0 0 open
session sftp "" 3 files 70000 0 
`))
	r.watch(false, true)
	check(t, r, "output", `
session sftp "" 0 files 0 100000 
`)
	r.watch(false, false)
	check(t, r, "neither", `
session sftp "" 0 files 0 0 
`)
}
