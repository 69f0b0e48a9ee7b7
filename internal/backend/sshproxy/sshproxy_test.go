package sshproxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/bridge"
	"github.com/sshtrail/sshtrail/internal/sshdtest"
)

var _ bridge.Target = (*Target)(nil)

// configFor is a good configuration for a server.
func configFor(t *testing.T, s *sshdtest.Server) Config {
	t.Helper()
	return configAt(t, s.Addr, Config{
		Username: s.User, PrivateKey: s.ClientKey,
		AllowedHostKeyFingerprints: []string{ssh.FingerprintSHA256(s.HostKey)},
	})
}

func configAt(t *testing.T, addr string, c Config) Config {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	c.Server, c.Port, c.Timeout = host, uint16(n), time.Minute
	return c
}

func connectAs(t *testing.T, c Config, name string) (*Target, error) {
	t.Helper()
	d, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	target, err := d.Connect(t.Context(), name)
	if err == nil {
		t.Cleanup(func() { _ = target.Close() })
	}
	return target, err
}

// connect connects and passes what the server asks for to channels and a discarder.
func connect(t *testing.T, c Config) (*Target, <-chan ssh.NewChannel) {
	t.Helper()
	target, err := connectAs(t, c, "somebody")
	if err != nil {
		t.Fatalf("Connect: %v", err)
	}
	channels, requests := target.Incoming()
	go ssh.DiscardRequests(requests)
	return target, channels
}

func session(t *testing.T, target *Target) (ssh.Channel, <-chan *ssh.Request) {
	t.Helper()
	ch, requests, err := target.OpenChannel("session", nil)
	if err != nil {
		t.Fatalf("OpenChannel: %v", err)
	}
	return ch, requests
}

func request(t *testing.T, ch ssh.Channel, name string, payload any) {
	t.Helper()
	if ok, err := ch.SendRequest(name, true, ssh.Marshal(payload)); !ok || err != nil {
		t.Fatalf("SendRequest(%s) = %v, %v, want true", name, ok, err)
	}
}

type text struct{ S string }

func TestProgram(t *testing.T) {
	target, _ := connect(t, configFor(t, sshdtest.Start(t)))
	ch, requests := session(t, target)
	request(t, ch, "env", struct{ Name, Value string }{"LC_TEST", "v"})
	request(t, ch, "exec", text{`cat; echo "$LC_TEST" >&2; kill -TERM $$`})
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	go func() { _, _ = ch.Write(data); _ = ch.CloseWrite() }()
	out, err := io.ReadAll(ch)
	if err != nil || !bytes.Equal(out, data) {
		t.Errorf("stdout: %d bytes, %v, want the %d written", len(out), err, len(data))
	}
	if errOut, err := io.ReadAll(ch.Stderr()); err != nil || string(errOut) != "v\n" {
		t.Errorf("stderr = %q, %v, want v", errOut, err)
	}
	var names []string
	for r := range requests {
		names = append(names, r.Type)
		var signal struct {
			Name string
			Rest []byte `ssh:"rest"`
		}
		if r.Type == "exit-signal" && (ssh.Unmarshal(r.Payload, &signal) != nil || signal.Name != "TERM") {
			t.Errorf("exit-signal %+v, want TERM", signal)
		}
	}
	if !slices.Contains(names, "exit-signal") { // beside OpenSSH's own eow@openssh.com
		t.Errorf("requests = %v, want exit-signal", names)
	}
}

func TestTerminal(t *testing.T) {
	target, _ := connect(t, configFor(t, sshdtest.Start(t)))
	ch, _ := session(t, target)
	request(t, ch, "pty-req", struct {
		Term       string
		C, R, W, H uint32
		Modes      string
	}{"xterm", 100, 40, 0, 0, ""})
	request(t, ch, "exec", text{"stty size; read x; stty size"})
	var got strings.Builder
	buf := make([]byte, 100)
	for !strings.Contains(got.String(), "40 100\r\n") {
		n, err := ch.Read(buf)
		if got.Write(buf[:n]); err != nil {
			t.Fatalf("output = %q, %v", got.String(), err)
		}
	}
	if _, err := ch.SendRequest("window-change", false, ssh.Marshal(struct{ C, R, W, H uint32 }{90, 30, 0, 0})); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(ch, "\n")
	if rest, err := io.ReadAll(ch); err != nil || !strings.Contains(string(rest), "30 90\r\n") {
		t.Errorf("output = %q, %v, want the new size", rest, err)
	}
}

