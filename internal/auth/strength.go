package auth

import (
	"crypto/rsa"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// minRSA is the shortest RSA key that is taken, in bits: NIST SP 800-57 part 1 allows
// none below since 2014, and OpenSSH refuses below it what it makes itself.
const minRSA = 2048

// CheckKey reports why key, or the key that a certificate certifies, is too weak or of a
// kind that is not taken: DSA is gone from OpenSSH since 10.0.
func CheckKey(key ssh.PublicKey) error {
	if cert, ok := key.(*ssh.Certificate); ok {
		if err := CheckKey(cert.SignatureKey); err != nil {
			return fmt.Errorf("check authority of certificate: %w", err)
		}
		key = cert.Key
	}
	switch key.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256,
		ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521:
		return nil
	case ssh.KeyAlgoRSA:
		return checkRSA(key)
	}
	return fmt.Errorf("keys of type %q are not taken", key.Type())
}

func checkRSA(key ssh.PublicKey) error {
	public, ok := key.(ssh.CryptoPublicKey)
	if !ok {
		return fmt.Errorf("size of RSA key is not known")
	}
	rsaKey, ok := public.CryptoPublicKey().(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("size of RSA key is not known")
	}
	if bits := rsaKey.N.BitLen(); bits < minRSA {
		return fmt.Errorf("RSA key has %d bits, fewer than %d", bits, minRSA)
	}
	return nil
}

// KeyAlgorithms returns the signature algorithms for public keys that are taken, for
// ssh.ServerConfig: none with SHA-1, no DSA.
func KeyAlgorithms() []string {
	return []string{
		ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256,
		ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
		ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
	}
}
