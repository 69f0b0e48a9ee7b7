package session

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sshtrail/sshtrail/internal/backend"
)

func TestCloseEndsTheProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFakeProcess()
		c, requests, _ := open(t, p, Policy{})
		accept(t, c, "shell", nil)
		writing := make(chan error)
		go func() { _, err := c.Write([]byte("nobody reads this")); writing <- err }()
		reading := make(chan error)
		go func() { _, err := c.Read(make([]byte, 1)); reading <- err }()
		synctest.Wait()
		if err := c.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		if err := <-writing; err != io.EOF {
			t.Errorf("Write = %v, want EOF", err)
		}
		if err := <-reading; err != io.EOF {
			t.Errorf("Read = %v, want EOF", err)
		}
		if r, more := <-requests; more {
			t.Errorf("request %v on a closed channel", r)
		}
		synctest.Wait()
		if p.closings != 1 {
			t.Errorf("the process was closed %d times, want once", p.closings)
		}
	})
}

func TestCloseWithoutProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, requests, host := open(t, newFakeProcess(), Policy{})
		ended := make(chan error, 3)
		go func() { _, err := c.Write([]byte("x")); ended <- err }()
		go func() { _, err := c.Read(make([]byte, 1)); ended <- err }()
		go func() { _, err := c.Stderr().Read(make([]byte, 1)); ended <- err }()
		synctest.Wait()
		if err := c.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		for range 3 {
			if err := <-ended; err != io.EOF {
				t.Errorf("waiting call = %v, want EOF", err)
			}
		}
		if _, more := <-requests; more {
			t.Error("a request on a closed channel")
		}
		if err := c.target.Close(); err != nil || !host.closed {
			t.Errorf("target's Close = %v, host closed: %v", err, host.closed)
		}
		if err := c.target.Wait(); err != nil {
			t.Errorf("Wait = %v", err)
		}
	})
}

// A client that leaves while its program is being started leaves none behind.
func TestCloseWhileStarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFakeProcess()
		c, requests, host := open(t, p, Policy{})
		host.start = func(ctx context.Context, _ backend.Command) (backend.Process, error) {
			<-ctx.Done()
			return p, nil // too late to stop
		}
		replied := make(chan bool)
		go func() { ok, _ := c.SendRequest("shell", true, nil); replied <- ok }()
		synctest.Wait()
		_ = c.Close()
		if <-replied {
			t.Error("the request was granted on a closed channel")
		}
		if _, more := <-requests; more {
			t.Error("a request on a closed channel")
		}
		if p.closings != 1 {
			t.Errorf("the process was closed %d times, want once", p.closings)
		}
	})
}

func TestTargetCloseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newFakeProcess()
		c, _, host := open(t, p, Policy{})
		accept(t, c, "shell", nil)
		if err := c.target.Close(); err != nil {
			t.Fatal(err)
		}
		if p.closings != 1 || !host.closed {
			t.Errorf("after Close: process closed %d times, host closed: %v", p.closings, host.closed)
		}
	})
}

func TestStartFails(t *testing.T) {
	p := newFakeProcess()
	c, _, host := open(t, p, Policy{})
	host.start = func(context.Context, backend.Command) (backend.Process, error) {
		return nil, errors.New("no image")
	}
	deny(t, c, "shell", nil, "no image")
	buf := make([]byte, 100)
	n, err := c.Stderr().Read(buf)
	if got := string(buf[:n]); err != nil || got != "sshtrail: no image\r\n" {
		t.Errorf("stderr = %q, %v, want the reason", got, err)
	}
	host.start = func(context.Context, backend.Command) (backend.Process, error) { return p, nil }
	accept(t, c, "exec", execRequest{"id"})
}

func TestPanicIsARefusal(t *testing.T) {
	c, _, host := open(t, newFakeProcess(), Policy{})
	host.start = func(context.Context, backend.Command) (backend.Process, error) { panic("oops") }
	deny(t, c, "shell", nil, "internal error")
	if !strings.Contains(c.LastRefusal(), "oops") {
		t.Errorf("LastRefusal() = %q", c.LastRefusal())
	}
}
