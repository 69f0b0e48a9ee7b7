package tap_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/tap"
)

func newSigner(t *testing.T) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pair returns both ends of a TCP connection on the loopback.
func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if client, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

type serverEnd struct {
	conn     *tap.Conn
	channels iter.Seq[*tap.NewChannel]
	requests iter.Seq[*tap.Request]
	err      error
}

// connect joins an x/crypto client to a tapped server.
func connect(t *testing.T, sink tap.Sink, intercept tap.Intercept, server *ssh.ServerConfig, client *ssh.ClientConfig) (*ssh.Client, serverEnd, error) {
	t.Helper()
	near, far := pair(t)
	server.AddHostKey(newSigner(t))
	client.HostKeyCallback = ssh.InsecureIgnoreHostKey()
	ends := make(chan serverEnd, 1)
	go func() {
		var e serverEnd
		e.conn, e.channels, e.requests, e.err = tap.NewServerConn(far, server, sink, intercept)
		ends <- e
	}()
	conn, channels, requests, err := ssh.NewClientConn(near, "server", client)
	if err != nil {
		near.Close()
	}
	e := <-ends
	if err != nil {
		return nil, e, err
	}
	return ssh.NewClient(conn, channels, requests), e, nil
}

func passwordServer(right string) *ssh.ServerConfig {
	return &ssh.ServerConfig{PasswordCallback: func(_ ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) {
		if string(p) != right {
			return nil, errors.New("wrong password")
		}
		return nil, nil
	}}
}

func passwordClient(p string) *ssh.ClientConfig {
	return &ssh.ClientConfig{User: "alice", Auth: []ssh.AuthMethod{ssh.Password(p)}}
}

// echoServer serves sessions: env is refused with a reason, other requests are
// accepted; exec sends standard input back on both outputs and exits with 7.
func echoServer(e serverEnd) {
	defer e.conn.Close()
	go tap.Discard(e.requests)
	for n := range e.channels {
		if n.ChannelType() != "session" {
			n.Reject(ssh.Prohibited, "no forwarding")
			continue
		}
		ch, requests, err := n.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range requests {
				switch r.Type {
				case "env":
					r.Refuse("not on the list")
				case "exec":
					r.Reply(true, nil)
					go echo(ch)
				default:
					r.Reply(true, nil)
				}
			}
		}()
	}
}

func echo(ch *tap.Channel) {
	io.Copy(io.MultiWriter(ch, ch.Stderr()), ch)
	ch.CloseWrite()
	ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{7}))
	ch.Close()
}

func allOn() tap.Intercept {
	return tap.Intercept{Stdin: true, Stdout: true, Stderr: true, Passwords: true, Forwarding: true}
}

func TestASessionIsRecordedExactly(t *testing.T) {
	sink := newMemory()
	client, server, err := connect(t, sink, allOn(), passwordServer("right"), passwordClient("right"))
	if err != nil {
		t.Fatal(err)
	}
	go echoServer(server)
	sent := make([]byte, 3<<20) // more than a window (RFC 4254 §5.2)
	rand.Read(sent)
	got, errOut := runExec(t, client, "cat", sent)
	client.Close()
	sink.await(t, "the end", func() bool { return sink.ended })

	for name, stream := range map[string]string{
		"stdin": sink.stream(0, event.Stdin), "stdout": sink.stream(0, event.Stdout), "stderr": sink.stream(0, event.Stderr),
	} {
		if stream != string(sent) {
			t.Errorf("recorded %s has %d bytes, other than the %d that were sent", name, len(stream), len(sent))
		}
	}
	if !bytes.Equal(got, sent) || !bytes.Equal(errOut, sent) {
		t.Errorf("client got %d and %d bytes, other than the %d that it sent", len(got), len(errOut), len(sent))
	}
	closed := find[*event.Close](sink)
	if len(closed) != 1 || closed[0].Received != uint64(len(sent)) || closed[0].Sent != uint64(2*len(sent)) {
		t.Errorf("close events %+v, want one with received %d, sent %d", closed, len(sent), 2*len(sent))
	}
	end := find[*event.Disconnect](sink)
	if len(end) != 1 || end[0].By != event.ByClient {
		t.Errorf("disconnect events %+v, want one, by the client", end)
	}
}

