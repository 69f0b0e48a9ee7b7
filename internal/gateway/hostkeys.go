package gateway

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/crypto/ssh"
)

// The keys that a gateway makes for itself: one of each type that clients of the last
// ten years know, none with SHA-1.
var hostKeyTypes = []struct {
	file string
	make func() (crypto.Signer, error)
}{
	{"ssh_host_ed25519_key", func() (crypto.Signer, error) { _, k, err := ed25519.GenerateKey(rand.Reader); return k, err }},
	{"ssh_host_ecdsa_key", func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }},
	{"ssh_host_rsa_key", func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 3072) }},
}

// HostKeys returns the host keys that are kept in folder. Those that are not there yet
// it makes, with mode 0600 in a folder with mode 0700.
func HostKeys(folder string) ([]ssh.Signer, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("create folder for host keys: %w", err)
	}
	var keys []ssh.Signer
	for _, t := range hostKeyTypes {
		path := filepath.Join(folder, t.file)
		key, err := readHostKey(path)
		if errors.Is(err, fs.ErrNotExist) {
			key, err = makeHostKey(path, t.make)
		}
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// CheckHostKeys says what is wrong with the host keys that are kept in folder. It makes
// none.
func CheckHostKeys(folder string) error {
	var errs []error
	for _, t := range hostKeyTypes {
		if _, err := readHostKey(filepath.Join(folder, t.file)); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func readHostKey(path string) (ssh.Signer, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read host key: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read host key: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("host key %q has mode %04o, and others could have read it: make a new one, or, if you know that nobody has, run chmod 600", path, mode)
	}
	key, err := ssh.ParsePrivateKey(b)
	if err != nil {
		return nil, fmt.Errorf("host key %q: %w: remove it to have a new one made", path, err)
	}
	return key, nil
}

// makeHostKey writes a new key under another name first, so that a crash leaves none
// that is cut.
func makeHostKey(path string, newKey func() (crypto.Signer, error)) (ssh.Signer, error) {
	private, err := newKey()
	if err != nil {
		return nil, fmt.Errorf("make host key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return nil, fmt.Errorf("make host key: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("make host key: %w", err)
	}
	defer os.Remove(f.Name()) // gone already if all went well
	_, err = f.Write(pem.EncodeToMemory(block))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return nil, fmt.Errorf("write host key: %w", err)
	}
	return ssh.NewSignerFromSigner(private)
}
