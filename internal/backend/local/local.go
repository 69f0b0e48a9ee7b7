// Package local runs programs on this machine as its users, the way sshd does.
//
// What belongs to a program, and ends with it at the latest when the client has gone,
// is every process in its session, every descendant of its processes, and every process
// that has its mark in its environment. The mark, a variable with a random value, finds
// what sshd leaves behind: daemons, nohup with setsid, the servers of screen and tmux.
// A process that leaves session, ancestors and environment behind on purpose, all three,
// is not found; keeping that one takes a container.
package local

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// Config says how programs are run.
type Config struct {
	// SFTP is the command, with an absolute path, that serves the sftp subsystem on
	// its standard input and output, running as the user: one that calls [ServeSFTP].
	// Empty: the subsystem is not offered.
	SFTP []string
	// Shell takes the place of every user's login shell. Empty: the one in /etc/passwd.
	Shell string
	// Grace is how long programs have to end after the hangup signal when the client
	// has gone, before they are killed. 0: they are killed at once.
	Grace time.Duration
	// Around, if it is set, calls start, which starts one program, while this process has
	// the limits that a program is to inherit.
	Around func(start func() error) error
}

// DefaultGrace is enough for an editor to save its recovery file.
const DefaultGrace = 2 * time.Second

// Validate says everything that is wrong with c.
func (c Config) Validate() error {
	var errs []error
	if len(c.SFTP) > 0 && !filepath.IsAbs(c.SFTP[0]) {
		errs = append(errs, fmt.Errorf("sftp command %q: give its absolute path", c.SFTP[0]))
	}
	if c.Shell != "" && !filepath.IsAbs(c.Shell) {
		errs = append(errs, fmt.Errorf("shell %q: give its absolute path", c.Shell))
	}
	if c.Grace < 0 {
		errs = append(errs, fmt.Errorf("grace %v: can't be negative", c.Grace))
	}
	return errors.Join(errs...)
}
