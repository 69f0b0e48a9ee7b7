package docstest

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/codec"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage/mem"
	"github.com/sshtrail/sshtrail/tap"
)

// The functions that the README shows, word for word: see TestReadmeShowsTheseFunctions.

// printOutput prints what the programs of one log printed, then whether the log is whole.
func printOutput(w io.Writer, log io.Reader) error {
	r := codec.NewReader(log)
	for ev, err := range r.Events() {
		if err != nil {
			return err // a *binary.Fault says where the log is damaged, and how
		}
		if out, ok := ev.Body.(*event.IO); ok && out.Stream == event.Stdout {
			fmt.Fprintf(w, "%d %q\n", ev.Time, out.Data)
		}
	}
	_, err := fmt.Fprintln(w, r.Verdict(), r.Digest())
	return err
}

// serve is an SSH server that greets everybody, and is recorded.
func serve(c net.Conn, config *ssh.ServerConfig, rec *record.Recorder) error {
	conn, channels, requests, err := tap.NewServerConn(c, config, rec.Begin(), tap.Intercept{Stdout: true})
	if err != nil {
		return err
	}
	defer conn.Close()
	go tap.Discard(requests)
	for offered := range channels {
		ch, requests, err := offered.Accept()
		if err != nil {
			return err
		}
		go tap.Discard(requests)
		fmt.Fprintf(ch, "hello %s\r\n", conn.User()) // in the log before it is sent
		ch.Close()
	}
	return nil
}

func TestServeAndPrintOutput(t *testing.T) {
	store := mem.New()
	rec, err := record.Open(t.Context(), record.Config{Journal: t.TempDir(), Store: store})
	if err != nil {
		t.Fatal(err)
	}
	greeting := greet(t, rec)
	if err := rec.Close(t.Context(), "done"); err != nil {
		t.Fatal(err)
	}
	if greeting != "hello alice\r\n" {
		t.Errorf("the client got %q, want the greeting", greeting)
	}
	var printed bytes.Buffer
	for info, err := range store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		log, err := store.Open(t.Context(), info.Name)
		if err != nil {
			t.Fatal(err)
		}
		if err := printOutput(&printed, io.NewSectionReader(log, 0, log.Size())); err != nil {
			t.Error(err)
		}
	}
	if got := printed.String(); !strings.Contains(got, `"hello alice\r\n"`) || !strings.Contains(got, "\ncomplete ") {
		t.Errorf("printed %q, want the greeting and the verdict", got)
	}
}

// greet connects a client to serve and returns what it is told.
func greet(t *testing.T, rec *record.Recorder) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	config := serverConfig(t)
	served := make(chan error, 1)
	go func() { // ends when the client has gone
		c, err := ln.Accept()
		if err == nil {
			err = serve(c, config, rec)
		}
		served <- err
	}()
	client, err := ssh.Dial("tcp", ln.Addr().String(), &ssh.ClientConfig{User: "alice", HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	if err != nil {
		t.Fatal(err)
	}
	ch, requests, err := client.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	go ssh.DiscardRequests(requests)
	told, err := io.ReadAll(ch)
	if err != nil {
		t.Error(err)
	}
	client.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
	return string(told)
}

func serverConfig(t *testing.T) *ssh.ServerConfig {
	t.Helper()
	key, err := ssh.NewSignerFromSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(key)
	return config
}

func TestReadmeShowsTheseFunctions(t *testing.T) {
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	shown := readPage(t, "README.md").blocks("go")
	if len(shown) != 2 {
		t.Errorf("README.md has %d blocks of Go, want 2", len(shown))
	}
	for _, b := range shown {
		if !strings.Contains(string(source), "\n"+b.text) {
			t.Errorf("%s is not in internal/docstest/example_test.go word for word:\n%s", b.at, b.text)
		}
	}
}