func TestSFTP(t *testing.T) {
	target, _ := connect(t, configFor(t, sshdtest.Start(t)))
	ch, _ := session(t, target)
	request(t, ch, "subsystem", text{"sftp"})
	c, err := sftp.NewClientPipe(ch, ch)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.ReadDir("/"); err != nil {
		t.Errorf("ReadDir: %v", err)
	}
}

func TestForwardOut(t *testing.T) {
	target, _ := connect(t, configFor(t, sshdtest.Start(t)))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}
	}()
	type direct struct {
		Host       string
		Port       uint32
		Originator string
		From       uint32
	}
	to := direct{"127.0.0.1", uint32(l.Addr().(*net.TCPAddr).Port), "127.0.0.1", 1}
	ch, _, err := target.OpenChannel("direct-tcpip", ssh.Marshal(to))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(ch, "there and back")
	_ = ch.CloseWrite()
	if got, err := io.ReadAll(ch); string(got) != "there and back" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestForwardIn(t *testing.T) {
	target, channels := connect(t, configFor(t, sshdtest.Start(t)))
	ok, reply, err := target.SendRequest("tcpip-forward", true, ssh.Marshal(struct {
		Host string
		Port uint32
	}{"127.0.0.1", 0}))
	var port struct{ Port uint32 }
	if !ok || err != nil || ssh.Unmarshal(reply, &port) != nil {
		t.Fatalf("tcpip-forward = %v, %x, %v", ok, reply, err)
	}
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port.Port))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	incoming := <-channels
	if incoming == nil || incoming.ChannelType() != "forwarded-tcpip" {
		t.Fatalf("incoming channel = %v, want forwarded-tcpip", incoming)
	}
	ch, requests, err := incoming.Accept()
	if err != nil {
		t.Fatal(err)
	}
	go ssh.DiscardRequests(requests)
	_, _ = io.WriteString(ch, "hello")
	_ = ch.Close()
	if got, err := io.ReadAll(c); string(got) != "hello" || err != nil {
		t.Errorf("read %q, %v, want hello", got, err)
	}
}

// What the server has never heard of reaches it, and its answer us; what it asks by itself too.
func TestUnknownThings(t *testing.T) {
	s := sshdtest.Start(t)
	target, err := connectAs(t, configFor(t, s), "somebody")
	if err != nil {
		t.Fatal(err)
	}
	_, requests := target.Incoming()
	if r := <-requests; r == nil || r.Type != "hostkeys-00@openssh.com" {
		t.Errorf("first global request = %+v, want OpenSSH's list of host keys", r)
	}
	go ssh.DiscardRequests(requests)
	var refused *ssh.OpenChannelError
	if _, _, err := target.OpenChannel("x@example.com", []byte("y")); !errors.As(err, &refused) || refused.Message != "open failed" {
		t.Errorf("OpenChannel = %v, want the server's refusal", err)
	}
	if ok, _, err := target.SendRequest("x@example.com", true, nil); ok || err != nil {
		t.Errorf("SendRequest = %v, %v, want the server's refusal", ok, err)
	}
	if want := s.User + "@" + s.Addr; target.String() != want {
		t.Errorf("String() = %s, want %s", target, want)
	}
	if err := target.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := target.Wait(); err == nil {
		t.Error("Wait after Close = nil, want the reason")
	}
}

func TestUsernamePassThrough(t *testing.T) {
	s := sshdtest.Start(t)
	c := configFor(t, s)
	c.Username, c.UsernamePassThrough = "", true
	target, err := connectAs(t, c, s.User)
	if err != nil || !strings.HasPrefix(target.String(), s.User+"@") {
		t.Errorf("Connect as %s = %v, %v", s.User, target, err)
	}
	if _, err := connectAs(t, c, "no-such\nuser"); err == nil || !strings.Contains(err.Error(), `does not let in user "no-such\nuser"`) {
		t.Errorf("Connect as another = %v, want a refusal that names the user", err)
	}
}
