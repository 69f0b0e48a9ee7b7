//go:build linux

package local

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/sshtrail/sshtrail/internal/backend"
)

// searchPath has what OpenSSH gives a superuser, for everybody.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// markName is the variable that marks what belongs to a program.
const markName = "SSHTRAIL_PROGRAM"

// argv returns what to execute, and its arguments.
func (h *host) argv(cmd backend.Command) (string, []string, error) {
	shell, base := h.account.shell, filepath.Base(h.account.shell)
	switch cmd.Kind {
	case backend.Shell:
		return shell, []string{"-" + base}, nil // so it is a login shell
	case backend.Exec:
		return shell, []string{base, "-c", cmd.Program}, nil
	case backend.Subsystem:
		if cmd.Program != "sftp" || len(h.config.SFTP) == 0 {
			return "", nil, fmt.Errorf("subsystem %.64q is not offered here", cmd.Program)
		}
		return h.config.SFTP[0], h.config.SFTP, h.account.mayTransfer()
	}
	return "", nil, fmt.Errorf("kind %d of program is not known", cmd.Kind)
}

// environ is a clean environment. As with sshd, what the client sent comes first, so that
// it can't take the place of what we say, and what its key's line says comes last.
func (h *host) environ(cmd backend.Command, tty, mark string) []string {
	env := make(environment, 0, len(cmd.Env)+12)
	for _, v := range cmd.Env {
		name, value, _ := strings.Cut(v, "=")
		env.set(name, value)
	}
	a := h.account
	env.set("USER", a.name)
	env.set("LOGNAME", a.name)
	env.set("HOME", a.home)
	env.set("SHELL", a.shell)
	env.set("PATH", searchPath)
	if tz, ok := os.LookupEnv("TZ"); ok {
		env.set("TZ", tz)
	}
	if ip, port, err := net.SplitHostPort(h.client.RemoteAddr); err == nil {
		if localIP, localPort, err := net.SplitHostPort(h.client.LocalAddr); err == nil {
			env.set("SSH_CLIENT", ip+" "+port+" "+localPort)
			env.set("SSH_CONNECTION", ip+" "+port+" "+localIP+" "+localPort)
		}
	}
	if cmd.PTY != nil {
		env.set("SSH_TTY", tty)
		env.set("TERM", cmd.PTY.Term)
	}
	for _, v := range cmd.Trusted {
		name, value, _ := strings.Cut(v, "=")
		env.set(name, value)
	}
	env.set(markName, mark)
	return env
}

// environment has each name once.
type environment []string

func (e *environment) set(name, value string) {
	for i, v := range *e {
		if strings.HasPrefix(v, name+"=") {
			(*e)[i] = name + "=" + value
			return
		}
	}
	*e = append(*e, name+"="+value)
}
