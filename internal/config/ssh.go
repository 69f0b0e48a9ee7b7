package config

import (
	"net"
	"strconv"
	"time"
)

// maxBanner keeps a banner well below the longest packet that every client must take
// (RFC 4253 §6.1: 35,000 bytes).
const maxBanner = 32 << 10

// SSH is the server that clients connect to. Host keys given inline or as files are
// read when the configuration is loaded.
type SSH struct {
	Listen              string   `yaml:"listen" default:"127.0.0.1:2222" doc:"Address and port to listen on. 0.0.0.0:2222 is every IPv4 address, [::]:2222 every address." differs:"ContainerSSH listens on 0.0.0.0:2222: on every network."`
	ServerVersion       string   `yaml:"serverVersion" default:"SSH-2.0-OpenSSH_sshtrail" doc:"Version line sent to clients (RFC 4253 section 4.2): SSH-2.0- and printable ASCII, at most 253 bytes. OpenSSH's client tells only servers whose name begins with OpenSSH that nobody reads a program's output any more, so that ssh HOST yes | head ends." differs:"ContainerSSH's default is SSH-2.0-ContainerSSH."`
	Ciphers             []string `yaml:"ciphers" default:"[aes128-gcm@openssh.com, aes256-gcm@openssh.com, chacha20-poly1305@openssh.com, aes128-ctr, aes192-ctr, aes256-ctr]" doc:"Ciphers, best first. CBC and RC4 are errors." differs:"ContainerSSH also allows CBC and RC4."`
	Kex                 []string `yaml:"kex" default:"[mlkem768x25519-sha256, curve25519-sha256, ecdh-sha2-nistp256, ecdh-sha2-nistp384, ecdh-sha2-nistp521, diffie-hellman-group14-sha256, diffie-hellman-group16-sha512]" doc:"Key exchanges, best first. Those with SHA-1 are errors." differs:"ContainerSSH has no post-quantum key exchange and allows SHA-1."`
	MACs                []string `yaml:"macs" default:"[hmac-sha2-256-etm@openssh.com, hmac-sha2-512-etm@openssh.com, hmac-sha2-256, hmac-sha2-512]" doc:"Message authentication codes, best first. Those with SHA-1 are errors." differs:"ContainerSSH allows SHA-1."`
	Banner              string   `yaml:"banner" default:"" doc:"Text shown to everybody before login (RFC 4252 section 5.4)."`
	HostKeys            []Key    `yaml:"hostkeys" default:"[]" doc:"The server's private keys: files, or PEM text. With an empty list they are made at the first start and kept in the state folder." differs:"ContainerSSH makes an RSA key and writes it into the configuration file."`
	ClientAliveInterval Duration `yaml:"clientAliveInterval" default:"0" max:"24h" doc:"How often a client that says nothing is asked whether it is there; 0 is never, else at least 1s."`
	ClientAliveCountMax int      `yaml:"clientAliveCountMax" default:"3" min:"1" max:"1000" doc:"How many unanswered questions end the connection."`

	LoginGraceTime       Duration `yaml:"loginGraceTime" default:"60s" min:"1s" max:"1h" doc:"How long a client may take to log in." differs:"Not in ContainerSSH, where it has no limit."`
	MaxStartups          Startups `yaml:"maxStartups" default:"100:30:200" doc:"Connections that are not logged in yet: start:rate:full as in OpenSSH (from start on, rate per cent are refused, rising to all of them at full), or one number, from which all are refused." differs:"Not in ContainerSSH."`
	MaxStartupsPerSource int      `yaml:"maxStartupsPerSource" default:"20" min:"1" max:"65535" doc:"Connections from one address that are not logged in yet." differs:"Not in ContainerSSH."`
	MaxAuthTries         int      `yaml:"maxAuthTries" default:"6" min:"1" max:"100" doc:"Failed attempts to log in before the connection is ended." differs:"ContainerSSH has 6, fixed."`
	MaxConnections       int      `yaml:"maxConnections" default:"10000" min:"1" max:"1000000" doc:"Connections at once." differs:"Not in ContainerSSH."`
	MaxChannels          int      `yaml:"maxChannels" default:"32" min:"1" max:"10000" doc:"Open channels of one connection. Each may hold 2 MiB of what its client has sent and nobody has read, which takes 100 MiB of memory if they came as single bytes." differs:"ContainerSSH has security.maxSessions, without a limit by default."`
	ShutdownGrace        Duration `yaml:"shutdownGrace" default:"30s" min:"0" max:"24h" doc:"How long sessions may go on after the gateway was told to stop." differs:"Not in ContainerSSH."`
}

func (c *SSH) validate(s *source) {
	validateListen(s, "ssh.listen", c.Listen, "write address:port, as 127.0.0.1:2222 or [::]:2222")
	validateVersion(s, "ssh.serverVersion", c.ServerVersion)
	validateTransport(s, "ssh", c.Ciphers, c.Kex, c.MACs)
	c.validateHostKeys(s)
	if len(c.Banner) > maxBanner {
		s.problem("ssh.banner", "shorten it", "has %d bytes, more than %d", len(c.Banner), maxBanner)
	}
	if interval := c.ClientAliveInterval.Duration(); interval != 0 && interval < time.Second {
		s.problem("ssh.clientAliveInterval", "write 1s or more, or 0 for never", "%v is too little", interval)
	}
}

// validateHostKeys notes a second key of one type: the library would forget the first.
func (c *SSH) validateHostKeys(s *source) {
	seen := map[string]int{}
	for i, k := range c.HostKeys {
		at := "ssh.hostkeys[" + strconv.Itoa(i) + "]"
		if !k.IsSet() {
			continue // a problem was noted where it was read
		}
		kind := k.Signer().PublicKey().Type()
		if first, twice := seen[kind]; twice {
			s.problem(at, "keep one of them", "is a second key of type %s, beside hostkeys[%d]", kind, first)
		}
		seen[kind] = i
	}
}

func validateListen(s *source, path, listen, remedy string) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		s.problem(path, remedy, "%q is no address with a port", listen)
		return
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n > 65535 {
		s.problem(path, remedy, "%q is no port", port)
	}
	if !isHost(host) && host != "" {
		s.problem(path, remedy, "%q is no address and no host name", host)
	}
}

// isHost reports whether s is an IP address or has the form of a host name (RFC 1123 §2.1,
// and the underscore that is found in practice).
func isHost(s string) bool {
	if net.ParseIP(s) != nil {
		return true
	}
	if s == "" || len(s) > 253 || s[0] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
		default:
			return false
		}
	}
	return true
}