func runExec(t *testing.T, client *ssh.Client, program string, stdin []byte) (stdout, stderr []byte) {
	t.Helper()
	s, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Setenv("LANG", "C"); err == nil {
		t.Error("the server accepted env, and should not have")
	}
	var out, errOut bytes.Buffer
	s.Stdin, s.Stdout, s.Stderr = bytes.NewReader(stdin), &out, &errOut
	var exit *ssh.ExitError
	if err := s.Run(program); !errors.As(err, &exit) || exit.ExitStatus() != 7 {
		t.Errorf("Run = %v, want exit status 7", err)
	}
	return out.Bytes(), errOut.Bytes()
}

func TestTheEventsOfASession(t *testing.T) {
	sink := newMemory()
	client, server, err := connect(t, sink, allOn(), passwordServer("right"), passwordClient("right"))
	if err != nil {
		t.Fatal(err)
	}
	go echoServer(server)
	runExec(t, client, "caf\xe9", nil)
	client.Close()
	sink.await(t, "the end", func() bool { return sink.ended })
	want := []string{"Connect", "AuthNone", "AuthPassword", "AuthPasswordSuccessful", "HandshakeSuccessful",
		"NewChannel", "NewChannelSuccessful", "SetEnv", "RequestFailed", "Exec", "RequestAccepted"}
	var got []string
	for _, l := range sink.lines[:min(len(want), len(sink.lines))] {
		got = append(got, strings.Fields(l)[0])
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("events begin with\n%v, want\n%v", got, want)
	}
	if e := find[*event.Exec](sink); len(e) != 1 || e[0].Program != "caf\xe9" || e[0].RequestID != 1 {
		t.Errorf("exec events %+v, want the program's very bytes", e)
	}
	if f := find[*event.RequestFailed](sink); len(f) != 1 || f[0].Reason != "not on the list" {
		t.Errorf("refusals %+v, want one with the reason", f)
	}
	if e := find[*event.Exit](sink); len(e) != 1 || e[0].ExitStatus != 7 {
		t.Errorf("exit events %+v, want status 7", e)
	}
	if c := find[*event.Connect](sink); len(c) != 1 || c[0].RemoteAddr != "127.0.0.1" || c[0].RemotePort == 0 || c[0].LocalPort == 0 {
		t.Errorf("connect events %+v, want the addresses and ports", c)
	}
	h := find[*event.HandshakeSuccessful](sink)
	if len(h) != 1 || h[0].Username != "alice" || h[0].ClientVersion != "SSH-2.0-Go" || h[0].Kex == "" || h[0].HostKey != "ssh-ed25519" || h[0].CipherIn == "" {
		t.Errorf("handshake events %+v, want the user, the client's version and the algorithms", h)
	}
}

// D1, D2, D5: each switch by itself; what is off never reaches the sink, but its size does.
func TestEachInterceptIsItsOwn(t *testing.T) {
	for _, on := range []string{"stdin", "stdout", "stderr", "passwords", "nothing"} {
		t.Run(on, func(t *testing.T) {
			sink := newMemory()
			i := tap.Intercept{Stdin: on == "stdin", Stdout: on == "stdout", Stderr: on == "stderr", Passwords: on == "passwords"}
			client, server, err := connect(t, sink, i, passwordServer("canary-password"), passwordClient("canary-password"))
			if err != nil {
				t.Fatal(err)
			}
			go echoServer(server)
			runExec(t, client, "cat", []byte("canary-bytes"))
			client.Close()
			sink.await(t, "the end", func() bool { return sink.ended })
			for s, name := range []string{"stdin", "stdout", "stderr"} {
				want, skipped := "", uint64(len("canary-bytes"))
				if on == name {
					want, skipped = "canary-bytes", 0
				}
				if got := sink.stream(0, event.Stream(s)); got != want {
					t.Errorf("recorded %s = %q, want %q", name, got, want)
				}
				if got := sink.skipped[fmt.Sprintf("0/%d", s)]; got != skipped {
					t.Errorf("skipped of %s = %d, want %d", name, got, skipped)
				}
			}
			if got := strings.Contains(sink.String(), fmt.Sprint([]byte("canary-password"))); got != (on == "passwords") {
				t.Errorf("the password is in the record: %v, want %v", got, on == "passwords")
			}
		})
	}
}

