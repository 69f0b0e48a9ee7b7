package secrets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage/file"
	"github.com/sshtrail/sshtrail/tap"
)

// asking is a recorded server that asks questions: the gateway's configuration has no
// users of that kind yet.
type asking struct {
	dir      string
	messages *bytes.Buffer // its messages, of every level
	recorder *record.Recorder
}

func newAsking(t *testing.T) *asking {
	t.Helper()
	a := &asking{dir: t.TempDir(), messages: new(bytes.Buffer)}
	if err := os.Mkdir(filepath.Join(a.dir, "logs"), 0o700); err != nil {
		t.Fatal(err)
	}
	store, err := file.New(file.Config{Directory: filepath.Join(a.dir, "logs")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	a.recorder, err = record.Open(context.Background(), record.Config{
		Journal: filepath.Join(a.dir, "journal"), Store: store, Own: &record.Own{Version: "1", Config: strings.Repeat("0", 64)},
		Logger: slog.New(slog.NewTextHandler(a.messages, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// login has a client asked for a password and a code, twice: the first answers are refused.
func (a *asking) login(t *testing.T, passwords bool, answers []string) {
	t.Helper()
	key, err := ssh.ParsePrivateKey(newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	rounds := 0
	config := &ssh.ServerConfig{KeyboardInteractiveCallback: func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		given, err := ask("who", "are you", []string{"Password: ", "Code: "}, []bool{false, false})
		if rounds++; err != nil || len(given) != 2 || rounds == 1 {
			return nil, errors.Join(errors.New("refused"), err)
		}
		return nil, nil
	}}
	config.AddHostKey(key)
	ln, err := net.Listen("tcp", "127.0.0.1:0") // a net.Pipe holds nothing, and both sides write first
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	served := make(chan error, 1)
	go func() { // ends with the client
		far, err := ln.Accept()
		if err != nil {
			served <- err
			return
		}
		conn, channels, requests, err := tap.NewServerConn(far, config, a.recorder.Begin(), tap.Intercept{Passwords: passwords})
		if err == nil {
			go func() {
				for r := range requests {
					r.Reply(false, nil)
				}
			}()
			for n := range channels {
				n.Reject(ssh.Prohibited, "no")
			}
			err = conn.Close()
		}
		served <- err
	}()
	method := ssh.RetryableAuthMethod(ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
		return answers[:len(questions)], nil
	}), 2)
	c, err := ssh.Dial("tcp", ln.Addr().String(), &ssh.ClientConfig{User: "alice", Auth: []ssh.AuthMethod{method}, HostKeyCallback: ssh.FixedHostKey(key.PublicKey())})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if err := <-served; err != nil && !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
	if err := a.recorder.Close(context.Background(), "the end"); err != nil {
		t.Fatal(err)
	}
}

func newKey(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	gatewaytest.WriteKey(t, path)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestAnswersOnRequestOnly is about keyboard-interactive.
func TestAnswersOnRequestOnly(t *testing.T) {
	password, code := newCanary("answer"), canaryOf("code", fmt.Appendf(nil, "%012d", 487_219_306_512))
	for _, passwords := range []bool{false, true} {
		t.Run(fmt.Sprintf("passwords: %v", passwords), func(t *testing.T) {
			a := newAsking(t)
			a.login(t, passwords, []string{password.text, code.text})
			found, given := traces{"messages": a.messages.Bytes()}, 0
			for _, name := range (&gatewaytest.Gateway{Dir: a.dir}).Files(t, "logs") {
				b, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				if !passwords {
					found[name], found[name+", decompressed"] = b, decompressed(b)
				}
				for _, ev := range oracle.ReadFile(t, name).Events {
					if b, ok := ev.Body.(*event.AuthKeyboardInteractiveAnswer); ok {
						for _, answer := range b.Answers {
							given += strings.Count(answer.Answer, password.text) + strings.Count(answer.Answer, code.text)
						}
						if b.AnswersHidden == passwords {
							t.Errorf("answers hidden: %v", b.AnswersHidden)
						}
						b.Answers = nil
					}
					lacks(t, ev.Body, password, code)
				}
			}
			found.lack(t, password, code)
			// Two answers in each of two rounds, in the log of the login and in the gateway's own.
			if want := map[bool]int{true: 8}[passwords]; given != want {
				t.Errorf("%d answers are in the logs, want %d", given, want)
			}
		})
	}
}
