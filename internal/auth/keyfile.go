package auth

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// maxKeyFile is the most that a file of authorized keys may hold, in bytes.
const maxKeyFile = 1 << 20

// readKeys reads a file that decides who gets in. It, and every folder on the way to it,
// must belong to root, to us or to the account of the user whom it lets in, and nobody
// else may be able to change them, as sshd's StrictModes wants. A folder with the sticky bit (/tmp) is no danger: what is ours stays
// ours in it.
func readKeys(name, username string) ([]byte, error) {
	owners := ownersFor(username)
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO must not hold us
	if err != nil {
		return nil, err
	}
	defer f.Close() // read only: there is nothing to lose
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is no regular file", name)
	}
	if err := checkOwner(name, info, owners); err != nil {
		return nil, err
	}
	if err := checkFolders(name, owners); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxKeyFile {
		return nil, fmt.Errorf("%q is longer than %d bytes", name, maxKeyFile)
	}
	return data, nil
}

func checkFolders(name string, owners []string) error {
	resolved, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	if resolved, err = filepath.Abs(resolved); err != nil {
		return err
	}
	for folder := filepath.Dir(resolved); ; folder = filepath.Dir(folder) {
		info, err := os.Stat(folder)
		if err != nil {
			return err
		}
		if info.Mode()&fs.ModeSticky == 0 {
			if err := checkOwner(folder, info, owners); err != nil {
				return err
			}
		}
		if folder == filepath.Dir(folder) {
			return nil
		}
	}
}

// checkOwner reports who else than owners could change a file or folder.
func checkOwner(name string, info fs.FileInfo, owners []string) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("owner of %q is not known", name)
	}
	if !slices.Contains(owners, strconv.FormatUint(uint64(stat.Uid), 10)) {
		return fmt.Errorf("%q belongs to user %d: must belong to root, to the gateway's user or to the account of the user that it lets in", name, stat.Uid)
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return fmt.Errorf("others may write %q (mode %04o): chmod go-w it", name, mode)
	}
	return nil
}

// ownersFor returns the ids of those who may say with which keys a user gets in.
func ownersFor(username string) []string {
	owners := []string{"0", strconv.Itoa(os.Geteuid())}
	if account, err := user.Lookup(username); err == nil {
		owners = append(owners, account.Uid)
	}
	return owners
}
