package disk

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// SyncAll calls syncfs(2), which tells of errors since Linux 5.8.
func (OS) SyncAll(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		switch err := unix.Syncfs(int(f.Fd())); {
		case err == nil:
			return nil
		case errors.Is(err, unix.EINTR):
		default:
			return &fs.PathError{Op: "syncfs", Path: name, Err: err}
		}
	}
}
