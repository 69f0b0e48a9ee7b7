package bridge_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/bridge"
)

// exec opens a session and asks for a program.
func (j *joined) exec(t *testing.T) (ssh.Channel, <-chan *ssh.Request) {
	t.Helper()
	ch, requests, err := j.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := ch.SendRequest("exec", true, ssh.Marshal(struct{ Command string }{"program"})); !ok || err != nil {
		t.Fatalf("exec = %v, %v", ok, err)
	}
	return ch, requests
}

// A program that closes its output before it ends: its client must hear of the exit
// status first, since it may close the channel as soon as it has heard of the end of file.
func TestExitStatusComesBeforeEndOfFile(t *testing.T) {
	far := newChannel()
	j := join(t, newTarget(func() (ssh.Channel, <-chan *ssh.Request, error) { return far, far.requests, nil }), nil)
	near, requests := j.exec(t)
	ended := make(chan struct{})
	go func() {
		io.WriteString(far.out, "output")
		far.out.Close()
		far.errs.Close()
		select {
		case <-ended: // too early: the program still runs
		case <-time.After(100 * time.Millisecond):
		}
		far.exit()
	}()
	out, err := io.ReadAll(near)
	close(ended)
	if string(out) != "output" || err != nil {
		t.Errorf("the client reads %q, %v, want output", out, err)
	}
	select {
	case r := <-requests:
		if r == nil || r.Type != "exit-status" {
			t.Errorf("the first request is %+v, want exit-status", r)
		}
	default:
		t.Error("the client has read to the end of file and was not told the exit status")
	}
}

// The status overtakes output that somebody holds open who says nothing.
func TestExitStatusDoesNotWaitForASilentChild(t *testing.T) {
	far := newChannel()
	j := join(t, newTarget(func() (ssh.Channel, <-chan *ssh.Request, error) { return far, far.requests, nil }), nil)
	near, requests := j.exec(t)
	go far.exit()
	if r := <-requests; r == nil || r.Type != "exit-status" {
		t.Errorf("the first request is %+v, want exit-status", r)
	}
	go func() { io.WriteString(far.out, "late"); far.Close() }()
	if out, err := io.ReadAll(near); string(out) != "late" || err != nil {
		t.Errorf("the client reads %q, %v, want late", out, err)
	}
}

func TestOutputIsWholeBeforeTheExitStatus(t *testing.T) {
	far := newChannel()
	j := join(t, newTarget(func() (ssh.Channel, <-chan *ssh.Request, error) { return far, far.requests, nil }), nil)
	near, requests := j.exec(t)
	want := strings.Repeat("x", 3<<20) // more than the client's window
	go func() {
		far.exit()
		io.WriteString(far.out, want)
		far.Close()
	}()
	select {
	case r := <-requests:
		t.Errorf("the client was told %q before it read any output", r.Type)
	case <-time.After(400 * time.Millisecond): // longer than what counts as silence
	}
	if out, err := io.ReadAll(near); string(out) != want || err != nil {
		t.Errorf("the client reads %d bytes, %v, want %d", len(out), err, len(want))
	}
	if r := <-requests; r == nil || r.Type != "exit-status" {
		t.Errorf("the request is %+v, want exit-status", r)
	}
}

// A program that was silent for long and prints as it ends is not overtaken by its exit status
// where its output is slow to be seen, as on a machine with too much to do.
func TestSilenceBeforeTheExitDoesNotCount(t *testing.T) {
	far := newChannel()
	j := join(t, newTarget(func() (ssh.Channel, <-chan *ssh.Request, error) { return far, far.requests, nil }), nil)
	near, requests := j.exec(t)
	<-time.After(400 * time.Millisecond) // longer than what counts as silence
	ended := time.Now()
	far.exit()
	if r := <-requests; r == nil || r.Type != "exit-status" {
		t.Errorf("the request is %+v, want exit-status", r)
	}
	if waited := time.Since(ended); waited < 200*time.Millisecond {
		t.Errorf("output had %v to come before the exit status, want 250 ms", waited)
	}
	go far.Close()
	io.Copy(io.Discard, near)
}

