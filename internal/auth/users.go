package auth

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// User is somebody who may log in, and with what.
type User struct {
	Name           string       `yaml:"name" doc:"Name to log in with."`
	Keys           []string     `yaml:"keys" default:"[]" doc:"Public keys, each a line as in authorized_keys, with its options."`
	AuthorizedKeys []string     `yaml:"authorizedKeys" default:"[]" doc:"Files in the format of authorized_keys, by absolute path. They are read at every attempt, so that a change needs no restart; one that belongs to somebody else, or that others may write, is refused."`
	Password       PasswordHash `yaml:"password" default:"" doc:"Hash of the password, by bcrypt or argon2id: what sshtrail hash-password prints. Without it no password is right."`
}

// Users decides for a fixed list of users. Its methods may be called concurrently.
//
// Who does not exist gets the answer of who is refused, and for the same work: another
// user stands in, always the same for the same name, and what comes of it is thrown away.
type Users struct {
	byName    map[string]*User
	all       []*User
	passwords []*User // those that have one
	seed      maphash.Seed
	hasher    *hasher
	now       func() time.Time
}

// NewUsers returns what decides for those users. now is the clock, for keys and
// certificates that expire.
func NewUsers(users []User, now func() time.Time) (*Users, error) {
	u := &Users{byName: map[string]*User{}, seed: maphash.MakeSeed(), hasher: newHasher(), now: now}
	for _, one := range users {
		if u.byName[one.Name] != nil || one.Name == "" {
			return nil, fmt.Errorf("list users: name %q is empty or there twice", one.Name)
		}
		for i, line := range one.Keys {
			if err := CheckLine(line); err != nil {
				return nil, fmt.Errorf("read key %d of user %q: %w", i, one.Name, err)
			}
		}
		u.byName[one.Name] = &one
		u.all = append(u.all, &one)
		if one.Password.IsSet() {
			u.passwords = append(u.passwords, &one)
		}
	}
	if len(u.all) == 0 {
		return nil, errors.New("list users: there is none")
	}
	return u, nil
}

// standIn returns one of users, the same for the same name as long as the process lives.
func (u *Users) standIn(name string, users []*User) *User {
	return users[maphash.String(u.seed, name)%uint64(len(users))]
}

// Methods returns the ways in that the users have. Passwords are offered to all or none:
// who has one is nobody's business.
func (u *Users) Methods() Methods {
	m := Methods{PublicKeys: u}
	if len(u.passwords) > 0 {
		m.Passwords = u
	}
	return m
}

// PublicKey implements [PublicKeys].
func (u *Users) PublicKey(_ context.Context, req Request, key ssh.PublicKey) (*Grant, error) {
	user := u.byName[req.Username]
	if user == nil {
		_, _ = u.search(u.standIn(req.Username, u.all), req, key)
		return nil, denied("there is no user %q", req.Username)
	}
	return u.search(user, req, key)
}

// search looks a key up in what user has.
func (u *Users) search(user *User, req Request, key ssh.PublicKey) (*Grant, error) {
	if err := CheckKey(key); err != nil {
		return nil, denied("%v", err)
	}
	list := newKeyList(req, key, u.now())
	if g := list.search("keys", strings.Join(user.Keys, "\n")); g != nil {
		return g, nil
	}
	if g, err := searchFiles(list, user.AuthorizedKeys, user.Name); g != nil || err != nil {
		return g, err
	}
	return nil, list.refuse()
}

// searchFiles looks through files. One that is missing lists nobody; if another can't be
// read or trusted and no other has the key, nobody can tell.
func searchFiles(list *keyList, files []string, username string) (*Grant, error) {
	var unread []error
	for _, file := range files {
		data, err := readKeys(file, username)
		if errors.Is(err, fs.ErrNotExist) {
			list.note(fmt.Sprintf("file %q does not exist", file))
			continue
		}
		if err != nil {
			unread = append(unread, err)
			continue
		}
		if g := list.search(file, string(data)); g != nil {
			return g, nil
		}
	}
	if len(unread) > 0 {
		return nil, &BackendError{Op: "read authorized keys", Err: errors.Join(unread...)}
	}
	return nil, nil
}

// Password implements [Passwords].
func (u *Users) Password(ctx context.Context, req Request, password []byte) (*Grant, error) {
	if len(password) > maxPassword {
		return nil, denied("password has %d bytes, more than %d", len(password), maxPassword)
	}
	if len(u.passwords) == 0 {
		return nil, denied("nobody has a password")
	}
	user := u.byName[req.Username]
	holder := user
	if user == nil || !user.Password.IsSet() {
		holder = u.standIn(req.Username, u.passwords)
	}
	equal, err := u.hasher.compare(ctx, holder.Password, password)
	switch {
	case err != nil:
		return nil, &BackendError{Op: "check password", Err: err}
	case user == nil:
		return nil, denied("there is no user %q", req.Username)
	case holder != user:
		return nil, denied("user %q has no password", req.Username)
	case !equal:
		return nil, denied("password of user %q is wrong", req.Username)
	}
	return &Grant{Username: req.Username, By: "password"}, nil
}
