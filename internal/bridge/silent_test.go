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

// A client that does not wait for answers can't make the gateway keep its requests.
func TestRequestsThatWaitAreBounded(t *testing.T) {
	far := &silent{newTarget(nil), make(chan struct{}, 1)}
	j := join(t, far, nil)
	go func() { // ends with the connection
		for {
			if _, _, err := j.SendRequest("more@example.com", false, nil); err != nil {
				return
			}
		}
	}()
	j.Wait()
	<-j.over
	j.sink.mu.Lock()
	defer j.sink.mu.Unlock()
	if j.sink.end == nil || j.sink.end.By != event.ByGateway {
		t.Errorf("disconnect %+v, want one by the gateway", j.sink.end)
	}
}
