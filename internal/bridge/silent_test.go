package bridge_test

import (
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/event"
)

// silent is a target that answers no request until it is closed.
type silent struct {
	*target
	asked chan struct{} // has an element once a request waits
}

func (s *silent) SendRequest(string, bool, []byte) (bool, []byte, error) {
	tell(s.asked)
	<-s.gone
	return false, nil, nil
}

// silentChannel is a channel of such a target.
type silentChannel struct {
	*channel
	asked chan struct{}
}

func (s *silentChannel) SendRequest(string, bool, []byte) (bool, error) {
	tell(s.asked)
	<-s.closed
	return false, nil
}

func tell(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Promises 6 and 4: a target that does not answer holds up nobody, and a client's going
// is recorded when it goes, however many requests wait for that target.
func TestATargetThatDoesNotAnswer(t *testing.T) {
	t.Run("global requests", func(t *testing.T) {
		far := &silent{newTarget(nil), make(chan struct{}, 1)}
		j := join(t, far, nil)
		go j.SendRequest("keepalive@openssh.com", true, nil)
		<-far.asked
		for range 40 { // more than x/crypto/ssh keeps: it would not hear of the client's end
			j.SendRequest("more@example.com", false, nil)
		}
		endsByClient(t, j)
	})
	t.Run("requests on a channel", func(t *testing.T) {
		ch := &silentChannel{newChannel(), make(chan struct{}, 1)}
		j := join(t, newTarget(func() (ssh.Channel, <-chan *ssh.Request, error) { return ch, ch.requests, nil }), nil)
		near, _, err := j.OpenChannel("session", nil)
		if err != nil {
			t.Fatal(err)
		}
		go near.SendRequest("window-change", true, make([]byte, 16))
		<-ch.asked
		for range 40 {
			near.SendRequest("window-change", false, make([]byte, 16))
		}
		endsByClient(t, j)
	})
}

func endsByClient(t *testing.T, j *joined) {
	t.Helper()
	j.Close()
	<-j.over
	j.sink.mu.Lock()
	defer j.sink.mu.Unlock()
	if j.sink.end == nil || j.sink.end.By != event.ByClient {
		t.Errorf("disconnect %+v, want one by the client", j.sink.end)
	}
}

// A client that does not wait for answers can't make the gateway keep its requests: so many
// may wait, of so many bytes, and the two largest that there are.
func TestRequestsThatWaitAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		bytes, fit int // of each, and how many may wait behind the one that is asked
		why        string
	}{
		"number": {0, 128, "more than 128 requests wait for an answer"},
		"bytes":  {250 << 10, 2, "requests of more than 512 KiB wait for an answer"},
	} {
		t.Run(name, func(t *testing.T) {
			ch := &silentChannel{newChannel(), make(chan struct{}, 1)}
			j := join(t, newTarget(func() (ssh.Channel, <-chan *ssh.Request, error) { return ch, ch.requests, nil }), nil)
			near, _, err := j.OpenChannel("session", nil)
			if err != nil {
				t.Fatal(err)
			}
			send := func() error {
				_, err := near.SendRequest("more@example.com", false, make([]byte, c.bytes))
				return err
			}
			send() // its error is the next one's
			<-ch.asked
			for range c.fit {
				if err := send(); err != nil {
					t.Fatal(err)
				}
			}
			j.mustSend(t, c.fit)
			for send() == nil { // ends with the connection
			}
			<-j.over
			if e := j.sink.end; e == nil || e.By != event.ByGateway || e.Reason != c.why {
				t.Errorf("disconnect %+v, want one by the gateway: %s", e, c.why)
			}
		})
	}
}

// mustSend has requests of the connection's answered, as none is once it has ended.
func (j *joined) mustSend(t *testing.T, waiting int) {
	t.Helper()
	for range 40 {
		if _, _, err := j.SendRequest("keepalive@openssh.com", true, nil); err != nil {
			t.Fatalf("with %d requests that wait: %v", waiting, err)
		}
	}
}
