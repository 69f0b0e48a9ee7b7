package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// Embedded decides for a gateway without a configuration: it lets in the one who started
// it, with a key of their own ~/.ssh. Who has none gets a password that is good for one
// login. Its methods may be called concurrently.
type Embedded struct {
	username string
	folder   string
	now      func() time.Time

	mu       sync.Mutex
	password string // the one-time password; "" once it was used, or if there never was one
	offered  bool   // there was one
}

// NewEmbedded returns what lets in username with the keys of home's .ssh: those of the
// *.pub files and of authorized_keys, read at every attempt. If it holds no key that is
// taken, a one-time password is made. now is the clock, for keys that expire.
func NewEmbedded(username, home string, now func() time.Time) (*Embedded, error) {
	if username == "" || !filepath.IsAbs(home) {
		return nil, fmt.Errorf("find the caller: name %q, home %q: must be known; use a configuration file", username, home)
	}
	e := &Embedded{username: username, folder: filepath.Join(home, ".ssh"), now: now}
	has, err := e.hasKey()
	if err != nil {
		return nil, err
	}
	if !has {
		e.password, e.offered = rand.Text(), true // 130 bits
	}
	return e, nil
}

// OneTimePassword returns the password that is good for one login, to be shown once to
// who started the gateway, and "" if keys are used, or if it was used up. There is
// no other after it: who needs one starts the gateway again, or makes a key.
func (e *Embedded) OneTimePassword() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.password
}

// Methods returns the ways in.
func (e *Embedded) Methods() Methods {
	m := Methods{PublicKeys: e}
	if e.offered {
		m.Passwords = e
	}
	return m
}

// PublicKey implements [PublicKeys].
func (e *Embedded) PublicKey(_ context.Context, req Request, key ssh.PublicKey) (*Grant, error) {
	if req.Username != e.username {
		return nil, denied("user %q is not %q, who started the gateway", req.Username, e.username)
	}
	if err := CheckKey(key); err != nil {
		return nil, denied("%v", err)
	}
	files, err := e.files()
	if err != nil {
		return nil, &BackendError{Op: "list keys", Err: err}
	}
	list := newKeyList(req, key, e.now())
	if g, err := searchFiles(list, files, e.username); g != nil || err != nil {
		return g, err
	}
	return nil, list.refuse()
}

// Password implements [Passwords]: the first who knows the one-time password uses it up.
func (e *Embedded) Password(_ context.Context, req Request, password []byte) (*Grant, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	// Hashes, since a comparison in constant time tells the length.
	want, got := sha256.Sum256([]byte(e.password)), sha256.Sum256(password)
	equal := subtle.ConstantTimeCompare(want[:], got[:]) == 1
	switch {
	case e.password == "":
		return nil, denied("the one-time password was used; start the gateway again for another, or make a key with ssh-keygen")
	case req.Username != e.username || !equal:
		return nil, denied("user %q or password is not the caller's", req.Username)
	}
	e.password = ""
	return &Grant{Username: req.Username, By: "one-time password"}, nil
}

// files returns the files with the caller's own keys.
func (e *Embedded) files() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(escapeGlob(e.folder), "*.pub"))
	if err != nil {
		return nil, fmt.Errorf("list %q: %w", e.folder, err)
	}
	return append(files, filepath.Join(e.folder, "authorized_keys")), nil
}

// escapeGlob makes a pattern that matches name alone.
func escapeGlob(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}

// hasKey reports whether a key that is taken is there. If there is none, a file that
// can't be read or trusted is an error: to make a password instead would hide it.
func (e *Embedded) hasKey() (bool, error) {
	files, err := e.files()
	if err != nil {
		return false, err
	}
	var unread []error
	for _, file := range files {
		data, err := readKeys(file, e.username)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			unread = append(unread, err)
		}
		for line := range strings.Lines(string(data)) {
			if CheckLine(strings.TrimRight(line, "\r\n")) == nil {
				return true, nil
			}
		}
	}
	if len(unread) > 0 {
		return false, fmt.Errorf("read keys of the caller: %w", errors.Join(unread...))
	}
	return false, nil
}
