package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/backend"
	"github.com/sshtrail/sshtrail/internal/bridge"
)

var (
	_ bridge.Target = (*Target)(nil)
	_ ssh.Channel   = (*channel)(nil)
)

// open returns a channel to a host that starts p.
func open(t *testing.T, p *fakeProcess, policy Policy) (*channel, <-chan *ssh.Request, *fakeHost) {
	t.Helper()
	host := &fakeHost{start: func(context.Context, backend.Command) (backend.Process, error) { return p, nil }}
	target := New(host, policy)
	t.Cleanup(func() {
		if err := target.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	ch, requests, err := target.OpenChannel("session", nil)
	if err != nil {
		t.Fatalf("OpenChannel: %v", err)
	}
	return ch.(*channel), requests, host
}

func accept(t *testing.T, c *channel, name string, payload any) {
	t.Helper()
	if ok, err := c.SendRequest(name, true, marshal(payload)); err != nil || !ok {
		t.Fatalf("SendRequest(%s) = %v, %v (%s), want true", name, ok, err, c.LastRefusal())
	}
	if c.LastRefusal() != "" {
		t.Fatalf("LastRefusal() after success = %q", c.LastRefusal())
	}
}

func deny(t *testing.T, c *channel, name string, payload any, why string) {
	t.Helper()
	ok, err := c.SendRequest(name, true, marshal(payload))
	if err != nil || ok {
		t.Fatalf("SendRequest(%s) = %v, %v, want a refusal", name, ok, err)
	}
	if !strings.Contains(c.LastRefusal(), why) {
		t.Fatalf("LastRefusal() after %s = %q, want %q in it", name, c.LastRefusal(), why)
	}
}

func marshal(payload any) []byte {
	switch p := payload.(type) {
	case nil:
		return nil
	case []byte:
		return p
	}
	return ssh.Marshal(payload)
}

func TestProgramToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFakeProcess()
		c, requests, host := open(t, p, Policy{})
		accept(t, c, "exec", execRequest{"make all"})
		if got := host.commands[0]; got.Kind != backend.Exec || got.Program != "make all" || got.PTY != nil {
			t.Errorf("command = %+v", got)
		}
		go func() { _, _ = c.Write([]byte("in")); _ = c.CloseWrite() }()
		if in, err := io.ReadAll(p.stdin); string(in) != "in" || err != nil {
			t.Errorf("stdin = %q, %v, want in", in, err)
		}
		p.exit <- backend.Exit{Status: 3}
		go func() { _, _ = p.stdout.Write([]byte("out")); _ = p.stdout.Close() }()
		go func() { _, _ = p.stderr.Write([]byte("err")); _ = p.stderr.Close() }()
		if out, err := io.ReadAll(c); string(out) != "out" || err != nil {
			t.Errorf("stdout = %q, %v, want out", out, err)
		}
		synctest.Wait()
		select {
		case r := <-requests:
			t.Fatalf("request %v before stderr was read", r)
		default:
		}
		if out, err := io.ReadAll(c.Stderr()); string(out) != "err" || err != nil {
			t.Errorf("stderr = %q, %v, want err", out, err)
		}
		r := <-requests
		if r == nil || r.Type != "exit-status" || r.WantReply || !bytes.Equal(r.Payload, []byte{0, 0, 0, 3}) {
			t.Errorf("request = %+v, want exit-status 3", r)
		}
		if r, more := <-requests; more {
			t.Errorf("request %v after exit-status", r)
		}
		synctest.Wait()
		if p.closings != 1 {
			t.Errorf("the process was closed %d times, want once", p.closings)
		}
		if _, err := c.Write([]byte("x")); err != io.EOF {
			t.Errorf("Write after the end = %v, want EOF", err)
		}
		if _, err := c.SendRequest("signal", true, nil); err != io.EOF {
			t.Errorf("SendRequest after the end = %v, want EOF", err)
		}
		if err := c.Close(); err != io.EOF {
			t.Errorf("Close after the end = %v, want EOF", err)
		}
	})
}

func TestExitWaitsForTheProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFakeProcess()
		c, requests, _ := open(t, p, Policy{})
		accept(t, c, "shell", nil)
		_ = p.stdout.Close()
		_ = p.stderr.Close()
		go func() { _, _ = io.Copy(io.Discard, c) }()
		go func() { _, _ = io.Copy(io.Discard, c.Stderr()) }()
		synctest.Wait()
		select {
		case r := <-requests:
			t.Fatalf("request %v while the program runs", r)
		default:
		}
		p.exit <- backend.Exit{Signal: "SEGV", CoreDumped: true}
		r := <-requests
		var got exitSignal
		if r == nil || r.Type != "exit-signal" || ssh.Unmarshal(r.Payload, &got) != nil || got != (exitSignal{Name: "SEGV", CoreDumped: true}) {
			t.Errorf("request = %+v, want exit-signal SEGV with core", r)
		}
	})
}