// When the client closes a session its program is told so, and other sessions go on.
func TestClientClosesOneSession(t *testing.T) {
	var all []*channel
	j := join(t, newTarget(func() (ssh.Channel, <-chan *ssh.Request, error) {
		all = append(all, newChannel())
		return all[len(all)-1], all[len(all)-1].requests, nil
	}), nil)
	first, _ := j.exec(t)
	second, _ := j.exec(t)
	first.Close()
	<-all[0].closed
	go func() { io.WriteString(all[1].out, "still here"); all[1].exit(); all[1].Close() }()
	if out, err := io.ReadAll(second); string(out) != "still here" || err != nil {
		t.Errorf("the second session reads %q, %v", out, err)
	}
}

func TestChannelsThatAreRefused(t *testing.T) {
	refusal := &ssh.OpenChannelError{Reason: ssh.ConnectionFailed, Message: "no route"}
	for name, c := range map[string]struct {
		kind   string
		open   func() (ssh.Channel, <-chan *ssh.Request, error)
		max    int
		reason ssh.RejectionReason
		text   string
	}{
		"direct-tcpip":       {"direct-tcpip", nil, 1, ssh.Prohibited, "forwarding is not allowed"},
		"direct-streamlocal": {"direct-streamlocal@openssh.com", nil, 1, ssh.Prohibited, "forwarding is not allowed"},
		"tun":                {"tun@openssh.com", nil, 1, ssh.Prohibited, "forwarding is not allowed"},
		"not known":          {"x@example.com", nil, 1, ssh.UnknownChannelType, ""},
		"too many":           {"session", nil, 0, ssh.ResourceShortage, "more than 0 channels at once"},
		"by the target":      {"session", func() (ssh.Channel, <-chan *ssh.Request, error) { return nil, nil, refusal }, 1, ssh.ConnectionFailed, "no route"},
		"an error":           {"session", func() (ssh.Channel, <-chan *ssh.Request, error) { return nil, nil, errors.New("broken") }, 1, ssh.ConnectionFailed, "broken"},
	} {
		t.Run(name, func(t *testing.T) {
			j := join(t, newTarget(c.open), func(b *bridge.Client) { b.MaxChannels = c.max })
			_, _, err := j.OpenChannel(c.kind, ssh.Marshal(struct {
				Host  string
				Port  uint32
				From  string
				FPort uint32
			}{"host", 1, "from", 2}))
			var refused *ssh.OpenChannelError
			if !errors.As(err, &refused) || refused.Reason != c.reason || refused.Message != c.text {
				t.Errorf("OpenChannel(%s) = %v, want %v: %s", c.kind, err, c.reason, c.text)
			}
		})
	}
}

