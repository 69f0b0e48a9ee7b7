package e2e

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/internal/sshdtest"
)

func TestPortInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	g := newGateway(t, gatewaytest.Local(t), gatewaytest.Options{})
	g.Edit(t, "listen: 127.0.0.1:0", "listen: "+l.Addr().String())
	gatewaytest.Fails(t, g.Command(t, "serve"), 1, l.Addr().String()+" is in use", "ssh.listen")
}

func TestHostKeyThatOthersCanRead(t *testing.T) {
	t.Parallel()
	g := newGateway(t, gatewaytest.Local(t), gatewaytest.Options{})
	Chmod(t, g.Path("host"), 0o644)
	for _, command := range []string{"serve", "check"} {
		gatewaytest.Fails(t, g.Command(t, command), 1, g.Path("host"), "0644", "chmod 600")
	}
}

func TestGatewaysOwnHostKeyThatOthersCanRead(t *testing.T) {
	t.Parallel()
	g := newGateway(t, gatewaytest.Local(t), gatewaytest.Options{})
	g.Edit(t, "hostkeys: ", "#")
	g.Serve(t)
	gatewaytest.Fails(t, g.OpenSSH(t, "ssh", "-o", "BatchMode=yes", "gw", "true"), 255, "verification failed") // it has made keys
	g.Stop(t)
	key := g.Path("state/hostkeys/ssh_host_ecdsa_key")
	Chmod(t, key, 0o640)
	for _, command := range []string{"serve", "check"} {
		gatewaytest.Fails(t, g.Command(t, command), 1, key, "0640", "chmod 600")
	}
}

// Everything that is wrong is told at once, each with its line.
func TestBadConfiguration(t *testing.T) {
	t.Parallel()
	g := newGateway(t, gatewaytest.Local(t), gatewaytest.Options{})
	gatewaytest.WriteFile(t, g.Path("config.yaml"), "sssh:\n  listen: 127.0.0.1:0\nssh:\n  maxAuthTries: many\naudit:\n  onFailure: shrug\nbackend: local\n")
	for _, command := range []string{"serve", "check", "recover"} {
		gatewaytest.Fails(t, g.Command(t, command), 1, "config.yaml:1", "sssh", "config.yaml:4", "maxAuthTries", "config.yaml:6", "shrug", "auth.users")
	}
}

func TestMissingConfiguration(t *testing.T) {
	t.Parallel()
	g := newGateway(t, gatewaytest.Local(t), gatewaytest.Options{})
	if err := os.Remove(g.Path("config.yaml")); err != nil {
		t.Fatal(err)
	}
	gatewaytest.Fails(t, g.Command(t, "serve"), 1, "config.yaml", "no such file")
	gatewaytest.Fails(t, gatewaytest.Program(t, gatewaytest.Sshtrail(), "serve", "--confg"), 2, "--confg", "sshtrail help")
}

func TestFolderForLogsThatIsNone(t *testing.T) {
	t.Parallel()
	g := newGateway(t, gatewaytest.Local(t), gatewaytest.Options{})
	if err := os.Remove(g.Path("logs")); err != nil {
		t.Fatal(err)
	}
	gatewaytest.WriteFile(t, g.Path("logs"), "a file")
	gatewaytest.Fails(t, g.Command(t, "serve"), 1, g.Path("logs"), "is no folder")
	g.Edit(t, g.Path("logs"), g.Path("none/logs"))
	gatewaytest.Fails(t, g.Command(t, "serve"), 1, g.Path("none"), "mkdir")
}

// Gateways can share a journal, as they do at an upgrade, and recovery passes over what
// another one is at work on.
func TestSecondGatewayOnOneJournal(t *testing.T) {
	t.Parallel()
	g := start(t, gatewaytest.Local(t), gatewaytest.Options{})
	ssh, in := g.runs(t, "echo started; read x; echo got $x")
	if out := gatewaytest.Do(t, g.Command(t, "recover")); strings.Contains(out.Out, "saved") {
		t.Errorf("sshtrail recover beside a gateway that runs says %q", out.Out)
	}
	second := gatewaytest.Begin(t, exec.Command(gatewaytest.Sshtrail(), "serve", "--config", g.Path("config.yaml")))
	second.Out.AwaitText(t, "connect:", second.Ended)
	second.Signal(t, syscall.SIGTERM)
	if status := second.Wait(t); status != 0 {
		t.Errorf("the second gateway ended with status %d; it says:\n%s", status, second.Errs)
	}
	if _, err := io.WriteString(in, "it\n"); err != nil {
		t.Fatal(err)
	}
	if status := ssh.Wait(t); status != 0 || ssh.Out.String() != "started\ngot it\n" {
		t.Errorf("the first gateway's session ended with status %d after %q", status, ssh.Out)
	}
	logs := g.Stop(t)
	oracle.CheckWhole(t, logs.Only(t), binary.Complete)
}

func TestTargetThatIsNotThere(t *testing.T) {
	t.Parallel()
	b := gatewaytest.Proxied()
	b.Block = func(t testing.TB, g *gatewaytest.Gateway, o gatewaytest.Options) string {
		gatewaytest.WriteKey(t, g.Path("upstream"))
		return gatewaytest.ProxyBlock(g, &sshdtest.Server{Addr: gatewaytest.FreeAddr(t), HostKey: g.HostKey, User: "bob"}, o)
	}
	g := start(t, b, gatewaytest.Options{})
	g.checkNoTarget(t, "connection refused")
}

