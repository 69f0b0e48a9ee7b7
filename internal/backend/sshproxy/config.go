package sshproxy

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// Config says which upstream server clients are joined to, and how we log in there.
type Config struct {
	Server string // name or address
	Port   uint16
	// UsernamePassThrough logs in under the client's name, and not under Username.
	UsernamePassThrough bool
	Username            string
	Password            Secret
	PrivateKey          ssh.Signer
	// AllowedHostKeyFingerprints and KnownHosts, a file, say which host keys are the
	// server's. A key is good if either has it. At least one must be there: without,
	// anybody in between could read and change everything, the password too.
	AllowedHostKeyFingerprints []string // as ssh-keygen -l shows them: SHA256:…
	KnownHosts                 string
	// Algorithms in order of preference; empty: those of the library that are not weak.
	Ciphers, KeyExchanges, MACs, HostKeyAlgorithms []string
	// Timeout is for all of connecting, key exchange and login.
	Timeout       time.Duration
	ClientVersion string // SSH-2.0-…; empty: the library's
}

// Secret is a string that messages don't show.
type Secret string

// Format writes *** whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("***")) }

// MarshalText writes *** into JSON, YAML and structured messages.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

func (c Config) addr() string {
	return net.JoinHostPort(c.Server, strconv.Itoa(int(c.Port)))
}

// Validate says everything that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Server == "" {
		add("server: give the name or address of the upstream server")
	}
	if c.Port == 0 {
		add("port: give the port of the upstream server; SSH's own is 22")
	}
	if c.UsernamePassThrough == (c.Username != "") {
		add("username: give either username or usernamePassThrough: true")
	}
	if c.Password == "" && c.PrivateKey == nil {
		add("password, privateKey: give at least one of them to log in with")
	}
	if len(c.AllowedHostKeyFingerprints) == 0 && c.KnownHosts == "" {
		add("allowedHostKeyFingerprints: give the fingerprints of the server's host keys, which ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub shows there, or a file knownHosts")
	}
	for _, f := range c.AllowedHostKeyFingerprints {
		if !isFingerprint(f) {
			add("allowedHostKeyFingerprints: %q is none; they look like SHA256: and 43 letters", f)
		}
	}
	if c.Timeout <= 0 {
		add("timeout: give a time above 0")
	}
	if c.ClientVersion != "" && !isVersion(c.ClientVersion) {
		add("clientVersion: %q is none; it begins with SSH-2.0-, is shorter than 254 bytes, and all are printable", c.ClientVersion)
	}
	supported, insecure := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	for _, list := range []struct {
		name                 string
		given, good, allowed []string
	}{
		{"ciphers", c.Ciphers, supported.Ciphers, insecure.Ciphers},
		{"kex", c.KeyExchanges, supported.KeyExchanges, insecure.KeyExchanges},
		{"macs", c.MACs, supported.MACs, insecure.MACs},
		{"hostKeyAlgos", c.HostKeyAlgorithms, supported.HostKeys, insecure.HostKeys},
	} {
		for _, name := range unknown(list.given, list.good, list.allowed) {
			add("%s: %q is not known; known are %s", list.name, name, strings.Join(list.good, ", "))
		}
	}
	return errors.Join(errs...)
}

func isFingerprint(s string) bool {
	b, ok := strings.CutPrefix(s, "SHA256:")
	hash, err := base64.RawStdEncoding.DecodeString(b)
	return ok && err == nil && len(hash) == 32
}

// isVersion follows RFC 4253 §4.2.
func isVersion(s string) bool {
	return len(s) <= 253 && strings.HasPrefix(s, "SSH-2.0-") &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
