package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// users is an auth block in which nothing is wrong, on one line.
const users = "auth: {users: [{name: alice, keys: [" + testKey + "]}]}\n"

// A line of want must be the whole of a problem up to the remedy, or all of it.
func TestProblems(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"unknown", "backend: local\n" + users + "audti: {}\n", "f:3: audti: unknown key \"audti\"; did you mean `audit`?"},
		{"unknown inside", "backend: local\n" + users + "audit:\n  intercept:\n    stdot: true\n", "f:5: audit.intercept.stdot: unknown key \"stdot\"; did you mean `audit.intercept.stdout`?"},
		{"case", "backend: local\n" + users + "ssh: {hostKeys: []}\n", "f:3: ssh.hostKeys: unknown key \"hostKeys\"; did you mean `ssh.hostkeys`?"},
		{"swapped", "backend: local\n" + users + "ssh: {ksx: []}\n", "f:3: ssh.ksx: unknown key \"ksx\"; did you mean `ssh.kex`?"},
		{"other block", "backend: local\n" + users + "audit: {directory: /x}\n", "f:3: audit.directory: unknown key \"directory\"; did you mean `audit.file.directory`?"},
		{"documented spelling", "backend: local\n" + users + "sshproxy: {hostKeyAlgorithms: []}\n", "f:3: sshproxy.hostKeyAlgorithms: unknown key \"hostKeyAlgorithms\"; did you mean `sshproxy.hostKeyAlgos`?"},
		{"nothing near", "backend: local\n" + users + "local: {zzzzzzzz: 1}\n", "f:3: local.zzzzzzzz: unknown key \"zzzzzzzz\"; known here: shell, env, sftp"},
		{"forged line", "backend: local\n" + users + "\"a\\nf:1: b\": 1\n", `f:3: "a\nf:1: b": unknown key "a\nf:1: b"; known here: `},
		{"not built", "backend: local\n" + users + "metrics: {enable: true}\n", "f:3: metrics.enable: ContainerSSH's `metrics.enable` is not built yet"},
		{"auth not built", "backend: local\nauth:\n  password: {method: webhook}\n  users: [{name: a, keys: [" + testKey + "]}]\n", "f:3: auth.password: ContainerSSH's `auth.password` is not built yet"},
		{"backend not built", "backend: docker\n" + users, `f:1: backend: "docker" is not built yet; use local or sshproxy`},
		{"backend unknown", "backend: locla\n" + users, "f:1: backend: \"locla\" is not known here; use local or sshproxy; did you mean `local`?"},
		{"backend missing", users, "f: backend: nothing says what clients are joined to; write backend: local or backend: sshproxy"},
		{"format unknown", "backend: local\n" + users + "audit:\n  format: [binary, asciicast]\n", `f:4: audit.format[1]: "asciicast" is not known here; use none, binary or asciinema`},
		{"format twice", "backend: local\n" + users + "audit: {format: [binary, binary]}\n", `f:3: audit.format: has "binary" twice`},
		{"checked when off", "backend: local\n" + users + "audit: {enable: false, onFailure: maybe}\n", `f:3: audit.onFailure: "maybe" is not known here; use stop or continue`},
		{"empty list", "backend: local\n" + users + "audit: {storage: []}\n", "f:3: audit.storage: is an empty list"},
		{"twice", "backend: local\n" + users + "backend: local\n", "f:3: backend: is given twice, first on line 1; keep one of them"},
		{"no value", "backend: local\n" + users + "audit:\n  onFailure:\n", "f:4: audit.onFailure: has no value"},
		{"quoted bool", "backend: local\n" + users + "audit: {enable: \"false\"}\n", "f:3: audit.enable: must be true or false, not text"},
		{"number", "backend: local\n" + users + "ssh: {maxAuthTries: six}\n", "f:3: ssh.maxAuthTries: must be a whole number, not text"},
		{"fraction", "backend: local\n" + users + "ssh: {maxAuthTries: 6.5}\n", "f:3: ssh.maxAuthTries: must be a whole number, not a number"},
		{"too little", "backend: local\n" + users + "ssh: {maxAuthTries: 0}\n", "f:3: ssh.maxAuthTries: 0 is too little; write 1 or more"},
		{"too much", "backend: local\n" + users + "audit: {sync: 1h}\n", "f:3: audit.sync: 1h is too much; write 1m or less"},
		{"part size", "backend: local\n" + users + "audit: {s3: {uploadPartSize: 0}}\n", "f:3: audit.s3.uploadPartSize: 0 is too little; write 5MiB or more"},
		{"no unit", "backend: local\n" + users + "audit: {sync: 5}\n", `f:3: audit.sync: "5" is no duration; write a number with a unit`},
		{"negative", "backend: local\n" + users + "audit: {sync: -5ms}\n", `f:3: audit.sync: "-5ms" is negative`},
		{"size", "backend: local\n" + users + "audit: {block: 1MB}\n", `f:3: audit.block: "1MB" is no size`},
		{"startups", "backend: local\n" + users + "ssh: {maxStartups: \"10:200:30\"}\n", `f:3: ssh.maxStartups: "10:200:30" contradicts itself`},
		{"block as text", "backend: local\n" + users + "audit: yes please\n", "f:3: audit: must be a block of keys, not text"},
		{"list as text", "backend: local\n" + users + "ssh: {ciphers: aes128-ctr}\n", "f:3: ssh.ciphers: must be a list, not text"},
		{"cbc", "backend: local\n" + users + "ssh: {ciphers: [aes128-cbc]}\n", `f:3: ssh.ciphers[0]: "aes128-cbc" is insecure and not offered`},
		{"sha1", "backend: local\n" + users + "ssh: {macs: [hmac-sha2-256, hmac-sha1]}\n", `f:3: ssh.macs[1]: "hmac-sha1" is insecure and not offered`},
		{"kex sha1", "backend: local\n" + users + "ssh: {kex: [diffie-hellman-group14-sha1]}\n", `f:3: ssh.kex[0]: "diffie-hellman-group14-sha1" is insecure and not offered`},
		{"ssh-rsa", "backend: local\n" + users + "sshproxy: {hostKeyAlgos: [ssh-rsa]}\n", `f:3: sshproxy.hostKeyAlgos[0]: "ssh-rsa" is insecure and not offered`},
		{"no cipher", "backend: local\n" + users + "ssh: {ciphers: []}\n", "f:3: ssh.ciphers: none would be left"},
		{"listen", "backend: local\n" + users + "ssh: {listen: 2222}\n", `f:3: ssh.listen: "2222" is no address with a port; write address:port`},
		{"port", "backend: local\n" + users + "ssh: {listen: \"127.0.0.1:99999\"}\n", `f:3: ssh.listen: "99999" is no port`},
		{"version", "backend: local\n" + users + "ssh: {serverVersion: SSH-1.0-x}\n", `f:3: ssh.serverVersion: "SSH-1.0-x" is no version line`},
		{"version long", "backend: local\n" + users + "ssh: {serverVersion: SSH-2.0-" + strings.Repeat("x", 246) + "}\n", "f:3: ssh.serverVersion: has 254 bytes, more than 253"},
		{"version newline", "backend: local\n" + users + "ssh: {serverVersion: \"SSH-2.0-a\\nb\"}\n", `f:3: ssh.serverVersion: "SSH-2.0-a\nb" has characters that are not printable ASCII`},
		{"alive", "backend: local\n" + users + "ssh: {clientAliveInterval: 10ms}\n", "f:3: ssh.clientAliveInterval: 10ms is too little"},
		{"relative state", "backend: local\n" + users + "state: here\n", `f:3: state: "here" is no absolute path`},
		{"nobody", "backend: local\n", "f: auth.users: nobody could log in"},
		{"no way in", "backend: local\nauth: {users: [{name: a}]}\n", "f:2: auth.users[0]: has nothing to log in with"},
		{"no name", "backend: local\nauth:\n  users:\n    - keys: [" + testKey + "]\n", "f:4: auth.users[0].name: has no name"},
		{"same name", "backend: local\nauth:\n  users:\n    - {name: a, keys: [" + testKey + "]}\n    - {name: a, keys: [" + testKey + "]}\n", `f:5: auth.users[1].name: "a" is listed twice, first as users[0]`},
		{"odd name", "backend: local\nauth: {users: [{name: \"a\\e[2J\", keys: [" + testKey + "]}]}\n", `f:2: auth.users[0].name: "a\x1b[2J" has characters that can't be printed`},
		{"bad key", "backend: local\nauth: {users: [{name: a, keys: [ssh-ed25519 AAAA]}]}\n", `f:2: auth.users[0].keys[0]: the key is not a whole one`},
		{"key option", "backend: local\nauth: {users: [{name: a, keys: ['no-typing " + testKey + "']}]}\n", `f:2: auth.users[0].keys[0]: option "no-typing" is not known here; take the option away`},
		{"relative keys", "backend: local\nauth: {users: [{name: a, authorizedKeys: [keys]}]}\n", `f:2: auth.users[0].authorizedKeys[0]: "keys" is no absolute path`},
		{"plain password", "backend: local\nauth: {users: [{name: a, password: hunter2}]}\n", "f:2: auth.users[0].password: this is no hash by bcrypt or argon2id, and a password in plain text is not taken; make a hash with: sshtrail hash-password"},
		{"shell", "backend: local\n" + users + "local: {shell: bash}\n", `f:3: local.shell: "bash" is no absolute path`},
		{"env", "backend: local\n" + users + "local: {env: [A=b]}\n", `f:3: local.env[0]: "A=b" is no pattern`},
		{"no variable", "backend: local\n" + users + "sshproxy: {password: {env: SSHTRAIL_TEST_UNSET}}\n", `f:3: sshproxy.password: environment variable "SSHTRAIL_TEST_UNSET" is not set`},
		{"no file", "backend: local\n" + users + "sshproxy: {password: {file: /nowhere/x}}\n", `f:3: sshproxy.password: read "/nowhere/x": no such file or directory`},
		{"bad reference", "backend: local\n" + users + "sshproxy: {password: {vault: x}}\n", `f:3: sshproxy.password: what stands here is not where a secret can come from; write {file: PATH} or {env: NAME}`},
		{"bad PEM", "backend: local\n" + users + "ssh: {hostkeys: [\"-----BEGIN x\"]}\n", "f:3: ssh.hostkeys[0]: no private key that can be read"},
		{"endpoint", "backend: local\n" + users + "audit: {s3: {endpoint: minio}}\n", "f:3: audit.s3.endpoint: is no URL of http or https"},
		{"cacert", "backend: local\n" + users + "audit: {s3: {cacert: x}}\n", "f:3: audit.s3.cacert: is no PEM text, and no file has that name"},
		{"s3", "backend: local\n" + users + "audit: {storage: s3}\n", "f:3: audit.s3.bucket: is required for s3"},
		{"both names", "backend: local\n" + users + "sshproxy: {username: a, usernamePassThrough: true}\n", "f:3: sshproxy.username: is set, and usernamePassThrough is true"},
		{"fingerprint", "backend: local\n" + users + "sshproxy: {allowedHostKeyFingerprints: [\"MD5:00\"]}\n", `f:3: sshproxy.allowedHostKeyFingerprints[0]: "MD5:00" is no SHA-256 fingerprint`},
		{"server with port", "backend: local\n" + users + "sshproxy: {server: \"h:22\"}\n", `f:3: sshproxy.server: "h:22" is no host name`},
		{"proxy", "backend: sshproxy\n" + users, `f: sshproxy: has nothing to log in with; write password or privateKey
f: sshproxy: host key checking is never off, and no host key is known
f: sshproxy.server: is required for sshproxy
f: sshproxy.username: is required for sshproxy`},
		{"known hosts", "backend: sshproxy\n" + users + "sshproxy: {server: h, username: u, password: '', knownHosts: /nowhere/k}\n", `f:3: sshproxy.knownHosts: read "/nowhere/k"`},
		{"syntax", "backend: [\n", "f:2: "},
		{"two documents", "backend: local\n---\nbackend: local\n", "f: "},
		{"not a block", "[]\n", "f: holds no single block of keys"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse("f", []byte(test.text))
			if err == nil {
				t.Fatalf("Parse(%q) found nothing wrong", test.text)
			}
			got, want := strings.Split(err.Error(), "\n"), strings.Split(test.want, "\n")
			slices.Sort(got)
			slices.Sort(want)
			if len(got) != len(want) {
				t.Fatalf("Parse(%q):\n%s\nwant %d problems:\n%s", test.text, err, len(want), test.want)
			}
			for i := range want {
				if !strings.HasPrefix(got[i], want[i]) {
					t.Errorf("Parse(%q):\n%s\nwant\n%s", test.text, got[i], want[i])
				}
			}
		})
	}
}