func TestGlobalRequests(t *testing.T) {
	to := newTarget(nil)
	j := join(t, to, nil)
	for name, want := range map[string]bool{
		"tcpip-forward": false, "cancel-tcpip-forward": false,
		"streamlocal-forward@openssh.com": false, "cancel-streamlocal-forward@openssh.com": false,
		"hostkeys-prove-00@openssh.com": false, "unheard-of@example.com": true,
		"no-more-sessions@openssh.com": true,
	} {
		ok, _, err := j.SendRequest(name, true, ssh.Marshal(struct {
			Host string
			Port uint32
		}{"host", 1}))
		if ok != want || err != nil {
			t.Errorf("SendRequest(%s) = %v, %v, want %v", name, ok, err, want)
		}
	}
	to.mu.Lock()
	defer to.mu.Unlock()
	if !slices.Equal(to.sent, []string{"unheard-of@example.com"}) {
		t.Errorf("the target was asked %q, want only what is the target's business", to.sent)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	far := newChannel()
	j := join(t, newTarget(func() (ssh.Channel, <-chan *ssh.Request, error) { return far, far.requests, nil }),
		func(c *bridge.Client) { c.Rules = bridge.Rules{NoPTY: true} })
	ch, _, err := j.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	pty := ssh.Marshal(struct {
		Term                         string
		Columns, Rows, Width, Height uint32
		Modes                        string
	}{Term: "vt100"})
	x11 := ssh.Marshal(struct {
		Single           bool
		Protocol, Cookie string
		Screen           uint32
	}{})
	for name, payload := range map[string][]byte{"auth-agent-req@openssh.com": nil, "x11-req": x11, "pty-req": pty} {
		if ok, err := ch.SendRequest(name, true, payload); ok || err != nil {
			t.Errorf("SendRequest(%s) = %v, %v, want false", name, ok, err)
		}
	}
	if len(far.asked) != 0 {
		t.Errorf("the target was asked %q", <-far.asked)
	}
	if n := len(j.sink.reasons()); n != 3 {
		t.Errorf("recorded %d reasons, want 3", n)
	}
}

func TestForcedCommand(t *testing.T) {
	far := &tellingChannel{newChannel(), make(chan string, 16)}
	j := join(t, newTarget(func() (ssh.Channel, <-chan *ssh.Request, error) { return far, far.requests, nil }),
		func(c *bridge.Client) {
			c.Rules = bridge.Rules{Forced: true, Command: "forced", Environment: []string{"A=b"}}
		})
	j.exec(t)
	if got := []string{<-far.asked, <-far.asked, <-far.asked}; !slices.Equal(got, []string{"env", "env", "exec"}) {
		t.Errorf("the target was asked %q, want the variables and one program", got)
	}
	want := []string{"\x00\x00\x00\x01A\x00\x00\x00\x01b", "\x00\x00\x00\x14SSH_ORIGINAL_COMMAND\x00\x00\x00\aprogram", "\x00\x00\x00\x06forced"}
	if got := []string{<-far.payloads, <-far.payloads, <-far.payloads}; !slices.Equal(got, want) {
		t.Errorf("the target was asked for %q, want %q", got, want)
	}
}

// tellingChannel tells what it was asked for, too.
type tellingChannel struct {
	*channel
	payloads chan string
}

func (c *tellingChannel) SendRequest(name string, wantReply bool, payload []byte) (bool, error) {
	c.payloads <- string(payload)
	return c.channel.SendRequest(name, wantReply, payload)
}

// The target's own wish for a channel is refused as well.
func TestTargetMayOpenNothing(t *testing.T) {
	to := newTarget(nil)
	join(t, to, nil)
	n := &incoming{rejected: make(chan string, 1)}
	to.offer(n)
	if why := <-n.rejected; !strings.Contains(why, "forwarding is not allowed") {
		t.Errorf("the target was told %q", why)
	}
}

type incoming struct {
	ssh.NewChannel
	rejected chan string
}

func (n *incoming) Reject(_ ssh.RejectionReason, why string) error {
	n.rejected <- why
	return nil
}

// A panic ends its connection, with a record, and nothing else: this process goes on.
func TestPanicEndsTheConnection(t *testing.T) {
	to := newTarget(func() (ssh.Channel, <-chan *ssh.Request, error) { panic("bug") })
	j := join(t, to, nil)
	if _, _, err := j.OpenChannel("session", nil); err == nil {
		t.Error("OpenChannel = nil, want an error")
	}
	if v := fmt.Sprint(<-j.panicked); v != "bug" {
		t.Errorf("told of the panic %q, want bug", v)
	}
	<-j.over
	<-to.gone
	if e := j.sink.end; e == nil || e.By != event.ByGateway || e.Reason != "internal error" {
		t.Errorf("recorded the end %+v, want one by the gateway", e)
	}
}

// When the target goes what it had sent arrives, then the connection ends, with why.
func TestTargetGoes(t *testing.T) {
	far := newChannel()
	to := newTarget(func() (ssh.Channel, <-chan *ssh.Request, error) { return far, far.requests, nil })
	j := join(t, to, nil)
	near, _ := j.exec(t)
	to.Close()
	go func() { io.WriteString(far.out, "last words"); far.Close() }()
	if out, err := io.ReadAll(near); string(out) != "last words" || err != nil {
		t.Errorf("the client reads %q, %v, want last words", out, err)
	}
	j.Wait()
	<-j.over
	if e := j.sink.end; e == nil || e.By != event.ByTarget || e.Reason != "the target is gone" {
		t.Errorf("recorded the end %+v, want one by the target", e)
	}
}
