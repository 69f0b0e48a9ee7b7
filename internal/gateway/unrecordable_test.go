package gateway

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/metrics"
)

// slowSigner is a user who thinks before they sign.
type slowSigner struct {
	ssh.Signer
	thinks func()
}

func (s *slowSigner) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	s.thinks()
	return s.Signer.Sign(rand, data)
}

// A key is decided about when it is offered: what has changed until the signature counts.
func TestRecordingEndsBeforeTheSignature(t *testing.T) {
	h := open(t, nil, nothing)
	banner := ""
	client := h.client("good")
	client.BannerCallback = func(message string) error { banner += message; return nil }
	client.Auth = []ssh.AuthMethod{ssh.PublicKeys(&slowSigner{h.signer, func() {
		if err := h.gateway.Recorder.Close(context.Background(), "ended"); err != nil {
			t.Error(err)
		}
	}})}
	if _, err := ssh.Dial("tcp", h.addr, client); err == nil {
		t.Error("the user is let in")
	}
	h.stop()
	if strings.Count(banner, noneBegins) != 1 {
		t.Errorf("the user is told %q, want once that no session begins", banner)
	}
	if s := h.gateway.Stats(); s.Refused[metrics.NotRecordable] != 1 || s.Logins[metrics.PublicKey] != 0 {
		t.Errorf("there is %+v, want one refusal since it can't be recorded", s)
	}
}

// The banner that is configured is shown too.
func TestBannerBesideTheConfiguredOne(t *testing.T) {
	for configured, want := range map[string]string{"": noneBegins, "hello": "hello\r\n" + noneBegins, "hello\n": "hello\n" + noneBegins} {
		h := open(t, nil, nothing)
		h.gateway.Config.SSH.Banner = configured
		s := &session{gateway: h.gateway, log: h.gateway.beginLog()}
		if got := s.banner(); got != configured {
			t.Errorf("while sessions are recorded the banner is %q, want %q", got, configured)
		}
		h.stop()
		if got := s.banner(); got != want {
			t.Errorf("with the banner %q users are told %q, want %q", configured, got, want)
		}
	}
}

// keptLog keeps what it is told.
type keptLog struct {
	noLog
	refused []*event.Refused
}

func (k *keptLog) Emit(_ uint64, body event.Body) error {
	if r, ok := body.(*event.Refused); ok {
		k.refused = append(k.refused, r)
	}
	return nil
}

// However often somebody tries on one connection, it is refused once, with the reason.
func TestRefusalIsRecordedOnce(t *testing.T) {
	h := open(t, nil, nothing)
	h.stop()
	kept := &keptLog{}
	s := &session{gateway: h.gateway, log: kept}
	for range 3 {
		if err := s.denyUnrecordable(); err == nil {
			t.Error("an attempt is not denied")
		}
	}
	if len(kept.refused) != 1 || !strings.Contains(kept.refused[0].Reason, "sessions can't be recorded now: recording has ended") {
		t.Errorf("the record has %+v, want one refusal with the reason", kept.refused)
	}
	h.gateway.Config.Audit.OnFailure = "continue"
	if err := (&session{gateway: h.gateway, log: kept}).denyUnrecordable(); err != nil {
		t.Errorf("under continue an attempt is denied: %v", err)
	}
}

// brokenLog records nothing.
type brokenLog struct{ noLog }

func (*brokenLog) Emit(uint64, event.Body) error { return errors.New("broken") }

// Who is refused is served on without a record, but never logged in.
func TestRefusalSink(t *testing.T) {
	for _, l := range []log{&noLog{}, &brokenLog{}} {
		sink := &refusalSink{log: l}
		for _, body := range []event.Body{&event.Connect{}, &event.AuthNone{}, &event.Refused{}, &event.Disconnect{}} {
			if err := sink.Emit(0, body); err != nil {
				t.Errorf("Emit(%T) to %T = %v, want nil", body, l, err)
			}
		}
		if err := sink.Emit(0, &event.HandshakeSuccessful{}); err == nil {
			t.Errorf("a login passes to %T", l)
		}
	}
}
