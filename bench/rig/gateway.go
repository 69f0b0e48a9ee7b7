package rig

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/bench/floor"
)

// Audit says what a gateway records: all of stdin, stdout and stderr, unless it says less.
type Audit struct {
	Off       bool
	Format    string // of audit.format, "binary" if empty
	Sync      string // of audit.sync, the default if empty
	Block     string // of audit.block, the default if empty
	Intercept string // of audit.intercept, all streams if empty
	Logs      string // folder for the logs, one that goes with the gateway if empty
}

// Gateway starts sshtrail with the backend sshproxy in front of a target.
func (r *Rig) Gateway(name string, target *Process, a Audit) (*Process, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	state, err := os.MkdirTemp(r.Dir, "gateway")
	if err != nil {
		return nil, err
	}
	p := &Process{Name: name, Addr: addr, state: state}
	file := filepath.Join(state, "config.yaml")
	if err := os.WriteFile(file, []byte(r.config(p, target, a)), 0o600); err != nil {
		return nil, err
	}
	serve := exec.Command(r.Program(), "serve", "--config", file)
	if r.profile {
		p.profile = filepath.Join(state, "profile")
		serve.Env = append(os.Environ(), profileVariable+"="+p.profile)
	}
	return r.start(p, serve)
}

// config is a gateway's configuration. Its limits are out of the way of what is measured.
func (r *Rig) config(p *Process, target *Process, a Audit) string {
	logs := a.Logs
	if logs == "" {
		logs = filepath.Join(p.state, "logs")
	}
	if !a.Off {
		p.Logs = logs
	}
	if a.Intercept == "" {
		a.Intercept = "{stdin: true, stdout: true, stderr: true}"
	}
	audit := "  intercept: " + a.Intercept + "\n"
	for key, value := range map[string]string{"format": a.Format, "sync": a.Sync, "block": a.Block} {
		if value != "" {
			audit += "  " + key + ": " + value + "\n"
		}
	}
	host, port, _ := net.SplitHostPort(target.Addr)
	return fmt.Sprintf(`state: %s
ssh: {listen: "%s", maxStartupsPerSource: 20000, maxStartups: "20000", maxConnections: 20000, loginGraceTime: 10m}
audit:
  enable: %v
%s  file: {directory: %s}
auth:
  users:
    - {name: %s, authorizedKeys: [%s]}
backend: sshproxy
sshproxy: {server: %s, port: %s, username: %s, privateKey: %s, allowedHostKeyFingerprints: ["%s"], ciphers: ["%s"]}
`, p.state, p.Addr, !a.Off, audit, logs, r.User, r.Path("authorized_keys"),
		host, port, r.User, r.Path("key"), ssh.FingerprintSHA256(r.Host.PublicKey()), floor.Cipher)
}
