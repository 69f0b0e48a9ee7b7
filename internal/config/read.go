package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// maxFile is the most that is read of a configuration or a secret's file.
const maxFile = 1 << 20

// readFile reads a small file.
func readFile(name string) ([]byte, fs.FileInfo, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO without a writer must not hold us
	if err != nil {
		return nil, nil, reading(name, err)
	}
	defer f.Close() // read only: there is nothing to lose
	info, err := f.Stat()
	if err != nil {
		return nil, nil, reading(name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, nil, faultf("name a regular file", "%q is no regular file", name)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, nil, reading(name, err)
	}
	if len(data) > maxFile {
		return nil, nil, faultf("name another file", "%q is longer than %d bytes", name, maxFile)
	}
	return data, info, nil
}

func reading(name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return faultf("check the path, and that this user may read it", "read %q: %v", name, err)
}

// readPrivate reads a private key's file. As sshd does, it refuses one of our own that
// others may read; what a mounted secret of root looks like is its owner's business.
func readPrivate(name string) ([]byte, error) {
	data, info, err := readFile(name)
	if err != nil {
		return nil, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if ok && int(stat.Uid) == os.Getuid() && info.Mode().Perm()&0o077 != 0 {
		return nil, faultf(fmt.Sprintf("chmod 600 %q", name), "others may read the private key %q (mode %04o)", name, info.Mode().Perm())
	}
	return data, nil
}
