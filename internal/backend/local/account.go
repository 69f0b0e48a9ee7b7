//go:build linux

package local

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const passwdFile = "/etc/passwd"

// account is a line of the passwd database.
type account struct {
	name, home, shell string
	uid, gid          uint32
}

// lookup finds the user called name in a file like /etc/passwd, passwd(5). Only the file
// counts: other sources tell os/user no login shell, and without it nologin would be none.
func lookup(file, name string) (account, error) {
	f, err := os.Open(file)
	if err != nil {
		return account{}, fmt.Errorf("look up user: %w", err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		field := strings.Split(s.Text(), ":")
		if len(field) != 7 || field[0] != name || name == "" || name[0] == '#' {
			continue
		}
		uid, errUID := strconv.ParseUint(field[2], 10, 32)
		gid, errGID := strconv.ParseUint(field[3], 10, 32)
		if err := errors.Join(errUID, errGID); err != nil {
			return account{}, fmt.Errorf("user %.64q has a malformed line in %s", name, file)
		}
		a := account{name: name, home: field[5], shell: field[6], uid: uint32(uid), gid: uint32(gid)}
		if a.shell == "" {
			a.shell = "/bin/sh" // passwd(5)
		}
		if a.home == "" {
			a.home = "/"
		}
		return a, nil
	}
	if err := s.Err(); err != nil {
		return account{}, fmt.Errorf("look up user in %s: %w", file, err)
	}
	return account{}, fmt.Errorf("user %.64q is not in %s of this machine", name, file)
}

// mayBecome says why the gateway can't run programs as a.
func (a account) mayBecome() error {
	if own := os.Geteuid(); own != 0 && own != int(a.uid) {
		return fmt.Errorf("user %.64q: the gateway runs as user id %d and can't become others; log in with its own name, or run it as root", a.name, own)
	}
	return nil
}

// credential is a's, with all of its groups; nil if the gateway is not root, and then a is
// its own user.
func (a account) credential() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u := user.User{Username: a.name, Uid: strconv.FormatUint(uint64(a.uid), 10), Gid: strconv.FormatUint(uint64(a.gid), 10)}
	ids, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("look up groups of user %.64q: %w", a.name, err)
	}
	c := &syscall.Credential{Uid: a.uid, Gid: a.gid}
	for _, id := range ids {
		gid, err := strconv.ParseUint(id, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("look up groups of user %.64q: %w", a.name, err)
		}
		c.Groups = append(c.Groups, uint32(gid))
	}
	return c, nil
}

// mayTransfer refuses files to those who have a shell to be told that they can't log in:
// sftp does not pass through the shell here.
func (a account) mayTransfer() error {
	switch filepath.Base(a.shell) {
	case "nologin", "false":
		return fmt.Errorf("user %.64q can't log in: its shell is %s", a.name, a.shell)
	}
	if _, err := os.Stat(a.shell); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("user %.64q can't log in: its shell %s does not exist", a.name, a.shell)
	}
	return nil
}
