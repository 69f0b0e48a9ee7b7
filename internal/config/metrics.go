package config

import (
	"net"
	"strconv"
)

// Metrics says where the gateway tells how it is: /metrics, /healthz and /readyz.
type Metrics struct {
	Listen Address `yaml:"listen" default:"" doc:"Address and port for /metrics, /healthz and /readyz; empty is none of them. A port alone, and an address without a host, is this machine's own: 9100 is 127.0.0.1:9100. 0.0.0.0:9100 is every IPv4 address: whoever can reach it can read them." differs:"ContainerSSH has enable, listens on 0.0.0.0:9100, and has health apart from it."`
}

// Address is where to listen for what is nobody's business but this machine's, unless
// the configuration says otherwise.
type Address string

const loopback = "127.0.0.1"

// HostPort is the address with the host that is meant; empty for none.
func (a Address) HostPort() string {
	if _, err := strconv.ParseUint(string(a), 10, 16); err == nil {
		return net.JoinHostPort(loopback, string(a))
	}
	if host, port, err := net.SplitHostPort(string(a)); err == nil && host == "" {
		return net.JoinHostPort(loopback, port)
	}
	return string(a)
}

func (m *Metrics) validate(s *source) {
	if address := m.Listen.HostPort(); address != "" {
		validateListen(s, "metrics.listen", address, "write address:port, as 127.0.0.1:9100, or a port alone, or take the key away")
	}
}
