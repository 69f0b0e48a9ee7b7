package config

import (
	"fmt"
	"path/filepath"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/sshtrail/sshtrail/internal/auth"
)

// Auth says who gets in.
type Auth struct {
	Users []auth.User `yaml:"users" default:"[]" doc:"The users that exist, and what each may log in with." differs:"ContainerSSH asks a webhook, an OAuth2 provider or Kerberos; its keys under auth are known here and not built yet."`
}

// maxName is the longest name of a user, in bytes: Linux has 32, directories have 256.
const maxName = 256

func (a *Auth) validate(s *source) {
	if len(a.Users) == 0 {
		s.problem("auth.users", "list at least one user with a key or the hash of a password", "nobody could log in")
	}
	seen := map[string]int{}
	for i := range a.Users {
		path := "auth.users[" + strconv.Itoa(i) + "]"
		validateUser(s, path, &a.Users[i])
		name := a.Users[i].Name
		if first, twice := seen[name]; twice && name != "" {
			s.problem(join(path, "name"), "put their keys into one entry", "%q is listed twice, first as users[%d]", name, first)
			continue
		}
		seen[name] = i
	}
}

func validateUser(s *source, path string, u *auth.User) {
	if err := checkName(u.Name); err != nil {
		s.bad(join(path, "name"), err)
	}
	for i, line := range u.Keys {
		if err := auth.CheckLine(line); err != nil {
			s.bad(join(path, "keys")+"["+strconv.Itoa(i)+"]", err)
		}
	}
	for i, file := range u.AuthorizedKeys {
		if !filepath.IsAbs(file) {
			s.problem(join(path, "authorizedKeys")+"["+strconv.Itoa(i)+"]", "write one that begins with /", "%q is no absolute path", file)
		}
	}
	if len(u.Keys) == 0 && len(u.AuthorizedKeys) == 0 && !u.Password.IsSet() && !s.has(join(path, "password")) {
		s.problem(path, "give keys, authorizedKeys or password", "has nothing to log in with")
	}
}

func checkName(name string) error {
	const remedy = "write the name that the user logs in with"
	if name == "" {
		return faultf(remedy, "has no name")
	}
	if len(name) > maxName {
		return faultf(remedy, "a name of %d bytes is longer than %d", len(name), maxName)
	}
	for _, r := range name {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return faultf(remedy, "%s has characters that can't be printed", fmt.Sprintf("%+q", name))
		}
	}
	return nil
}
