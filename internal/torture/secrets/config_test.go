package secrets

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// configurations that are wrong where a secret stands, by what is wrong. SECRET is the
// secret, FILE and VARIABLE hold it.
func configurations() map[string]string {
	const head = "backend: sshproxy\n"
	return map[string]string{
		"a password where its hash belongs":     "auth: {users: [{name: a, password: SECRET}]}",
		"the same from a file":                  "auth: {users: [{name: a, password: {file: FILE}}]}",
		"the same from the environment":         "auth: {users: [{name: a, password: {env: VARIABLE}}]}",
		"a list":                                head + "sshproxy: {password: [SECRET]}",
		"a block":                               head + "sshproxy: {password: {SECRET: x}}",
		"a block with another key":              head + "sshproxy: {password: {value: SECRET}}",
		"two ways":                              head + "sshproxy: {password: {env: VARIABLE, file: SECRET}}",
		"a key that is misspelt":                head + "sshproxy: {pasword: SECRET}",
		"a key that is not known":               head + "sshproxy: {token: SECRET}",
		"in another block":                      head + "password: SECRET",
		"twice":                                 head + "sshproxy:\n  password: SECRET\n  password: SECRET",
		"a private key that is none":            head + "sshproxy: {privateKey: SECRET}",
		"a private key with a broken body":      head + "sshproxy:\n  privateKey: |\n    -----BEGIN OPENSSH PRIVATE KEY-----\n    SECRET\n    -----END OPENSSH PRIVATE KEY-----\n",
		"a private key from a file":             head + "sshproxy: {privateKey: {file: FILE}}",
		"a private key from the environment":    head + "sshproxy: {privateKey: {env: VARIABLE}}",
		"a host key":                            "ssh:\n  hostkeys:\n    - |\n      -----BEGIN OPENSSH PRIVATE KEY-----\n      SECRET\n      -----END OPENSSH PRIVATE KEY-----\n",
		"a host key from a file":                "ssh: {hostkeys: [{file: FILE}]}",
		"no YAML":                               head + "sshproxy:\n  password: \"SECRET\n",
		"no YAML, before it":                    head + "sshproxy: {password: SECRET, :[",
		"no YAML, by its indentation":           head + "sshproxy:\n  server: x\n   password: SECRET\n",
		"an alias that is not there":            head + "sshproxy: {password: *SECRET}",
		"a tag":                                 head + "sshproxy: {password: !SECRET x}",
		"a tag of a number":                     head + "sshproxy: {password: !!int SECRET}",
		"keys of S3":                            "audit: {storage: s3, s3: {accessKey: SECRET, secretKey: SECRET, bucket: b}}",
		"keys of S3, in the wrong place":        "audit: {s3: {secretKey: [SECRET], sekretKey: SECRET}}",
		"a user and a password in the endpoint": "audit: {storage: s3, s3: {endpoint: 'https://u:SECRET@h:x/'}}",
		"a password of another kind of backend": "backend: docker\ndocker: {execution: {auth: {password: SECRET}}}",
		"a webhook":                             "auth: {url: 'https://u:SECRET@h/'}",
	}
}

// TestBadConfigurationsTellNoSecret has a wrong configuration complained of, by check and by
// serve, without what is secret in it.
func TestBadConfigurationsTellNoSecret(t *testing.T) {
	for name, text := range configurations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secret := newCanary("secret")
			plain := string(secret.forms["as it is"]) // YAML would read the rest its own way
			dir := t.TempDir()
			holder := filepath.Join(dir, "holder")
			gatewaytest.WriteFile(t, holder, secret.text+"\n")
			text = strings.NewReplacer("SECRET", plain, "FILE", holder, "VARIABLE", "HOLDER").Replace(text)
			config := filepath.Join(dir, "config.yaml")
			gatewaytest.WriteFile(t, config, fmt.Sprintf("state: %s\n%s", dir, text))
			found := traces{}
			for _, command := range []string{"check", "serve", "recover"} {
				cmd := gatewaytest.Program(t, gatewaytest.Sshtrail(), command, "--config", config)
				cmd.Env = append(cmd.Env, "HOLDER="+secret.text)
				r := gatewaytest.Do(t, cmd)
				if r.Status == 0 {
					t.Errorf("%s finds nothing wrong", command)
				}
				found["what "+command+" prints"] = []byte(r.Out + r.Errs)
			}
			found.lack(t, secret)
			if _, err := os.Stat(filepath.Join(dir, "journal")); err == nil {
				t.Error("a journal was begun")
			}
		})
	}
}
