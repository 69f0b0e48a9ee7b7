package bucket

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// keyError is that there is nothing to sign a request with.
type keyError struct{ err error }

func (e *keyError) Error() string { return "find an access key: " + e.err.Error() }
func (e *keyError) Unwrap() error { return e.err }

// machineTimeout is how long what a machine gives to its programs is waited for; it answers at once where it exists.
const machineTimeout = 5 * time.Second

// keyring finds the keys for each request anew, so that keys that were replaced are used at once. It
// is the library's provider, which calls it under a lock.
type keyring struct {
	given   func() (Keys, error)
	file    *credentials.FileAWSCredentials
	stamp   string // of the shared files that file has read
	fromIt  credentials.Value
	machine *credentials.IAM
	fromIAM credentials.Value
}

func newKeyring(given func() (Keys, error)) *keyring { return &keyring{given: given} }

// IsExpired is always true: each request asks.
func (k *keyring) IsExpired() bool { return true }

// Retrieve is RetrieveWithCredContext without a context.
func (k *keyring) Retrieve() (credentials.Value, error) { return k.RetrieveWithCredContext(nil) }

// RetrieveWithCredContext looks in the order of Amazon's own clients.
func (k *keyring) RetrieveWithCredContext(cc *credentials.CredContext) (credentials.Value, error) {
	v, err := k.find(cc)
	if err != nil {
		return v, &keyError{err}
	}
	if v.AccessKeyID == "" || v.SecretAccessKey == "" {
		return v, &keyError{errNoKeys}
	}
	v.SignerType = credentials.SignatureV4
	return v, nil
}

func (k *keyring) find(cc *credentials.CredContext) (credentials.Value, error) {
	if k.given != nil {
		keys, err := k.given()
		return credentials.Value{AccessKeyID: keys.Access, SecretAccessKey: keys.Secret, SessionToken: keys.Token}, err
	}
	env := credentials.EnvAWS{}
	if v, err := env.RetrieveWithCredContext(cc); err == nil && v.AccessKeyID != "" && v.SecretAccessKey != "" {
		return v, nil
	}
	v, fileErr := k.fromFile(cc)
	if fileErr == nil && v.AccessKeyID != "" {
		return v, nil
	}
	v, err := k.fromMachine(cc)
	if err != nil && fileErr != nil && os.Getenv("AWS_PROFILE") != "" {
		return v, fmt.Errorf("profile %q: %w", os.Getenv("AWS_PROFILE"), fileErr)
	}
	if err != nil {
		return v, errors.Join(errNoKeys, err)
	}
	return v, nil
}

// fromFile reads the shared files when they have changed or what they gave has expired.
func (k *keyring) fromFile(cc *credentials.CredContext) (credentials.Value, error) {
	stamp := os.Getenv("AWS_PROFILE") + sharedFile("AWS_CONFIG_FILE", "config") + sharedFile("AWS_SHARED_CREDENTIALS_FILE", "credentials")
	if k.file != nil && k.stamp == stamp && !k.file.IsExpired() {
		return k.fromIt, nil
	}
	file := &credentials.FileAWSCredentials{}
	v, err := file.RetrieveWithCredContext(cc)
	if err != nil {
		return v, fmt.Errorf("read the shared files: %w", err)
	}
	k.file, k.stamp, k.fromIt = file, stamp, v
	return v, nil
}

// sharedFile returns which file it is, how long, and of when.
func sharedFile(env, name string) string {
	path := os.Getenv(env)
	if home, err := os.UserHomeDir(); path == "" && err == nil {
		path = filepath.Join(home, ".aws", name)
	}
	info, err := os.Stat(path)
	if err != nil {
		return path + "\n"
	}
	return fmt.Sprintf("%s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
}

// fromMachine asks for the role of the pod, container or machine.
func (k *keyring) fromMachine(cc *credentials.CredContext) (credentials.Value, error) {
	if k.machine != nil && !k.machine.IsExpired() {
		return k.fromIAM, nil
	}
	machine := &credentials.IAM{Client: &http.Client{Timeout: machineTimeout}}
	v, err := machine.RetrieveWithCredContext(cc)
	if err != nil {
		return v, fmt.Errorf("ask for this machine's role: %w", err)
	}
	k.machine, k.fromIAM = machine, v
	return v, nil
}
