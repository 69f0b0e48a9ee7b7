package gatewaytest

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

// Options are lines of YAML beside those that every gateway here has. Their indentation
// is added.
type Options struct {
	SSH, Audit, Local, SSHProxy []string
	// Passwords has attempts to log in recorded with them.
	Passwords bool
	// Env are variables (NAME=value) of the program's environment.
	Env []string
	// Metrics has the gateway serve metrics: see Gateway.Ask.
	Metrics bool
}

// Password lets the user in, as the key does.
const Password = "correct horse battery staple"

// WriteKey makes a key and writes it to a file.
func WriteKey(t testing.TB, path string) ssh.PublicKey {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	WriteFile(t, path, string(pem.EncodeToMemory(block)))
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// WriteFile writes a file that is its owner's alone.
func WriteFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Me is the user that runs the tests: the one as whom everybody may run programs.
func Me(t testing.TB) string {
	t.Helper()
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return u.Username
}

// Backend is a YAML block that begins with the backend's name, and who may log in to it.
type Backend struct {
	Name  string
	User  string
	Block func(t testing.TB, g *Gateway, o Options) string
}

// Local is the backend that runs programs on this machine, as the tester.
func Local(t testing.TB) Backend {
	return Backend{"local", Me(t), func(_ testing.TB, _ *Gateway, o Options) string {
		return "backend: local\n" + section("local", append([]string{"shell: /bin/sh"}, o.Local...))
	}}
}

// Proxied is an OpenSSH server behind the gateway, with other names for users.
func Proxied() Backend {
	return Backend{"sshproxy", "alice", func(t testing.TB, g *Gateway, o Options) string {
		key := WriteKey(t, g.Path("upstream"))
		WriteFile(t, g.Path("authorized"), string(ssh.MarshalAuthorizedKey(key)))
		// Without a HOME of its own, what the tester's .bashrc does would be part of the test.
		return ProxyBlock(g, sshdtest.Start(t, "AuthorizedKeysFile "+g.Path("authorized"), "SetEnv HOME="+t.TempDir()), o)
	}}
}

// ProxyBlock is the YAML for a server behind the gateway, whose key is in the file upstream.
func ProxyBlock(g *Gateway, s *sshdtest.Server, o Options) string {
	host, port, _ := net.SplitHostPort(s.Addr) // is one that the helper made
	return "backend: sshproxy\n" + section("sshproxy", append([]string{
		"server: " + host, "port: " + port, "username: " + s.User,
		fmt.Sprintf("privateKey: {file: %q}", g.Path("upstream")),
		"allowedHostKeyFingerprints: [" + ssh.FingerprintSHA256(s.HostKey) + "]",
	}, o.SSHProxy...))
}

// section is a block of YAML.
func section(name string, lines []string) string {
	return name + ":\n  " + strings.Join(lines, "\n  ") + "\n"
}

// writeConfig writes the gateway's configuration, and keys for it and its user.
func (g *Gateway) writeConfig(t testing.TB, b Backend, o Options) {
	t.Helper()
	g.User, g.HostKey = b.User, WriteKey(t, g.Path("host"))
	g.ClientKey = WriteKey(t, g.Path("client"))
	if err := os.Mkdir(g.Path("logs"), 0o700); err != nil {
		t.Fatal(err)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(Password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	WriteFile(t, g.Path("config.yaml"), fmt.Sprintf("state: %q\n", g.Path("state"))+
		section("ssh", append([]string{"listen: 127.0.0.1:0", fmt.Sprintf("hostkeys: [{file: %q}]", g.Path("host"))}, o.SSH...))+
		section("audit", append([]string{
			fmt.Sprintf("file: {directory: %q}", g.Path("logs")),
			fmt.Sprintf("intercept: {stdin: true, passwords: %v}", o.Passwords),
		}, o.Audit...))+
		section("auth", []string{"users:", "  - name: " + b.User,
			fmt.Sprintf("    keys: [%q]", strings.TrimSpace(string(ssh.MarshalAuthorizedKey(g.ClientKey)))),
			fmt.Sprintf("    password: %q", hash)})+
		metricsBlock(o)+b.Block(t, g, o))
}

func metricsBlock(o Options) string {
	if !o.Metrics {
		return ""
	}
	return section("metrics", []string{"listen: 127.0.0.1:0"})
}

// writeClientConfig tells OpenSSH's clients about the gateway, under the name gw, and
// stranger for who has another key.
func (g *Gateway) writeClientConfig(t testing.TB) {
	t.Helper()
	_, port, _ := net.SplitHostPort(g.Addr) // is one that the program printed
	WriteFile(t, g.Path("known_hosts"), fmt.Sprintf("[127.0.0.1]:%s %s", port, ssh.MarshalAuthorizedKey(g.HostKey)))
	WriteFile(t, g.Path("ssh_config"), strings.Join([]string{
		"Host gw", "IdentityFile " + g.Path("client"),
		"Host gw stranger",
		"HostName 127.0.0.1", "Port " + port, "User " + g.User, "IdentitiesOnly yes",
		"UserKnownHostsFile " + g.Path("known_hosts"), "GlobalKnownHostsFile /dev/null", "StrictHostKeyChecking yes",
		"PreferredAuthentications publickey,password", "NumberOfPasswordPrompts 1",
		"ServerAliveInterval 0", "IPQoS none",
	}, "\n")+"\n")
}

// Path is a file of the gateway's.
func (g *Gateway) Path(name string) string { return filepath.Join(g.Dir, name) }

// Edit replaces text in the configuration.
func (g *Gateway) Edit(t testing.TB, old, new string) {
	t.Helper()
	b, err := os.ReadFile(g.Path("config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), old) {
		t.Fatalf("the configuration has no %q", old)
	}
	WriteFile(t, g.Path("config.yaml"), strings.ReplaceAll(string(b), old, new))
}

// FreeAddr is an address on which nobody listened a moment ago.
func FreeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
