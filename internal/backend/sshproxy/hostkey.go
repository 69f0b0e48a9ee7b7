package sshproxy

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// hostKeys decides on the upstream server's key, for one client.
type hostKeys struct {
	config     Config
	known      ssh.HostKeyCallback // nil without a file
	expected   []string            // in words, for the message
	algorithms []string            // to negotiate
	refused    *HostKeyError       // by the last check
	accepted   bool                // the last check's answer
}

// HostKeyError says that the upstream server has another host key than it should have.
type HostKeyError struct {
	Server    string
	Presented string   // type and fingerprint
	Expected  []string // fingerprints, with their places if they are from a file
	Revoked   bool
}

func (e *HostKeyError) Error() string {
	presented := fmt.Sprintf("upstream server %s presents the host key %s", e.Server, e.Presented)
	switch {
	case e.Revoked:
		return presented + ", which is marked as revoked; do not connect, and ask who runs the server"
	case len(e.Expected) == 0:
		return presented + ", and none is known for it; compare it with what ssh-keygen -l shows on the server, and add it to knownHosts or allowedHostKeyFingerprints"
	}
	return presented + ", but expected is " + strings.Join(e.Expected, " or ") +
		"; somebody may be in between, or the server has a new key: ask who runs it, and only then change knownHosts or allowedHostKeyFingerprints"
}

// hostKeys reads the file of known hosts, which may have changed since the last client.
func (c Config) hostKeys() (*hostKeys, error) {
	k := &hostKeys{config: c, expected: c.AllowedHostKeyFingerprints, algorithms: c.HostKeyAlgorithms}
	var formats []string
	if c.KnownHosts != "" {
		var err error
		if k.known, err = knownhosts.New(c.KnownHosts); err != nil {
			return nil, fmt.Errorf("read known hosts: %w; knownHosts in the configuration must be a file as ssh-keyscan writes it", err)
		}
		text, err := os.ReadFile(c.KnownHosts)
		if err != nil {
			return nil, fmt.Errorf("read known hosts: %w", err)
		}
		lines := strings.Split(string(text), "\n")
		for _, want := range k.wanted(nil) {
			authority := want.Line <= len(lines) && strings.HasPrefix(strings.TrimSpace(lines[want.Line-1]), "@cert-authority")
			k.expected = append(slices.Clip(k.expected), describe(want, authority))
			if authority {
				formats = append(certificates(), formats...)
			} else {
				formats = append(formats, algorithmsOf(want.Key.Type())...)
			}
		}
	}
	if len(k.algorithms) > 0 {
		return k, nil
	}
	// Ask for what we know first, else a server that has more keys presents another one
	// than we know. With fingerprints any plain key may be meant.
	if len(formats) == 0 || len(c.AllowedHostKeyFingerprints) > 0 {
		formats = append(formats, plain()...)
	}
	for _, f := range formats {
		if !slices.Contains(k.algorithms, f) {
			k.algorithms = append(k.algorithms, f)
		}
	}
	return k, nil
}

func describe(k knownhosts.KnownKey, authority bool) string {
	what := ""
	if authority {
		what = "a certificate by "
	}
	return fmt.Sprintf("%s%s %s (%s:%d)", what, k.Key.Type(), ssh.FingerprintSHA256(k.Key), k.Filename, k.Line)
}

// wanted is what the file has for the server, if it does not have key.
func (k *hostKeys) wanted(key ssh.PublicKey) []knownhosts.KnownKey {
	if key == nil {
		key = noKey{}
	}
	var unknown *knownhosts.KeyError
	if k.known != nil && errors.As(k.known(k.config.addr(), &net.TCPAddr{}, key), &unknown) {
		return unknown.Want
	}
	return nil
}

// noKey is a key that no file has: asking for it shows what the file has.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return nil }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("not a key") }

// check is an ssh.HostKeyCallback.
func (k *hostKeys) check(host string, remote net.Addr, key ssh.PublicKey) error {
	fingerprint := ssh.FingerprintSHA256(key)
	var revoked *knownhosts.RevokedError
	k.accepted, k.refused = true, nil
	var err error
	if k.known != nil {
		if err = k.known(host, remote, key); err == nil {
			return nil
		}
	}
	if !errors.As(err, &revoked) && slices.Contains(k.config.AllowedHostKeyFingerprints, fingerprint) {
		return nil
	}
	k.accepted = false
	k.refused = &HostKeyError{
		Server:    k.config.addr(),
		Presented: key.Type() + " " + fingerprint,
		Expected:  k.expected,
		Revoked:   revoked != nil,
	}
	return k.refused
}

// tryOthers reports whether the server may have another key that is good: its first one
// was not, and what is expected is known by fingerprint only, so we can't ask for it.
// Then algorithms are those that are left.
func (k *hostKeys) tryOthers() bool {
	if k.refused == nil || k.refused.Revoked || len(k.config.HostKeyAlgorithms) > 0 || len(k.config.AllowedHostKeyFingerprints) == 0 {
		return false
	}
	format, _, _ := strings.Cut(k.refused.Presented, " ")
	tried := algorithmsOf(format)
	left := slices.DeleteFunc(slices.Clone(k.algorithms), func(a string) bool { return slices.Contains(tried, a) })
	if len(left) == 0 || len(left) == len(k.algorithms) {
		return false
	}
	k.algorithms = left
	return true
}
