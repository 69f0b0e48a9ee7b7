package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// bench is everything that runs while something is measured.
type bench struct {
	dir     string
	user    string
	key     ssh.Signer
	running []*exec.Cmd
	proxies []proxy
}

// proxy is one way to the target.
type proxy struct {
	name, addr string
	pid        int
	logs       string // folder, empty if it records nothing
}

// start starts a target, the floor and gateways: recording nothing, and everything.
func start(dir string, o options) (*bench, error) {
	me, err := user.Current()
	if err != nil {
		return nil, err
	}
	b := &bench{dir: dir, user: me.Username}
	if err := b.prepare(o); err != nil {
		b.stop()
		return nil, err
	}
	return b, nil
}

func (b *bench) prepare(o options) error {
	var err error
	if b.key, err = writeKey(b.path("key")); err != nil {
		return err
	}
	hostKey, err := writeKey(b.path("hostkey"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(b.path("authorized_keys"), ssh.MarshalAuthorizedKey(b.key.PublicKey()), 0o600); err != nil {
		return err
	}
	if err := writeData(b.dir, o.size<<20); err != nil {
		return err
	}
	target, err := b.startSSHD()
	if err != nil {
		return err
	}
	if err := b.startFloor(target); err != nil {
		return err
	}
	build := exec.Command("go", "build", "-trimpath", "-o", b.path("sshtrail"), "./cmd/sshtrail")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the gateway: %w\n%s", err, out)
	}
	for _, name := range []string{"audit off", "audit on"} {
		if err := b.startGateway(name, target, ssh.FingerprintSHA256(hostKey.PublicKey())); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) stop() {
	for _, c := range b.running {
		c.Process.Kill()
		c.Wait()
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
		return nil, err
	}
	return ssh.NewSignerFromSigner(private)
}

// writeData writes what is sent: text like a log's, and random bytes.
func writeData(dir string, size int) error {
	var text bytes.Buffer
	for i := 0; text.Len() < size; i++ {
		fmt.Fprintf(&text, "2026-11-22T10:%02d:%02d.%06dZ host-%d app[%d]: level=info msg=\"request done\" path=/api/v1/items/%d status=%d took=%dus\n",
			i/3600%60, i/60%60, i*7919%1000000, i%7, 1000+i%13, i*104729%99991, 200+i%4*100, i*31337%87311)
	}
	if err := os.WriteFile(filepath.Join(dir, "text"), text.Bytes()[:size], 0o600); err != nil {
		return err
	}
	random := make([]byte, size)
	rand.Read(random)
	return os.WriteFile(filepath.Join(dir, "random"), random, 0o600)
}

func (b *bench) startSSHD() (string, error) {
	const sshd = "/usr/sbin/sshd"
	if _, err := os.Stat(sshd); err != nil {
		return "", fmt.Errorf("the target is a real sshd: install openssh-server (%w)", err)
	}
	addr, err := freeAddr()
	if err != nil {
		return "", err
	}
	if os.Getuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // where sshd drops its privileges
			return "", err
		}
	}
	_, port, _ := net.SplitHostPort(addr)
	config := fmt.Sprintf("ListenAddress 127.0.0.1\nPort %s\nHostKey %s\nPidFile none\nAuthorizedKeysFile %s\nStrictModes no\nUsePAM no\nMaxStartups 2000\nMaxSessions 2000\n",
		port, b.path("hostkey"), b.path("authorized_keys"))
	if err := os.WriteFile(b.path("sshd_config"), []byte(config), 0o600); err != nil {
		return "", err
	}
	_, err = b.startProcess(addr, exec.Command(sshd, "-D", "-f", b.path("sshd_config")))
	return addr, err
}

func (b *bench) startFloor(target string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	c, err := b.startProcess(addr, exec.Command(self, floorCommand, addr, target, b.path("hostkey"), b.path("key"), b.user))
	if err == nil {
		b.proxies = append(b.proxies, proxy{name: "floor", addr: addr, pid: c.Process.Pid})
	}
	return err
}

func (b *bench) startGateway(name, target, fingerprint string) error {
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	host, port, _ := net.SplitHostPort(target)
	state := b.path(strings.ReplaceAll(name, " ", "-"))
	logs := filepath.Join(state, "logs")
	if err := os.MkdirAll(logs, 0o700); err != nil {
		return err
	}
	config := fmt.Sprintf(`state: %s
ssh: {listen: "%s", maxStartupsPerSource: 1000, maxStartups: "1000"}
audit:
  enable: %v
  intercept: {stdin: true, stdout: true, stderr: true}
  file: {directory: %s}
auth:
  users:
    - {name: %s, authorizedKeys: [%s]}
backend: sshproxy
sshproxy: {server: %s, port: %s, username: %s, privateKey: %s, allowedHostKeyFingerprints: ["%s"], ciphers: ["%s"]}
`, state, addr, name == "audit on", logs, b.user, b.path("authorized_keys"), host, port, b.user, b.path("key"), fingerprint, cipher)
	file := filepath.Join(state, "config.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return err
	}
	serve := exec.Command(b.path("sshtrail"), "serve", "--config", file)
	serve.Stdout, serve.Stderr = nil, nil
	c, err := b.startProcess(addr, serve)
	if err != nil {
		return err
	}
	p := proxy{name: name, addr: addr, pid: c.Process.Pid}
	if name == "audit on" {
		p.logs = logs
	}
	b.proxies = append(b.proxies, p)
	return nil
}

func freeAddr() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}

// startProcess starts a server and returns when it listens.
func (b *bench) startProcess(addr string, c *exec.Cmd) (*exec.Cmd, error) {
	c.Stderr = os.Stderr
	if strings.HasSuffix(c.Path, "sshtrail") {
		c.Stderr = nil // its messages about each login
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	b.running = append(b.running, c)
	for range 200 {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return c, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, fmt.Errorf("%s does not listen on %s", filepath.Base(c.Path), addr)
}

// cpu returns how many seconds of CPU a process has used (proc(5), /proc/PID/stat).
func cpu(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, err1 := strconv.ParseFloat(fields[11], 64)
	system, err2 := strconv.ParseFloat(fields[12], 64)
	const ticks = 100 // USER_HZ, on every Linux
	return (user + system) / ticks, errors.Join(err1, err2)
}

// logBytes is how much a gateway's logs hold, those of its own and journals not counted.
func (p *proxy) logBytes() (int64, error) {
	var sum int64
	err := filepath.WalkDir(p.logs, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".partial") {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return nil
	})
	return sum, err
}