// checkNoTarget checks that the client is told that there is no target and whom to tell, and
// the operator why, in the messages and in the log.
func (g *gateway) checkNoTarget(t *testing.T, why ...string) {
	t.Helper()
	r := gatewaytest.Do(t, g.OpenSSH(t, "ssh", "gw", "true"))
	if r.Status != 255 || !strings.Contains(r.Errs, "can't be reached; tell who runs this gateway") {
		t.Errorf("the client ended with status %d and was told %q, want 255 and whom to tell", r.Status, r.Errs)
	}
	log := g.Stop(t).Only(t)
	found := oracle.Bodies[*event.NoTarget](log)
	if len(found) != 1 || len(log.Channels) != 1 || log.Channels[0].Open {
		t.Fatalf("the log has %d events that say why and %d channels, want one that is refused", len(found), len(log.Channels))
	}
	for _, s := range why {
		if !strings.Contains(found[0].Reason, s) || !strings.Contains(g.Errs.String(), s) {
			t.Errorf("the log says %q and the operator is told\n%s\nwant %q in both", found[0].Reason, g.Errs, s)
		}
		if strings.Contains(r.Errs, s) {
			t.Errorf("the client is told %q, which is for the operator: %q", s, r.Errs)
		}
	}
}

func TestTargetWithAnotherHostKey(t *testing.T) {
	t.Parallel()
	b := gatewaytest.Proxied()
	b.Block = func(t testing.TB, g *gatewaytest.Gateway, o gatewaytest.Options) string {
		gatewaytest.WriteKey(t, g.Path("upstream"))
		s := *sshdtest.Start(t)
		s.HostKey = g.ClientKey // not its own
		return gatewaytest.ProxyBlock(g, &s, o)
	}
	g := start(t, b, gatewaytest.Options{})
	g.checkNoTarget(t, "host key", ssh.FingerprintSHA256(g.ClientKey))
}

// Who does not speak SSH is told so, and the gateway's log says what it spoke.
func TestStrangersOnThePort(t *testing.T) {
	t.Parallel()
	g := start(t, gatewaytest.Local(t), gatewaytest.Options{})
	for _, hello := range []string{"GET / HTTP/1.0\r\n\r\n", tlsHello(t), "\n" + strings.Repeat("x", 10_000)} {
		c := g.Dial(t)
		if _, err := io.WriteString(c, hello); err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(c)
		if err != nil {
			t.Errorf("the connection of who says %.20q ends with %v, and not as it should", hello, err)
		}
		if !strings.Contains(string(b), "Invalid SSH identification string.") {
			t.Errorf("who says %.20q is told %q", hello, b)
		}
	}
	logs := g.Stop(t)
	if len(logs.Sessions) != 0 {
		t.Errorf("there are %d logs of connections, want none", len(logs.Sessions))
	}
	var reasons []string
	for _, b := range gatewaytest.OwnBodies[*event.HandshakeFailed](logs) {
		reasons = append(reasons, b.Reason)
	}
	for _, want := range []string{`"GET / HTTP/1.0\r\n\r\n"`, `"\x16\x03`, `"\nxxx`} {
		if !strings.Contains(strings.Join(reasons, "\n"), "does not speak SSH: it sent "+want) {
			t.Errorf("the gateway's log has the reasons %q, want one with %s", reasons, want)
		}
	}
}

// tlsHello is what a TLS client says first.
func tlsHello(t *testing.T) string {
	t.Helper()
	client, server := net.Pipe()
	go func() { // ends when its connection is closed
		tls.Client(client, &tls.Config{ServerName: "example.com"}).Handshake()
	}()
	defer client.Close()
	b := make([]byte, 512)
	n, err := server.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

func TestClientThatSaysNothing(t *testing.T) {
	t.Parallel()
	g := start(t, gatewaytest.Local(t), gatewaytest.Options{SSH: []string{"loginGraceTime: 1s"}})
	silent, half := g.Dial(t), g.Dial(t)
	if _, err := io.WriteString(half, "SSH-2.0-half\r\n"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{silent, half} {
		began := time.Now()
		io.Copy(io.Discard, c) // ends when the gateway ends it
		if since := time.Since(began); since > 20*time.Second {
			t.Errorf("a client that does not log in was ended after %v, want 1s", since)
		}
	}
	logs := g.Stop(t)
	if n := len(gatewaytest.OwnBodies[*event.Disconnect](logs)); n != 2 {
		t.Errorf("the gateway's log has %d disconnects, want 2", n)
	}
	if n := len(logs.Sessions); n != 0 {
		t.Errorf("there are %d logs of connections, want none", n)
	}
}

func TestTooManyStartups(t *testing.T) {
	t.Parallel()
	g := start(t, gatewaytest.Local(t), gatewaytest.Options{SSH: []string{"maxStartups: 2"}})
	var held []net.Conn
	for range 2 {
		c := g.Dial(t)
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.HasPrefix(line, "SSH-2.0-") {
			t.Fatalf("a client is greeted with %q, %v", line, err)
		}
		held = append(held, c)
	}
	gatewaytest.Fails(t, g.OpenSSH(t, "ssh", "-v", "gw", "true"), 255, "Not allowed at this time")
	held[0].Close()
	gatewaytest.Eventually(t, "there is room again", func() bool { return g.OpenSSH(t, "ssh", "gw", "true").Run() == nil })
	refused := gatewaytest.OwnBodies[*event.Refused](g.Stop(t))
	if len(refused) == 0 || !strings.Contains(refused[0].Reason, "ssh.maxStartups") {
		t.Errorf("the gateway's log has %+v, want a refusal that names ssh.maxStartups", refused)
	}
}

func Chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
