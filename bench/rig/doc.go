// Package rig starts what is measured, and what it is measured against, on the loopback.
package rig

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"time"

	"golang.org/x/crypto/ssh"
)

// Rig has the keys and the built program in a folder, and ends what was started.
type Rig struct {
	Dir     string
	User    string
	Key     ssh.Signer // lets its holder in everywhere
	Host    ssh.Signer // all servers' key
	profile bool
	self    string
	running map[*Process]bool
}

// Commands with which the program that holds this rig becomes a floor: see [Floor].
const (
	ServerCommand = "floor-server"
	ProxyCommand  = "floor-proxy"
)

// New makes keys in a folder, and builds sshtrail there from the module in the working
// directory; with profile as a program whose profiles can be taken (see [Process.Profile]).
func New(dir string, profile bool) (*Rig, error) {
	me, err := user.Current()
	if err != nil {
		return nil, fmt.Errorf("find out who this is: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	r := &Rig{Dir: dir, User: me.Username, self: self, profile: profile, running: map[*Process]bool{}}
	if r.Key, err = writeKey(r.Path("key")); err != nil {
		return nil, err
	}
	if r.Host, err = writeKey(r.Path("hostkey")); err != nil {
		return nil, err
	}
	if err := os.WriteFile(r.Path("authorized_keys"), ssh.MarshalAuthorizedKey(r.Key.PublicKey()), 0o600); err != nil {
		return nil, err
	}
	return r, r.build()
}

// Path is a path in the rig's folder.
func (r *Rig) Path(name string) string { return filepath.Join(r.Dir, name) }

// Program is the path of the built sshtrail.
func (r *Rig) Program() string { return r.Path("sshtrail") }

func (r *Rig) build() error {
	args := []string{"build", "-trimpath", "-o", r.Program()}
	if r.profile {
		overlay, err := r.overlay()
		if err != nil {
			return err
		}
		args = append(args, "-overlay", overlay)
	}
	build := exec.Command("go", append(args, "github.com/sshtrail/sshtrail/cmd/sshtrail")...)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build sshtrail: %w\n%s", err, out)
	}
	return nil
}

// Close ends all that was started.
func (r *Rig) Close() {
	for p := range r.running {
		p.Stop()
	}
}

func writeKey(path string) (ssh.Signer, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		return nil, fmt.Errorf("write key: %w", err)
	}
	return ssh.NewSignerFromSigner(private)
}

func freeAddr() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}

// start starts a server and returns when it listens.
func (r *Rig) start(p *Process, c *exec.Cmd) (*Process, error) {
	c.Stderr = &p.said
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	p.rig, p.cmd, p.PID = r, c, c.Process.Pid
	r.running[p] = true
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", p.Addr)
		if err == nil {
			conn.Close()
			return p, nil
		}
	}
	p.Stop()
	return nil, fmt.Errorf("%s does not listen on %s; it said: %s", p.Name, p.Addr, p.said.Bytes())
}

// Process is a server that was started.
type Process struct {
	Name string
	Addr string
	PID  int
	Logs string // folder for logs, empty if it records nothing

	rig     *Rig
	cmd     *exec.Cmd
	said    limited
	state   string // folder of its own, if it has one
	profile string // socket for profiles, empty if it has none
}

// Stop ends the process, at once, and removes what it has written.
func (p *Process) Stop() error {
	if !p.rig.running[p] {
		return nil
	}
	delete(p.rig.running, p)
	err := p.cmd.Process.Kill()
	p.cmd.Wait() // it was killed: that it says so is no news
	if p.state != "" {
		err = errors.Join(err, os.RemoveAll(p.state))
	}
	return err
}

// limited keeps the first of what a process says.
type limited struct{ bytes.Buffer }

// Write implements io.Writer; what is too much is dropped.
func (l *limited) Write(b []byte) (int, error) {
	const most = 16 << 10
	if room := most - l.Len(); room > 0 {
		l.Buffer.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}
