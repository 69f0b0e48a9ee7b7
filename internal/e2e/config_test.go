package e2e

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/sshdtest"
)

// options are lines of YAML beside those that every gateway here has. Their indentation
// is added.
type options struct {
	ssh, audit, local, sshproxy []string
	// passwords records them.
	passwords bool
}

// password lets the user in, as the key does.
const password = "correct horse battery staple"

// writeKey makes a key and writes it to a file.
func writeKey(t testing.TB, path string) ssh.PublicKey {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, string(pem.EncodeToMemory(block)))
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// me is the user that runs the tests: the one as whom everybody may run programs.
func me(t testing.TB) string {
	t.Helper()
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return u.Username
}

// backend is a YAML block that begins with the backend's name, and who may log in to it.
type backend struct {
	name  string
	user  string
	block func(t testing.TB, g *gateway, o options) string
}

func local(t testing.TB) backend {
	return backend{"local", me(t), func(_ testing.TB, _ *gateway, o options) string {
		return "backend: local\n" + section("local", append([]string{"shell: /bin/sh"}, o.local...))
	}}
}

// proxied is an OpenSSH server behind the gateway, with other names for users.
func proxied() backend {
	return backend{"sshproxy", "alice", func(t testing.TB, g *gateway, o options) string {
		key := writeKey(t, g.path("upstream"))
		writeFile(t, g.path("authorized"), string(ssh.MarshalAuthorizedKey(key)))
		// Without a HOME of its own, what the tester's .bashrc does would be part of the test.
		return proxyBlock(g, sshdtest.Start(t, "AuthorizedKeysFile "+g.path("authorized"), "SetEnv HOME="+t.TempDir()), o)
	}}
}

func proxyBlock(g *gateway, s *sshdtest.Server, o options) string {
	host, port, _ := net.SplitHostPort(s.Addr) // is one that the helper made
	return "backend: sshproxy\n" + section("sshproxy", append([]string{
		"server: " + host, "port: " + port, "username: " + s.User,
		fmt.Sprintf("privateKey: {file: %q}", g.path("upstream")),
		"allowedHostKeyFingerprints: [" + ssh.FingerprintSHA256(s.HostKey) + "]",
	}, o.sshproxy...))
}

// section is a block of YAML.
func section(name string, lines []string) string {
	return name + ":\n  " + strings.Join(lines, "\n  ") + "\n"
}

// writeConfig writes the gateway's configuration, and keys for it and its user.
func (g *gateway) writeConfig(t testing.TB, b backend, o options) {
	t.Helper()
	g.user, g.hostKey = b.user, writeKey(t, g.path("host"))
	g.clientKey = writeKey(t, g.path("client"))
	if err := os.Mkdir(g.path("logs"), 0o700); err != nil {
		t.Fatal(err)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, g.path("config.yaml"), fmt.Sprintf("state: %q\n", g.path("state"))+
		section("ssh", append([]string{"listen: 127.0.0.1:0", fmt.Sprintf("hostkeys: [{file: %q}]", g.path("host"))}, o.ssh...))+
		section("audit", append([]string{
			fmt.Sprintf("file: {directory: %q}", g.path("logs")),
			fmt.Sprintf("intercept: {stdin: true, passwords: %v}", o.passwords),
		}, o.audit...))+
		section("auth", []string{"users:", "  - name: " + b.user,
			fmt.Sprintf("    keys: [%q]", strings.TrimSpace(string(ssh.MarshalAuthorizedKey(g.clientKey)))),
			fmt.Sprintf("    password: %q", hash)})+
		b.block(t, g, o))
}

// writeClientConfig tells OpenSSH's clients about the gateway, under the name gw, and
// stranger for who has another key.
func (g *gateway) writeClientConfig(t testing.TB) {
	t.Helper()
	_, port, _ := net.SplitHostPort(g.addr) // is one that the program printed
	writeFile(t, g.path("known_hosts"), fmt.Sprintf("[127.0.0.1]:%s %s", port, ssh.MarshalAuthorizedKey(g.hostKey)))
	writeFile(t, g.path("ssh_config"), strings.Join([]string{
		"Host gw", "IdentityFile " + g.path("client"),
		"Host gw stranger",
		"HostName 127.0.0.1", "Port " + port, "User " + g.user, "IdentitiesOnly yes",
		"UserKnownHostsFile " + g.path("known_hosts"), "GlobalKnownHostsFile /dev/null", "StrictHostKeyChecking yes",
		"PreferredAuthentications publickey,password", "NumberOfPasswordPrompts 1",
		"ServerAliveInterval 0", "IPQoS none",
	}, "\n")+"\n")
}

// path is a file of the gateway's.
func (g *gateway) path(name string) string { return filepath.Join(g.dir, name) }