func TestEverythingWrongIsTold(t *testing.T) {
	_, err := Parse("f", []byte(`ssh:
  listen: nowhere
  maxChannels: 0
audit:
  enable: perhaps
  fromat: binary
`))
	if err == nil {
		t.Fatal("nothing wrong was found")
	}
	want := []string{"f: backend:", "f: auth.users:", "f:2: ssh.listen:", "f:3: ssh.maxChannels:", "f:5: audit.enable:", "f:6: audit.fromat:"}
	got := strings.Split(err.Error(), "\n")
	for _, w := range want {
		if !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, w) }) {
			t.Errorf("no line begins with %q in\n%s", w, err)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d problems, want %d:\n%s", len(got), len(want), err)
	}
}

func TestLoadSaysWhatIsWrongWithTheFile(t *testing.T) {
	for _, name := range []string{filepath.Join(t.TempDir(), "missing.yaml"), t.TempDir()} {
		if _, err := Load(name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Load(%q) = %v, want an error that names it", name, err)
		}
	}
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte("backend: local\n"+users), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err != nil {
		t.Errorf("Load() = %v", err)
	}
}

// No message may hold what was written where a secret belongs.
func TestMessagesHoldNoSecret(t *testing.T) {
	const secret = "hunter2"
	for _, text := range []string{
		"backend: local\nauth: {users: [{name: a, password: hunter2}]}",
		"backend: local\nauth: {users: [{name: a, password: $2b$99$hunter2}]}",
		"backend: local\nauth: {users: [{name: a, password: $argon2id$v=19$m=hunter2,t=1,p=1$AAAA$AAAA}]}",
		"backend: local\nauth: {users: hunter2}",
		"backend: local\n" + users + "sshproxy: {password: [hunter2]}",
		"backend: local\n" + users + "sshproxy: {privateKey: \"-----BEGIN OPENSSH PRIVATE KEY-----\\nhunter2\"}",
		"backend: local\n" + users + "sshproxy: {password: {hunter2}}",
		"backend: local\n" + users + "sshproxy: {privateKey: \"hunter2\\nhunter2\"}",
		"backend: local\n" + users + "sshproxy: {privateKey: hunter2}",
		"backend: local\n" + users + "sshproxy: {password: *hunter2}",
		"backend: local\n" + users + "sshproxy: {port: hunter2}",
		"backend: local\n" + users + "audit: {s3: {cacert: hunter2}}",
		"backend: local\n" + users + "audit: {s3: {endpoint: \"ftp://u:hunter2@h\"}}",
	} {
		_, err := Parse("f", []byte(text))
		if err == nil {
			t.Errorf("Parse(%q) found nothing wrong", text)
			continue
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("Parse(%q) tells the secret: %v", text, err)
		}
	}
}
