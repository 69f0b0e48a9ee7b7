package session_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os/exec"
	"os/user"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/backend"
	"github.com/sshtrail/sshtrail/internal/backend/local"
	"github.com/sshtrail/sshtrail/internal/session"
)

// join is the least that joins a client's channel to one of a target.
func join(client ssh.Channel, asked <-chan *ssh.Request, target ssh.Channel, told <-chan *ssh.Request) {
	go func() {
		for r := range asked {
			ok, _ := target.SendRequest(r.Type, r.WantReply, r.Payload)
			_ = r.Reply(ok, nil)
		}
		_ = target.Close()
	}()
	go func() { _, _ = io.Copy(target, client); _ = target.CloseWrite() }()
	var output sync.WaitGroup
	output.Go(func() { _, _ = io.Copy(client, target) })
	output.Go(func() { _, _ = io.Copy(client.Stderr(), target.Stderr()) })
	go func() {
		for r := range told {
			output.Wait()
			_, _ = client.SendRequest(r.Type, false, r.Payload)
		}
		_ = client.Close()
	}()
}

// listen serves local programs to whoever comes, and returns a port.
func listen(t *testing.T, name string) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(signer)
	programs, err := local.New(local.Config{Shell: "/bin/sh"})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); served.Wait() })
	served.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			served.Go(func() {
				conn, channels, requests, err := ssh.NewServerConn(c, config)
				if err != nil {
					return
				}
				go ssh.DiscardRequests(requests)
				host, err := programs.Connect(t.Context(), backend.Client{Username: name})
				if err != nil {
					t.Errorf("Connect: %v", err)
					_ = conn.Close()
					return
				}
				target := session.New(host, session.Policy{Env: []string{"LC_*"}})
				for n := range channels {
					ch, told, err := target.OpenChannel(n.ChannelType(), n.ExtraData())
					if err != nil {
						_ = n.Reject(ssh.Prohibited, err.Error())
						continue
					}
					if client, asked, err := n.Accept(); err == nil {
						join(client, asked, ch, told)
					}
				}
				if err := target.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
		}
	})
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// The client that most people have does with a session what it does with sshd's.
func TestOpenSSH(t *testing.T) {
	client, err := exec.LookPath("ssh")
	if err != nil {
		t.Fatalf("this test needs OpenSSH's client: install openssh-client (%v)", err)
	}
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	port := listen(t, u.Username)
	large := strings.Repeat("0123456789abcdef", 1<<17)
	for name, tt := range map[string]struct {
		options        []string
		script, input  string
		stdout, stderr string
		status         int
	}{
		"status":     {script: "echo out; echo err >&2; exit 42", stdout: "out\n", stderr: "err\n", status: 42},
		"large":      {script: "cat", input: large, stdout: large},
		"unread":     {script: "exec <&-; sleep 0.1; echo done", input: large, stdout: "done\n"},
		"signal":     {script: "kill -KILL $$", status: 255},
		"terminal":   {options: []string{"-tt"}, script: "tty >/dev/null && echo yes; exit 3", stdout: "yes\r\n", status: 3},
		"variables":  {options: []string{"-o", "SetEnv=LC_X=y"}, script: "echo $LC_X", stdout: "y\n"},
		"no program": {script: "no-such-program 2>/dev/null", status: 127},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"-F", "none", "-p", port, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
				"-o", "LogLevel=ERROR", "-o", "BatchMode=yes"}, tt.options...)
			cmd := exec.Command(client, append(args, u.Username+"@127.0.0.1", tt.script)...)
			var stdout, stderr bytes.Buffer
			cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(tt.input), &stdout, &stderr
			status := 0
			var exit *exec.ExitError
			if err := cmd.Run(); errors.As(err, &exit) {
				status = exit.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			if stdout.String() != tt.stdout || (tt.stderr != "" && stderr.String() != tt.stderr) || status != tt.status {
				t.Errorf("ssh: %d bytes %.100q, stderr %q, status %d, want %d bytes %.100q, %q, %d",
					stdout.Len(), stdout.String(), stderr.String(), status, len(tt.stdout), tt.stdout, tt.stderr, tt.status)
			}
		})
	}
}