func TestExitSignalWithoutName(t *testing.T) {
	var got exitSignal
	if err := ssh.Unmarshal(exitRequest(backend.Exit{Signal: "BUS"}).Payload, &got); err != nil || got.Name != "BUS@sshtrail" {
		t.Errorf("signal = %+v, %v, want BUS@sshtrail (RFC 4254 §6.10)", got, err)
	}
}

// A client may send all it has without waiting for replies.
func TestInputBeforeTheProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFakeProcess()
		c, _, _ := open(t, p, Policy{})
		go func() { _, _ = c.Write([]byte("early")) }()
		synctest.Wait()
		accept(t, c, "shell", nil)
		buf := make([]byte, 5)
		if _, err := io.ReadFull(p.stdin, buf); string(buf) != "early" || err != nil {
			t.Errorf("stdin = %q, %v, want early", buf, err)
		}
	})
}

func TestEOFBeforeTheProgram(t *testing.T) {
	p := newFakeProcess()
	c, _, _ := open(t, p, Policy{})
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	accept(t, c, "shell", nil)
	if in, err := io.ReadAll(p.stdin); len(in) != 0 || err != nil {
		t.Errorf("stdin = %q, %v, want its end", in, err)
	}
	if _, err := c.Write([]byte("x")); err != io.EOF {
		t.Errorf("Write after CloseWrite = %v, want EOF", err)
	}
}

// What a program doesn't read any more is no reason to end it.
func TestInputNobodyWants(t *testing.T) {
	p := newFakeProcess()
	c, _, _ := open(t, p, Policy{})
	accept(t, c, "shell", nil)
	_ = p.stdin.Close()
	if n, err := c.Write([]byte("xyz")); n != 3 || err != nil {
		t.Errorf("Write = %d, %v, want 3", n, err)
	}
	if c.ctx.Err() != nil {
		t.Error("the channel was closed")
	}
}

func TestTerminal(t *testing.T) {
	p := newFakeProcess()
	p.streams.Stderr = nil
	c, _, host := open(t, p, Policy{})
	deny(t, c, "window-change", windowRequest{1, 2, 3, 4}, "no terminal")
	modes := []byte{53, 0, 0, 0, 1, 0}
	accept(t, c, "pty-req", ptyRequest{Term: "xterm", Columns: 80, Rows: 24, Width: 640, Height: 480, Modes: modes})
	deny(t, c, "pty-req", ptyRequest{Term: "xterm"}, "already")
	accept(t, c, "window-change", windowRequest{100, 30, 0, 0})
	accept(t, c, "shell", nil)
	got := host.commands[0].PTY
	if got == nil || got.Term != "xterm" || got.Size != (backend.Size{Columns: 100, Rows: 30}) || !bytes.Equal(got.Modes, modes) {
		t.Errorf("pty = %+v, want xterm of 100x30 with modes", got)
	}
	accept(t, c, "window-change", windowRequest{132, 50, 7, 8})
	if want := (backend.Size{Columns: 132, Rows: 50, Width: 7, Height: 8}); len(p.sizes) != 1 || p.sizes[0] != want {
		t.Errorf("sizes = %v, want %v", p.sizes, want)
	}
	accept(t, c, "break", breakRequest{500})
	accept(t, c, "signal", signalRequest{"INT"})
	if !slices.Equal(p.signals, []string{"INT"}) {
		t.Errorf("signals = %v, want INT", p.signals)
	}
	if _, err := c.Stderr().Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("stderr of a terminal: %v, want EOF", err)
	}
}

