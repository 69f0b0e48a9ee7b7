package rig

import (
	"fmt"
	"net"
	"os"
	"os/exec"
)

// sshd is where Debian and others have it; it must be started by its absolute path.
const sshd = "/usr/sbin/sshd"

// SSHD starts a real sshd, the target.
func (r *Rig) SSHD() (*Process, error) {
	if _, err := os.Stat(sshd); err != nil {
		return nil, fmt.Errorf("the target is a real sshd: run make setup, or install openssh-server (%w)", err)
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	if os.Getuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // where sshd drops its privileges
			return nil, err
		}
	}
	_, port, _ := net.SplitHostPort(addr)
	config := fmt.Sprintf("ListenAddress 127.0.0.1\nPort %s\nHostKey %s\nPidFile none\nAuthorizedKeysFile %s\nStrictModes no\nUsePAM no\nMaxStartups 2000\nMaxSessions 2000\nLogLevel ERROR\n",
		port, r.Path("hostkey"), r.Path("authorized_keys"))
	if err := os.WriteFile(r.Path("sshd_config"), []byte(config), 0o600); err != nil {
		return nil, err
	}
	return r.start(&Process{Name: "sshd", Addr: addr}, exec.Command(sshd, "-D", "-e", "-f", r.Path("sshd_config")))
}

// Server starts the server floor, which runs nothing, and so can be the target of more
// sessions than a machine has room for processes.
func (r *Rig) Server() (*Process, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	return r.start(&Process{Name: "server floor", Addr: addr}, exec.Command(r.self, ServerCommand, addr, r.Path("hostkey")))
}

// Floor starts the proxy floor in front of a target.
func (r *Rig) Floor(target *Process) (*Process, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	return r.start(&Process{Name: "floor", Addr: addr}, exec.Command(r.self, ProxyCommand, addr, r.Path("hostkey"), target.Addr, r.User, r.Path("key")))
}