// Promise 1: what cannot be recorded does not pass, in either direction.
func TestNothingPassesUnrecorded(t *testing.T) {
	full := errors.New("disk full")
	for _, what := range []string{"input", "output", "request", "channel"} {
		t.Run(what, func(t *testing.T) {
			sink := newMemory()
			sink.fail = func(b event.Body) error {
				switch b := b.(type) {
				case *event.IO:
					if what == "input" && b.Stream == event.Stdin || what == "output" && b.Stream == event.Stdout {
						return full
					}
				case *event.Exec:
					if what == "request" {
						return full
					}
				case *event.NewChannel:
					if what == "channel" {
						return full
					}
				}
				return nil
			}
			client, server, err := connect(t, sink, allOn(), passwordServer("right"), passwordClient("right"))
			if err != nil {
				t.Fatal(err)
			}
			var passed bytes.Buffer
			served := make(chan struct{})
			go func() { serveUntilEnd(server, &passed); close(served) }()
			out := tryEcho(client)
			sink.await(t, "the end", func() bool { return sink.ended })
			<-served
			if out != "" && what != "input" {
				t.Errorf("the client got %q unrecorded", out)
			}
			if passed.Len() > 0 && what == "input" {
				t.Errorf("the program got %q unrecorded", passed.String())
			}
			d := find[*event.Disconnect](sink)
			if len(d) != 1 || d[0].By != event.ByGateway || !strings.Contains(d[0].Reason, "disk full") {
				t.Errorf("disconnects %+v, want one by the gateway that says why", d)
			}
		})
	}
}

// serveUntilEnd runs one program that prints a line and keeps what it reads.
func serveUntilEnd(e serverEnd, passed *bytes.Buffer) {
	defer e.conn.Close()
	go tap.Discard(e.requests)
	for n := range e.channels {
		ch, requests, err := n.Accept()
		if err != nil {
			return
		}
		for r := range requests {
			r.Reply(true, nil)
			if r.Type == "exec" {
				ch.Write([]byte("secret output"))
				io.Copy(passed, ch)
				ch.Close()
			}
		}
	}
}

func tryEcho(client *ssh.Client) string {
	s, err := client.NewSession()
	if err != nil {
		return ""
	}
	s.Stdin = strings.NewReader("input")
	out, _ := s.Output("program")
	return string(out)
}

func TestMalformedRequestsAreRefusedAndRecorded(t *testing.T) {
	sink := newMemory()
	client, server, err := connect(t, sink, allOn(), passwordServer("right"), passwordClient("right"))
	if err != nil {
		t.Fatal(err)
	}
	go echoServer(server)
	ch, requests, err := client.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	go ssh.DiscardRequests(requests)
	for name, payload := range map[string][]byte{"exec": {0, 0, 0, 9, 'x'}, "pty-req": {1, 2}, "env": {}, "shell": []byte("trailing")} {
		if ok, err := ch.SendRequest(name, true, payload); ok || err != nil {
			t.Errorf("malformed %s: accepted %v, error %v; want a refusal", name, ok, err)
		}
	}
	// D23: a malformed direct-tcpip is refused, and does not hang.
	if _, _, err := client.OpenChannel("direct-tcpip", []byte("nonsense")); err == nil {
		t.Error("a malformed direct-tcpip was accepted")
	}
	client.Close()
	sink.await(t, "the end", func() bool { return sink.ended })
	if n := len(find[*event.ChannelRequestDecodeFailed](sink)); n != 4 {
		t.Errorf("%d malformed requests recorded, want 4:\n%s", n, sink)
	}
	if f := find[*event.NewChannelFailed](sink); len(f) != 1 || !strings.Contains(f[0].Reason, "malformed") {
		t.Errorf("failed channels %+v, want one that says why", f)
	}
}

func TestForwardsAreEvents(t *testing.T) {
	sink := newMemory()
	client, server, err := connect(t, sink, tap.Intercept{}, passwordServer("right"), passwordClient("right"))
	if err != nil {
		t.Fatal(err)
	}
	go echoServer(server)
	if _, err := client.Dial("tcp", "198.51.100.7:443"); err == nil {
		t.Error("direct-tcpip was accepted")
	}
	if _, err := client.ListenTCP(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}); err == nil {
		t.Error("tcpip-forward was accepted")
	}
	client.Close()
	sink.await(t, "the end", func() bool { return sink.ended })
	if d := find[*event.NewChannelDirectTCPIP](sink); len(d) != 1 || d[0].HostToConnect != "198.51.100.7" || d[0].PortToConnect != 443 {
		t.Errorf("direct-tcpip events %+v, want host and port", d)
	}
	if f := find[*event.ForwardTCPIP](sink); len(f) != 1 || f[0].BindPort != 8080 {
		t.Errorf("tcpip-forward events %+v, want the port", f)
	}
	if r := find[*event.GlobalReply](sink); len(r) != 1 || r[0].Accepted {
		t.Errorf("replies to global requests %+v, want one refusal", r)
	}
}