func TestRefused(t *testing.T) {
	tests := []struct {
		name    string
		payload any
		why     string
	}{
		{"env", []byte{0, 0, 0, 9, 'x'}, "malformed"},
		{"env", append(ssh.Marshal(envRequest{"LANG", "C"}), 0), "malformed"},
		{"env", envRequest{"PATH", "/tmp"}, "not among"},
		{"env", envRequest{"LC_\n", "C"}, "not a name"},
		{"env", envRequest{"LC_A=B", "C"}, "not a name"},
		{"env", envRequest{"", "C"}, "not a name"},
		{"env", envRequest{"1LANG", "C"}, "not a name"},
		{"env", envRequest{"LC_ALL", "C\x00"}, "NUL"},
		{"env", envRequest{"LC_ALL", strings.Repeat("x", maxEnvBytes)}, "at most"},
		{"pty-req", []byte("x"), "malformed"},
		{"pty-req", ptyRequest{Term: "x\x1b[2J"}, "terminal"},
		{"pty-req", ptyRequest{Term: strings.Repeat("x", maxTerm+1)}, "terminal"},
		{"pty-req", ptyRequest{Term: "x", Modes: []byte{1, 0, 0, 0}}, "cut off"},
		{"shell", []byte{0}, "malformed"},
		{"exec", nil, "malformed"},
		{"exec", execRequest{"a\x00b"}, "NUL"},
		{"subsystem", []byte{0, 0, 0, 1}, "malformed"},
		{"window-change", []byte{1}, "malformed"},
		{"signal", []byte{1}, "malformed"},
		{"signal", signalRequest{"STOP"}, "not known"},
		{"signal", signalRequest{"TERM"}, "no program"},
		{"break", []byte{1}, "malformed"},
		{"break", breakRequest{1}, "no terminal"},
		{"auth-agent-req@openssh.com", nil, "offers no"},
		{"x11-req", nil, "offers no"},
		{"x\r\ny", nil, `"x\r\ny" is not known`},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%q", tt.name), func(t *testing.T) {
			c, _, host := open(t, newFakeProcess(), Policy{Env: []string{"LANG", "LC_*"}})
			deny(t, c, tt.name, tt.payload, tt.why)
			accept(t, c, "shell", nil) // it did no harm
			if cmd := host.commands[0]; len(cmd.Env) != 0 || cmd.PTY != nil {
				t.Errorf("command after the refusal = %+v", cmd)
			}
		})
	}
}

func TestRefusedOnceItRuns(t *testing.T) {
	c, _, host := open(t, newFakeProcess(), Policy{Env: []string{"*"}})
	accept(t, c, "subsystem", subsystemRequest{"sftp"})
	deny(t, c, "shell", nil, "already")
	deny(t, c, "exec", execRequest{"id"}, "already")
	deny(t, c, "subsystem", subsystemRequest{"sftp"}, "already")
	deny(t, c, "env", envRequest{"A", "b"}, "too late")
	deny(t, c, "pty-req", ptyRequest{Term: "x"}, "too late")
	deny(t, c, "window-change", windowRequest{}, "no terminal")
	if len(host.commands) != 1 {
		t.Errorf("%d programs were started, want 1", len(host.commands))
	}
}

func TestEnv(t *testing.T) {
	c, _, host := open(t, newFakeProcess(), Policy{Env: []string{"LC_*", "LANG"}})
	accept(t, c, "env", envRequest{"LANG", "C"})
	accept(t, c, "env", envRequest{"LC_ALL", "de"})
	accept(t, c, "env", envRequest{"LANG", "en"})
	for i := range maxEnv - 2 {
		accept(t, c, "env", envRequest{fmt.Sprintf("LC_%d", i), ""})
	}
	deny(t, c, "env", envRequest{"LC_X", ""}, "at most 128")
	accept(t, c, "shell", nil)
	if got := host.commands[0].Env; len(got) != maxEnv || !slices.Contains(got, "LANG=en") || slices.Contains(got, "LANG=C") {
		t.Errorf("env = %v", got)
	}
}

func TestPolicyValidate(t *testing.T) {
	if err := (Policy{Env: []string{"LC_*", "L?NG"}}).Validate(); err != nil {
		t.Errorf("Validate = %v", err)
	}
	for _, bad := range []string{"", "[a"} {
		if err := (Policy{Env: []string{bad}}).Validate(); err == nil {
			t.Errorf("Validate(%q) = nil, want an error", bad)
		}
	}
}

func TestOtherChannels(t *testing.T) {
	target := New(&fakeHost{}, Policy{})
	for name, want := range map[string]ssh.RejectionReason{
		"direct-tcpip": ssh.Prohibited,
		"x@y":          ssh.UnknownChannelType,
	} {
		_, _, err := target.OpenChannel(name, nil)
		var refused *ssh.OpenChannelError
		if !errors.As(err, &refused) || refused.Reason != want {
			t.Errorf("OpenChannel(%s) = %v, want reason %v", name, err, want)
		}
	}
	if _, _, err := target.OpenChannel("session", []byte{0}); err == nil {
		t.Error("OpenChannel with data = nil, want an error")
	}
	if ok, _, err := target.SendRequest("tcpip-forward", true, nil); ok || err != nil {
		t.Errorf("SendRequest = %v, %v, want a refusal", ok, err)
	}
	if err := target.Close(); err != nil {
		t.Error(err)
	}
	if _, _, err := target.OpenChannel("session", nil); err == nil {
		t.Error("OpenChannel after Close = nil, want an error")
	}
}
