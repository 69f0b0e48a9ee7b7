package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/auth"
)

// Key is a private key. In the file it is PEM text, the name of a file that holds it,
// {file: PATH} or {env: NAME}. It is read when the configuration is, and never printed.
type Key struct {
	signer *ssh.Signer
}

// Signer returns what signs with the key, by algorithms without SHA-1 only; nil if no
// key is set.
func (k Key) Signer() ssh.Signer {
	if k.signer == nil {
		return nil
	}
	return *k.signer
}

// IsSet reports whether there is a key.
func (k Key) IsSet() bool { return k.signer != nil }

// UnmarshalText reads PEM text, or the file of that name.
func (k *Key) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return faultf("give PEM text or the name of a file, or take the key away", "there is no private key in nothing")
	}
	// Lines without the one that begins PEM are a key that was not copied whole, and not
	// the name of a file, which a message would repeat.
	if !strings.Contains(string(text), "-----BEGIN ") && !strings.ContainsAny(string(text), "\r\n") {
		name := string(text)
		var err error
		if text, err = readPrivate(name); err != nil {
			return hideName(name, "give PEM text as ssh-keygen writes it, or the path of a file, from / on", err)
		}
	}
	signer, err := parseKey(text)
	if err != nil {
		return err
	}
	*k = Key{&signer}
	return nil
}

// hideName returns err, without a name that no file has and that is no path from somewhere:
// it may be a secret, which was put where it does not belong.
func hideName(name, remedy string, err error) error {
	if _, notThere := os.Stat(name); notThere == nil || strings.HasPrefix(name, "/") || strings.HasPrefix(name, ".") {
		return err
	}
	return faultf(remedy, "is no PEM text, and no file has that name")
}

// parseKey reads a private key and refuses what is too weak to be one.
func parseKey(pem []byte) (ssh.Signer, error) {
	signer, err := ssh.ParsePrivateKey(pem)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		return nil, faultf("take the passphrase away: ssh-keygen -p -N '' -f FILE", "the private key is locked with a passphrase")
	}
	if err != nil {
		return nil, faultf("give PEM text as ssh-keygen writes it, or the name of a file that holds it", "no private key that can be read")
	}
	if err := auth.CheckKey(signer.PublicKey()); err != nil {
		return nil, faultf("make one: ssh-keygen -t ed25519 -f FILE", "private key: %v", err)
	}
	if signer.PublicKey().Type() != ssh.KeyAlgoRSA {
		return signer, nil
	}
	algorithms, ok := signer.(ssh.AlgorithmSigner)
	if !ok {
		return nil, fmt.Errorf("the private key can't sign with SHA-2")
	}
	multi, err := ssh.NewSignerWithAlgorithms(algorithms, []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256})
	return sha2Signer{multi}, err
}

// sha2Signer is an RSA key whose Sign uses SHA-512 (RFC 8332), not SHA-1 as the library's does.
type sha2Signer struct{ ssh.MultiAlgorithmSigner }

func (s sha2Signer) Sign(random io.Reader, data []byte) (*ssh.Signature, error) {
	return s.SignWithAlgorithm(random, data, ssh.KeyAlgoRSASHA512)
}

// MarshalText returns the public key's fingerprint.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// String returns the public key's fingerprint, or "" if no key is set.
func (k Key) String() string {
	if k.signer == nil {
		return ""
	}
	return ssh.FingerprintSHA256(k.Signer().PublicKey())
}

// GoString is String, for %#v.
func (k Key) GoString() string { return k.String() }

// Format is String for every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// LogValue is String for package slog.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }
