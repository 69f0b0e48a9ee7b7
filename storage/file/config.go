package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/sshtrail/sshtrail/internal/disk"
)

// Config says where the logs are.
type Config struct {
	// Directory is the folder that holds them. Others may be let in, by its mode or its
	// group: the logs in it are the gateway's alone (0600) all the same.
	Directory string
}

// Validate reports whether logs can be kept: the folder is there and can be read and
// written, or is missing and [Config.MakeDirectory] can make it. It changes nothing.
func (c Config) Validate() error {
	if c.Directory == "" {
		return errors.New("no folder for logs: set directory to one")
	}
	info, err := os.Stat(c.Directory)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c.validateParent()
	case err != nil:
		return fmt.Errorf("look at folder for logs: %w", err)
	case !info.IsDir():
		return fmt.Errorf("%q is no folder: set directory to one, or move the file away", c.Directory)
	}
	if err := unix.Access(c.Directory, unix.R_OK|unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("folder for logs %q can't be read and written: %w; give it to the user who runs this (uid %d), with mode 0700",
			c.Directory, err, os.Getuid())
	}
	return nil
}

func (c Config) validateParent() error {
	parent := filepath.Dir(c.Directory)
	info, err := os.Stat(parent)
	if err != nil || !info.IsDir() {
		return fmt.Errorf("neither folder for logs %q nor the folder above it is there: make it (mkdir -p -m 0700)", c.Directory)
	}
	if err := unix.Access(parent, unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("folder for logs %q can't be made: %w; make it and give it to the user who runs this (uid %d), with mode 0700",
			c.Directory, err, os.Getuid())
	}
	return nil
}

// MakeDirectory makes the folder, for its owner alone, if it is missing and the one above
// it is there; a folder that is there is left as it is. What records calls it before
// [New]. What only reads does not, so that a name typed wrong stays an error. A nil fsys is
// the operating system's.
func (c Config) MakeDirectory(fsys disk.FS) error {
	if fsys == nil {
		fsys = disk.OS{}
	}
	if _, err := fsys.Stat(c.Directory); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(c.Directory)
	if _, err := fsys.Stat(parent); err != nil {
		// Not made: in an unmounted disk's place it would hide that the disk is missing.
		return fmt.Errorf("make folder for logs %q: %w; make it (mkdir -p -m 0700)", c.Directory, err)
	}
	if err := fsys.MkdirAll(c.Directory, 0o700); err != nil {
		return fmt.Errorf("make folder for logs: %w", err)
	}
	if err := fsys.SyncDir(parent); err != nil {
		return fmt.Errorf("sync folder above the logs' one: %w", err)
	}
	return nil
}
