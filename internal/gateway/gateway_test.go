package gateway

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/auth"
	"github.com/sshtrail/sshtrail/internal/backend"
	"github.com/sshtrail/sshtrail/internal/bridge"
	"github.com/sshtrail/sshtrail/internal/config"
	"github.com/sshtrail/sshtrail/internal/oracle"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage"
	"github.com/sshtrail/sshtrail/storage/mem"
)

// house is a gateway that serves a test.
type house struct {
	addr    string
	signer  ssh.Signer // of every user
	store   *mem.Store
	said    *safeBuffer
	gateway *Gateway
	stop    func() // and wait for its end
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newSigner(t testing.TB) ssh.Signer {
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

// open starts a gateway for the users good and bad. Each is joined to what connect returns.
func open(t *testing.T, change func(*config.SSH), connect func(ctx context.Context, c backend.Client) (bridge.Target, error)) *house {
	t.Helper()
	h := &house{signer: newSigner(t), store: mem.New(), said: &safeBuffer{}}
	cfg := config.Default(t.TempDir())
	cfg.SSH.ShutdownGrace = config.Duration(5 * time.Second)
	if change != nil {
		change(&cfg.SSH)
	}
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(h.signer.PublicKey())))
	users, err := auth.NewUsers([]auth.User{{Name: "good", Keys: []string{line}}, {Name: "bad", Keys: []string{line}}}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	recorder, err := record.Open(t.Context(), record.Config{Journal: t.TempDir(), Store: h.store, Own: &record.Own{}})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	h.gateway = New(Parts{Config: cfg, HostKeys: []ssh.Signer{newSigner(t)}, Auth: users.Methods(), Recorder: recorder, Connect: connect,
		Logger: slog.New(slog.NewTextHandler(h.said, nil))})
	go func() { // ends by cancel
		defer close(done)
		h.gateway.Serve(ctx, ln)
	}()
	h.stop = sync.OnceFunc(func() {
		cancel()
		<-done
		if err := recorder.Close(context.Background(), "stopped"); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(h.stop)
	return h
}

// login logs a user in.
func (h *house) login(user string) (*ssh.Client, error) {
	return ssh.Dial("tcp", h.addr, h.client(user))
}

func (h *house) client(user string) *ssh.ClientConfig {
	return &ssh.ClientConfig{User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(h.signer)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 10 * time.Second}
}

// logs stops the gateway and returns all that it has recorded, its own first.
func (h *house) logs(t *testing.T) []*oracle.Log {
	t.Helper()
	h.stop()
	var all []*oracle.Log
	for info, err := range h.store.List(context.Background(), "") {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, h.read(t, info.Name))
	}
	slices.SortStableFunc(all, func(a, b *oracle.Log) int {
		return len(oracle.Bodies[*event.GatewayStart](b)) - len(oracle.Bodies[*event.GatewayStart](a))
	})
	return all
}

func (h *house) read(t *testing.T, name storage.Name) *oracle.Log {
	t.Helper()
	r, err := h.store.Open(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	log, err := oracle.Read(io.NewSectionReader(r, 0, r.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// ends returns how the connections of a log ended.
func ends(log *oracle.Log) string {
	var s []string
	for _, b := range oracle.Bodies[*event.Disconnect](log) {
		s = append(s, string(b.By)+": "+b.Reason)
	}
	return strings.Join(s, "\n")
}

// A panic on the way to a target ends that connection, and it alone.
func TestPanicEndsOneConnection(t *testing.T) {
	h := open(t, nil, func(_ context.Context, c backend.Client) (bridge.Target, error) {
		if c.Username == "bad" {
			panic("bug \x1b[2J")
		}
		return newNowhere(errors.New("nothing is there"), "nothing is there"), nil
	})
	good, err := h.login("good")
	if err != nil {
		t.Fatal(err)
	}
	bad, err := h.login("bad")
	if err != nil {
		t.Fatal(err)
	}
	bad.Wait()
	if _, err := good.NewSession(); err == nil || !strings.Contains(err.Error(), "nothing is there") {
		t.Errorf("the other client's session: %v, want to be told that nothing is there", err)
	}
	good.Close()
	logs := h.logs(t)
	if len(logs) != 3 {
		t.Fatalf("there are %d logs, want the gateway's and two", len(logs))
	}
	for _, log := range logs {
		if len(log.Flaws) > 0 || log.Verdict.Status() != 0 {
			t.Errorf("a log is %s, with flaws %q", log.Verdict, log.Flaws)
		}
	}
	if e := ends(logs[0]); !strings.Contains(e, "gateway: internal error") || !strings.Contains(e, "client: connection closed") {
		t.Errorf("the gateway's log has the ends\n%s", e)
	}
	if s := h.said.String(); !strings.Contains(s, "internal error") || !strings.Contains(s, "gateway_test.go") || strings.Contains(s, "\x1b") {
		t.Errorf("the operator is told:\n%s", s)
	}
}

func TestTargetThatIsNotReachable(t *testing.T) {
	h := open(t, nil, func(context.Context, backend.Client) (bridge.Target, error) {
		return nil, errors.New("connect to 10.0.0.1: no route")
	})
	c, err := h.login("good")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.NewSession()
	var refused *ssh.OpenChannelError
	if !errors.As(err, &refused) || refused.Reason != ssh.ConnectionFailed ||
		!strings.Contains(refused.Message, "can't be reached") || strings.Contains(refused.Message, "10.0.0.1") {
		t.Errorf("NewSession = %v, want to be told that there is no target, and not where it is", err)
	}
	c.Close()
	logs := h.logs(t)
	if why := oracle.Bodies[*event.NoTarget](logs[1]); len(why) != 1 || !strings.Contains(why[0].Reason, "no route") {
		t.Errorf("the log says %+v of the target, want why there is none", why)
	}
}

func nothing(context.Context, backend.Client) (bridge.Target, error) {
	return newNowhere(errors.New("nothing is there"), "nothing is there"), nil
}

// Who is one too many is told so, and has no log of its own.
func TestTooManyConnections(t *testing.T) {
	h := open(t, func(c *config.SSH) { c.MaxConnections = 1 }, nothing)
	first, err := h.login("good")
	if err != nil {
		t.Fatal(err)
	}
	second, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	io.WriteString(second, "SSH-2.0-x\r\n"+strings.Repeat("y", 2000)) // unread, it must not cost the answer
	if b, err := io.ReadAll(second); err != nil || !strings.HasPrefix(string(b), "Not allowed at this time") {
		t.Errorf("the second is told %q, %v", b, err)
	}
	first.Close()
	logs := h.logs(t)
	refused := oracle.Bodies[*event.Refused](logs[0])
	if len(logs) != 2 || len(refused) != 1 || refused[0].Reason != "there are 1 connections already" {
		t.Errorf("there are %d logs, and the gateway's has the refusals %+v", len(logs), refused)
	}
}

func aliveEvery(interval time.Duration, count int) func(*config.SSH) {
	return func(c *config.SSH) { c.ClientAliveInterval, c.ClientAliveCountMax = config.Duration(interval), count }
}

// A client that answers nothing any more is gone.
func TestKeepAliveEndsWhoDoesNotAnswer(t *testing.T) {
	h := open(t, aliveEvery(10*time.Millisecond, 3), nothing)
	raw, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	conn, _, questions, err := ssh.NewClientConn(raw, h.addr, h.client("good"))
	if err != nil {
		t.Fatal(err)
	}
	conn.Wait() // nobody reads questions
	if q := <-questions; q == nil || q.Type != "keepalive@openssh.com" {
		t.Errorf("the client was asked %+v, want keepalive@openssh.com", q)
	}
	if e := ends(h.logs(t)[1]); e != "gateway: the client did not answer for 30ms" {
		t.Errorf("the log ends with %q", e)
	}
}

func TestKeepAliveLetsWhoAnswersGoOn(t *testing.T) {
	h := open(t, aliveEvery(5*time.Millisecond, 1000), nothing)
	raw, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	conn, _, questions, err := ssh.NewClientConn(raw, h.addr, h.client("good"))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		q, ok := <-questions
		if !ok {
			t.Fatal("the gateway has ended the connection")
		}
		q.Reply(false, nil) // as clients do that do not know it
	}
	conn.Close()
	if e := ends(h.logs(t)[1]); e != "client: connection closed" {
		t.Errorf("the log ends with %q", e)
	}
}

// A stop leaves nobody behind: who is not logged in is ended, and so is in the end who is.
func TestStopEndsEverybody(t *testing.T) {
	h := open(t, func(c *config.SSH) { c.ShutdownGrace = 0 }, nothing)
	silent, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	if _, err := silent.Read(make([]byte, 10)); err != nil { // it is greeted
		t.Fatal(err)
	}
	if _, err := h.login("good"); err != nil {
		t.Fatal(err)
	}
	logs := h.logs(t)
	if e := ends(logs[1]); e != "gateway: the gateway is stopping" {
		t.Errorf("the session's log ends with %q", e)
	}
	if n := len(oracle.Bodies[*event.Disconnect](logs[0])); n != 2 {
		t.Errorf("the gateway's log has %d disconnects, want 2:\n%s", n, ends(logs[0]))
	}
}

func TestNowhere(t *testing.T) {
	n := newNowhere(errors.New("why"), "why")
	waited := make(chan error)
	go func() { waited <- n.Wait() }() // ends by Close
	if ok, _, err := n.SendRequest("x", true, nil); ok || err == nil {
		t.Errorf("SendRequest = %v, %v, want an error", ok, err)
	}
	for range 2 {
		if err := n.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	}
	if err := <-waited; err == nil || err.Error() != "why" {
		t.Errorf("Wait = %v, want why", err)
	}
	if s := n.String(); s != "nowhere: why" {
		t.Errorf("String = %q", s)
	}
}
