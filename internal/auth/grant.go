package auth

import (
	"net/netip"

	"golang.org/x/crypto/ssh"
)

// Grant is a yes, with what the client may do. It is not changed once it is returned.
type Grant struct {
	Username string // who the client is from now on
	By       string // what convinced us, for the operator: "key SHA256:… (/etc/sshtrail/alice:3)"

	ForceCommand      string   // run instead of what the client asks for, if Forced
	Forced            bool     // apart from ForceCommand: command="" forces an empty one
	NoPTY             bool     // no pty-req
	NoPortForwarding  bool     // see MayOpen, MayListen and MayUseSockets
	NoAgentForwarding bool     // no auth-agent-req@openssh.com
	NoX11Forwarding   bool     // no x11-req
	NoUserRC          bool     // no ~/.ssh/rc; this gateway itself runs none
	Environment       []string // NAME=value, for every program, before what the client sets
	NoTouchRequired   bool     // a security key's signature is good without a touch

	// Certificate is what was presented, if it was one: for the record.
	Certificate *ssh.Certificate

	open   []hostPort // nil: no limit
	listen []hostPort
}

// hostPort is what permitopen and permitlisten hold. Port 0 is every port.
type hostPort struct {
	host string
	port uint32
}

// MayOpen reports whether the client may be joined to that host and port (direct-tcpip).
// The host is compared as it is written: no name is looked up. Addresses are compared as
// addresses.
func (g *Grant) MayOpen(host string, port uint32) bool {
	if g.NoPortForwarding {
		return false
	}
	return permits(g.open, port, func(allowed string) bool { return sameHost(allowed, host) })
}

// MayListen reports whether the client may have that listened on (tcpip-forward). Port 0
// asks for any port, which only a permit for every port allows.
func (g *Grant) MayListen(host string, port uint32) bool {
	if g.NoPortForwarding {
		return false
	}
	return permits(g.listen, port, func(allowed string) bool {
		return sameHost(allowed, host) || matchWildcard(allowed, host)
	})
}

// MayUseSockets reports whether the client may reach Unix sockets and have them listened
// on (direct-streamlocal and streamlocal-forward, OpenSSH PROTOCOL §2.4). A key that is
// limited to hosts and ports was not meant for sockets.
func (g *Grant) MayUseSockets() bool {
	return !g.NoPortForwarding && g.open == nil && g.listen == nil
}

func permits(allowed []hostPort, port uint32, match func(string) bool) bool {
	if allowed == nil {
		return true
	}
	for _, a := range allowed {
		if (a.port == 0 || a.port == port) && match(a.host) {
			return true
		}
	}
	return false
}

func sameHost(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	return errX == nil && errY == nil && x.Unmap() == y.Unmap()
}