func TestX11CookieIsHidden(t *testing.T) {
	for _, passwords := range []bool{false, true} {
		sink := newMemory()
		client, server, err := connect(t, sink, tap.Intercept{Passwords: passwords}, passwordServer("right"), passwordClient("right"))
		if err != nil {
			t.Fatal(err)
		}
		go echoServer(server)
		ch, requests, err := client.OpenChannel("session", nil)
		if err != nil {
			t.Fatal(err)
		}
		go ssh.DiscardRequests(requests)
		ch.SendRequest("x11-req", true, ssh.Marshal(struct {
			Single        bool
			Proto, Cookie string
			Screen        uint32
		}{true, "MIT-MAGIC-COOKIE-1", "canary", 3}))
		client.Close()
		sink.await(t, "the end", func() bool { return sink.ended })
		x := find[*event.X11](sink)
		if len(x) != 1 || x[0].CookieHidden == passwords || (x[0].Cookie == "canary") != passwords || x[0].Screen != 3 {
			t.Errorf("passwords %v: x11 events %+v", passwords, x)
		}
	}
}

// The person at the other end is told why the session ends.
func TestTell(t *testing.T) {
	sink := newMemory()
	client, server, err := connect(t, sink, allOn(), passwordServer("right"), passwordClient("right"))
	if err != nil {
		t.Fatal(err)
	}
	go echoServer(server)
	s, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	stderr, _ := s.StderrPipe()
	s.StdinPipe() // stays open, and so does the program
	if err := s.Start("program"); err != nil {
		t.Fatal(err)
	}
	server.conn.Tell("the gateway is stopping")
	server.conn.CloseWith(event.ByGateway, "stopping")
	told, _ := io.ReadAll(stderr)
	if !strings.Contains(string(told), "the gateway is stopping") {
		t.Errorf("the client was told %q", told)
	}
	if d := find[*event.Disconnect](sink); len(d) != 1 || d[0].By != event.ByGateway || d[0].Reason != "stopping" {
		t.Errorf("disconnects %+v, want one by the gateway", d)
	}
}

// Who logs in while recording is impossible is told so.
func TestALoginThatCannotBeRecordedIsTurnedAway(t *testing.T) {
	sink := newMemory()
	sink.fail = func(b event.Body) error {
		if _, login := b.(*event.HandshakeSuccessful); login {
			return errors.New("disk full")
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
	if _, err := ssh.NewClient(conn, channels, requests).NewSession(); err == nil || !strings.Contains(err.Error(), "can't be recorded: disk full") {
		t.Errorf("NewSession = %v, want a refusal that says why", err)
	}
	conn.Close()
	if err := <-ended; err == nil {
		t.Error("NewServerConn let a client in that is not recorded")
	}
}

// Promise 1, off the beaten track: what answers to global requests carry, and data that a
// channel of type session should not have, is recorded too.
func TestNoPayloadPassesUnrecorded(t *testing.T) {
	sink := newMemory()
	client, server, err := connect(t, sink, allOn(), passwordServer("right"), passwordClient("right"))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for r := range server.requests {
			r.Reply(true, []byte("down"))
		}
	}()
	go func() {
		defer server.conn.Close()
		for n := range server.channels {
			n.Reject(ssh.Prohibited, "")
		}
	}()
	if _, answer, err := client.SendRequest("question@example.com", true, []byte("up")); err != nil || string(answer) != "down" {
		t.Fatalf("SendRequest = %q, %v", answer, err)
	}
	client.OpenChannel("session", []byte("hidden"))
	client.Close()
	sink.await(t, "the end", func() bool { return sink.ended })
	if r := find[*event.GlobalReply](sink); len(r) != 1 || string(r[0].Payload) != "down" {
		t.Errorf("replies %+v, want one with its payload", r)
	}
	if n := find[*event.NewChannel](sink); len(n) != 1 || string(n[0].Payload) != "hidden" {
		t.Errorf("channels %+v, want one with its data", n)
	}
}
