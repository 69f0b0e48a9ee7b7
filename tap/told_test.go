package tap_test

import (
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/tap"
)

// Whoever is ended since recording fails is told why, whatever they were doing: what it
// was about, a file on the gateway, is not for them.
func TestWhoeverIsEndedIsToldWhy(t *testing.T) {
	stream := func(s event.Stream) func(event.Body) bool {
		return func(b event.Body) bool {
			io, ok := b.(*event.IO)
			return ok && io.Stream == s
		}
	}
	for name, at := range map[string]func(event.Body) bool{
		"the program writes":              stream(event.Stdout),
		"the program writes to its other": stream(event.Stderr),
		"the client writes":               stream(event.Stdin),
		"a channel is asked for":          func(b event.Body) bool { _, ok := b.(*event.NewChannel); return ok },
		"a channel is opened":             func(b event.Body) bool { _, ok := b.(*event.NewChannelSuccessful); return ok },
		"a program is asked for":          func(b event.Body) bool { _, ok := b.(*event.Exec); return ok },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := newMemory()
			failed := false
			sink.fail = func(b event.Body) error { // for good, except for the end
				if failed = failed || at(b); failed {
					if _, end := b.(*event.Disconnect); !end {
						return fmt.Errorf("write /var/lib/secret/place: %w", syscall.ENOSPC)
					}
				}
				return nil
			}
			client, server, err := connect(t, sink, allOn(), passwordServer("right"), passwordClient("right"))
			if err != nil {
				t.Fatal(err)
			}
			go echoServer(server)
			told := ""
			if s, err := client.NewSession(); err != nil {
				told = err.Error()
			} else {
				in, _ := s.StdinPipe() // it is called once
				stderr, _ := s.StderrPipe()
				if s.Start("program") == nil {
					io.WriteString(in, "input") // what comes of it is told
				}
				b, _ := io.ReadAll(stderr)
				told = string(b)
			}
			if !strings.Contains(told, "can't be recorded") || !strings.Contains(told, "no space left on device") || strings.Contains(told, "place") {
				t.Errorf("the client was told %q, want that its session can't be recorded and why", told)
			}
			client.Wait()
		})
	}
}

// informer is a Sink that also says beside Emit that it has failed, and before it.
type informer struct {
	*memory
	failed func(error)
}

func (i *informer) OnFailure(f func(error)) { i.failed = f }

func (i *informer) Emit(channel uint64, body event.Body) error {
	err := i.memory.Emit(channel, body)
	if err != nil {
		i.failed(err)
	}
	return err
}

// A login whose record fails is told why also where the failure is known before Emit returns.
func TestALoginThatCannotBeRecordedIsToldWhyInTime(t *testing.T) {
	sink := &informer{memory: newMemory()}
	sink.fail = func(b event.Body) error {
		if _, login := b.(*event.HandshakeSuccessful); login {
			return syscall.ENOSPC
		}
		return nil
	}
	near, far := pair(t)
	server := passwordServer("right")
	server.AddHostKey(newSigner(t))
	ended := make(chan error, 1)
	go func() {
		_, _, _, err := tap.NewServerConn(far, server, sink, allOn())
		ended <- err
	}()
	config := passwordClient("right")
	config.HostKeyCallback = ssh.InsecureIgnoreHostKey()
	conn, channels, requests, err := ssh.NewClientConn(near, "server", config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ssh.NewClient(conn, channels, requests).NewSession(); err == nil || !strings.Contains(err.Error(), "no space left on device") {
		t.Errorf("NewSession = %v, want a refusal that says why", err)
	}
	conn.Close()
	if err := <-ended; err == nil {
		t.Error("a login passed that is not recorded")
	}
}
