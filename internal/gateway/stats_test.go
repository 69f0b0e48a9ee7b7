package gateway

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/config"
	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/metrics"
)

// says connects, says something, and waits for the end of the connection.
func (h *house) says(t *testing.T, words string, leave bool) {
	t.Helper()
	c, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	io.WriteString(c, words) // the gateway may have ended it by then
	if leave {
		c.(*net.TCPConn).CloseWrite()
	}
	io.Copy(io.Discard, c)
}

// Each connection that ends without a login has its reason, and the message has it too.
func TestReasonsOfRefusals(t *testing.T) {
	for _, test := range []struct {
		reason metrics.Refusal
		change func(*config.SSH)
		do     func(t *testing.T, h *house)
	}{
		{metrics.NotSSH, nil, func(t *testing.T, h *house) { h.says(t, "GET / HTTP/1.1\r\n\r\n", false) }},
		{metrics.ClientLeft, nil, func(t *testing.T, h *house) { h.says(t, "", true) }},
		{metrics.ClientLeft, nil, func(t *testing.T, h *house) { h.says(t, "SSH-2.0-x\r\n", true) }},
		{metrics.Protocol, nil, func(t *testing.T, h *house) { h.says(t, "SSH-2.0-x\r\n\xff\xff\xff\xff\xff\xff\xff\xff", false) }},
		{metrics.LoginTimeout, func(c *config.SSH) { c.LoginGraceTime = config.Duration(50 * time.Millisecond) }, func(t *testing.T, h *house) { h.says(t, "SSH-2.0-x\r\n", false) }},
		{metrics.Denied, nil, func(t *testing.T, h *house) {
			stranger := h.client("good")
			stranger.Auth = []ssh.AuthMethod{ssh.PublicKeys(newSigner(t))}
			if _, err := ssh.Dial("tcp", h.addr, stranger); err == nil {
				t.Error("another key lets in")
			}
		}},
		{metrics.MaxConnections, func(c *config.SSH) { c.MaxConnections = 1 }, func(t *testing.T, h *house) {
			defer h.hold(t).Close()
			h.says(t, "", false)
		}},
		{metrics.MaxStartups, func(c *config.SSH) { c.MaxStartups = config.Startups{Start: 1, Rate: 100, Full: 1} }, func(t *testing.T, h *house) {
			defer h.hold(t).Close()
			h.says(t, "", false)
		}},
		{metrics.PerSource, func(c *config.SSH) { c.MaxStartupsPerSource = 1 }, func(t *testing.T, h *house) {
			defer h.hold(t).Close()
			h.says(t, "", false)
		}},
		{metrics.Stopping, nil, func(t *testing.T, h *house) { h.hold(t); h.stop() }},
	} {
		t.Run(string(test.reason), func(t *testing.T) {
			t.Parallel()
			h := open(t, test.change, nothing)
			test.do(t, h)
			gatewaytest.Eventually(t, "the connection is refused", func() bool { return h.gateway.Stats().Refused[test.reason] == 1 })
			h.stop()
			s := h.gateway.Stats()
			refused := uint64(0)
			for _, n := range s.Refused {
				refused += n
			}
			if refused != s.Connections || s.Startups+s.Sessions+s.Farewells != 0 {
				t.Errorf("at the end there is %+v, want each connection refused once, and none left", s)
			}
			if said := h.said.String(); !strings.Contains(said, "reason="+string(test.reason)+" ") {
				t.Errorf("the operator is told\n%swithout the reason", said)
			}
		})
	}
}

// hold connects, and returns when the gateway has greeted.
func (h *house) hold(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return c
}

// A gateway that would refuse whoever comes next says so, and why.
func TestObstacles(t *testing.T) {
	for _, test := range []struct {
		want   string
		change func(*config.SSH)
	}{
		{"ssh.maxConnections", func(c *config.SSH) { c.MaxConnections = 1 }},
		{"ssh.maxStartups", func(c *config.SSH) { c.MaxStartups = config.Startups{Start: 1, Rate: 100, Full: 1} }},
	} {
		h := open(t, test.change, nothing)
		gatewaytest.Eventually(t, "the gateway serves", h.gateway.serving.Load)
		if why := h.gateway.Stats().Obstacles; len(why) != 0 {
			t.Errorf("at first there is %q, want nothing in the way", why)
		}
		h.hold(t)
		if why := h.gateway.Stats().Obstacles; len(why) != 1 || !strings.Contains(why[0], test.want) {
			t.Errorf("there is %q in the way, want %s", why, test.want)
		}
		h.stop()
		if why := h.gateway.Stats().Obstacles; len(why) == 0 || why[0] != "no new connections are taken" {
			t.Errorf("after the stop there is %q in the way", why)
		}
	}
}

// A connection that was counted as a login is no refusal, however it ends.
func TestConnectionsAreCountedOnce(t *testing.T) {
	h := open(t, nil, nil) // no Connect: a panic when somebody has logged in
	c, err := h.login("good")
	if err != nil {
		t.Fatal(err)
	}
	c.Wait()
	h.stop()
	if s := h.gateway.Stats(); s.Connections != 1 || s.Logins[metrics.PublicKey] != 1 || s.Refused[metrics.Internal] != 0 {
		t.Errorf("there is %+v, want a login and no refusal", s)
	}
	s := &session{gateway: h.gateway}
	s.refused(metrics.Denied)
	s.refused(metrics.Internal)
	if n := h.gateway.Stats().Refused; n[metrics.Denied] != 1 || n[metrics.Internal] != 0 {
		t.Errorf("one connection is refused as %v", n)
	}
}
