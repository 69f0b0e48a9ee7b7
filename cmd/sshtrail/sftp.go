package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/sshtrail/sshtrail/internal/backend/local"
)

// sftpCommand serves the sftp subsystem for the backend local, which starts it with
// the rights of the user.
const sftpCommand = "sftp-server"

func (a *app) sftpServer() *cobra.Command {
	return &cobra.Command{
		Use:    sftpCommand,
		Short:  "Serve SFTP on standard input and output",
		Hidden: true,
		Args:   usage(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			return local.ServeSFTP(struct {
				io.Reader
				io.Writer
				io.Closer
			}{a.in, a.out, io.NopCloser(nil)})
		},
	}
}
