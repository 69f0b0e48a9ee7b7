package local

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pkg/sftp"
)

// ServeSFTP serves the file system, with the rights of this process, to an SFTP client at
// the other end of rw, until it hangs up. It begins in the user's home, or where the
// process is if it has none. It closes rw.
func ServeSFTP(rw io.ReadWriteCloser) error {
	dir, err := os.UserHomeDir()
	if info, statErr := os.Stat(dir); err != nil || statErr != nil || !info.IsDir() {
		if dir, err = os.Getwd(); err != nil {
			return fmt.Errorf("serve sftp: %w", err)
		}
	}
	server, err := sftp.NewServer(rw, sftp.WithServerWorkingDirectory(dir))
	if err != nil {
		return fmt.Errorf("serve sftp: %w", err)
	}
	err = server.Serve()
	if closeErr := server.Close(); err == nil || errors.Is(err, io.EOF) {
		err = closeErr
	}
	if err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("serve sftp: %w", err)
	}
	return nil
}
