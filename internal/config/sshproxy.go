package config

import (
	"encoding/base64"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// SSHProxy is the backend that joins clients to another SSH server.
type SSHProxy struct {
	Server                     string   `yaml:"server" default:"" doc:"Host name or address of the server, without a port. Required for sshproxy."`
	Port                       int      `yaml:"port" default:"22" min:"1" max:"65535" doc:"Its port."`
	UsernamePassThrough        bool     `yaml:"usernamePassThrough" default:"false" doc:"Log in there with the client's user name."`
	Username                   string   `yaml:"username" default:"" doc:"User name there; required unless usernamePassThrough is true, and then not allowed." differs:"ContainerSSH ignores it silently when usernamePassThrough is true."`
	Password                   Secret   `yaml:"password" default:"" doc:"Password there. This or privateKey is required." differs:"ContainerSSH requires neither."`
	PrivateKey                 Key      `yaml:"privateKey" default:"" doc:"Private key for there: a file, or PEM text, without a passphrase."`
	AllowedHostKeyFingerprints []string `yaml:"allowedHostKeyFingerprints" default:"[]" doc:"Fingerprints (SHA256:…) of the host keys that the server may have. This or knownHosts is required: host key checking is never off."`
	KnownHosts                 string   `yaml:"knownHosts" default:"" doc:"File in the format of OpenSSH's known_hosts." differs:"Not in ContainerSSH."`
	Ciphers                    []string `yaml:"ciphers" default:"[aes128-gcm@openssh.com, aes256-gcm@openssh.com, chacha20-poly1305@openssh.com, aes128-ctr, aes192-ctr, aes256-ctr]" doc:"Ciphers, best first."`
	Kex                        []string `yaml:"kex" default:"[mlkem768x25519-sha256, curve25519-sha256, ecdh-sha2-nistp256, ecdh-sha2-nistp384, ecdh-sha2-nistp521, diffie-hellman-group14-sha256, diffie-hellman-group16-sha512]" doc:"Key exchanges, best first."`
	MACs                       []string `yaml:"macs" default:"[hmac-sha2-256-etm@openssh.com, hmac-sha2-512-etm@openssh.com, hmac-sha2-256, hmac-sha2-512]" doc:"Message authentication codes, best first."`
	HostKeyAlgos               []string `yaml:"hostKeyAlgos" default:"[ssh-ed25519, ecdsa-sha2-nistp256, ecdsa-sha2-nistp384, ecdsa-sha2-nistp521, rsa-sha2-256, rsa-sha2-512]" doc:"Types of host keys, best first. Those with SHA-1 are errors."`
	Timeout                    Duration `yaml:"timeout" default:"60s" min:"1s" max:"1h" doc:"How long connecting and logging in there may take."`
	ClientVersion              string   `yaml:"clientVersion" default:"SSH-2.0-sshtrail" doc:"Version line sent to the server." differs:"ContainerSSH's default is SSH-2.0-ContainerSSH."`
}

// validate checks what is written whether it is used or not, and wants what is required
// only where it is.
func (p *SSHProxy) validate(s *source, used bool) {
	validateTransport(s, "sshproxy", p.Ciphers, p.Kex, p.MACs)
	validateAlgorithms(s, "sshproxy.hostKeyAlgos", p.HostKeyAlgos, ssh.SupportedAlgorithms().HostKeys, ssh.InsecureAlgorithms().HostKeys)
	validateVersion(s, "sshproxy.clientVersion", p.ClientVersion)
	if p.Server != "" && !isHost(p.Server) {
		s.problem("sshproxy.server", "write a host name or an address; the port has a key of its own", "%q is no host name", p.Server)
	}
	if p.UsernamePassThrough && p.Username != "" {
		s.problem("sshproxy.username", "take one of them away", "is set, and usernamePassThrough is true")
	}
	p.validateFingerprints(s)
	if used {
		p.validateRequired(s)
	}
}

func (p *SSHProxy) validateRequired(s *source) {
	if p.Server == "" {
		s.problem("sshproxy.server", "write the host name of the SSH server", "is required for sshproxy")
	}
	if p.Username == "" && !p.UsernamePassThrough {
		s.problem("sshproxy.username", "write it, or usernamePassThrough: true", "is required for sshproxy")
	}
	// An empty password that is written down is one: some targets take it.
	if !s.has("sshproxy.password") && !s.has("sshproxy.privateKey") {
		s.problem("sshproxy", "write password or privateKey", "has nothing to log in with")
	}
	if len(p.AllowedHostKeyFingerprints) == 0 && p.KnownHosts == "" {
		s.problem("sshproxy", "write allowedHostKeyFingerprints (ssh-keyscan HOST | ssh-keygen -lf -) or knownHosts", "host key checking is never off, and no host key is known")
	}
	if p.KnownHosts == "" {
		return
	}
	if _, err := knownhosts.New(p.KnownHosts); err != nil {
		s.problem("sshproxy.knownHosts", "check the file; ssh-keyscan HOST writes one", "read %q: %v", p.KnownHosts, err)
	}
}

// validateFingerprints wants what ssh.FingerprintSHA256 returns: SHA256: and 32 bytes in
// base64 without padding.
func (p *SSHProxy) validateFingerprints(s *source) {
	for i, print := range p.AllowedHostKeyFingerprints {
		sum, ok := strings.CutPrefix(print, "SHA256:")
		raw, err := base64.RawStdEncoding.Strict().DecodeString(sum)
		if !ok || err != nil || len(raw) != 32 {
			s.problem("sshproxy.allowedHostKeyFingerprints["+strconv.Itoa(i)+"]", "write what ssh-keygen -lf FILE shows, from SHA256: on", "%q is no SHA-256 fingerprint", print)
		}
	}
}
