package config

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
	"golang.org/x/crypto/ssh"

	"github.com/sshtrail/sshtrail/internal/auth"
)

func marshalKey(t *testing.T, key any) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}

func newKeyPEM(t *testing.T) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return marshalKey(t, key)
}

// shown is v in every way that comes to mind to print it.
func shown(t *testing.T, v any) string {
	t.Helper()
	var b strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%o"} {
		fmt.Fprintf(&b, verb+"\n", v)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	b.Write(text)
	if text, err = yaml.Dump(v); err != nil {
		t.Fatal(err)
	}
	b.Write(text)
	slog.New(slog.NewTextHandler(&b, nil)).Info("m", "v", v)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "v", v)
	return b.String()
}

func TestSecretsAreNotShown(t *testing.T) {
	hash, err := auth.NewPasswordHash(testHash)
	if err != nil {
		t.Fatal(err)
	}
	key := newKeyPEM(t)
	var k Key
	if err := k.UnmarshalText([]byte(key)); err != nil {
		t.Fatal(err)
	}
	c := Default("/s")
	c.SSHProxy.Password = NewSecret("hunter2")
	c.SSHProxy.PrivateKey = k
	c.SSH.HostKeys = []Key{k}
	c.Auth.Users = []auth.User{{Name: "a", Password: hash}}
	body := strings.Join(strings.Split(key, "\n")[2:4], "")
	inside := struct{ hidden Secret }{NewSecret("hunter2")}
	for name, v := range map[string]any{"secret": NewSecret("hunter2"), "hash": hash, "key": k, "config": c, "copy": *c, "list": c.SSH.HostKeys} {
		got := shown(t, v)
		for _, secret := range []string{"hunter2", fmt.Sprintf("%x", "hunter2"), "nZuygnAdHZ", body[:20]} {
			if strings.Contains(got, secret) {
				t.Errorf("%s shows %q:\n%s", name, secret, got)
			}
		}
	}
	if got := fmt.Sprintf("%v %+v", inside, inside); strings.Contains(got, "hunter2") || strings.Contains(got, "68756e74657232") {
		t.Errorf("a field that is not exported shows the secret: %s", got)
	}
	if got := fmt.Sprintf("%d %d %x", NewSecret("x"), hash, NewSecret("x")); got != "*** *** ***" {
		t.Errorf("printed with %%d and %%x: %s", got)
	}
	if got := NewSecret("x").String() + NewSecret("").String(); got != "***" {
		t.Errorf("String() of one that is set and one that is not = %q, want ***", got)
	}
}

func TestSecretsComeFromFilesAndEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pw")
	if err := os.WriteFile(file, []byte("from file \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSHTRAIL_TEST_PW", "from env")
	for text, want := range map[string]string{
		"plain":                   "plain",
		"1234":                    "1234",
		"{file: " + file + "}":    "from file ",
		"{env: SSHTRAIL_TEST_PW}": "from env",
		"''":                      "",
	} {
		if got := decode(t, "sshproxy: {password: "+text+"}").SSHProxy.Password.Reveal(); got != want {
			t.Errorf("password %s = %q, want %q", text, got, want)
		}
	}
}

func TestHashOfConfiguration(t *testing.T) {
	a, b := decode(t, "sshproxy: {password: one}"), decode(t, "sshproxy: {password: two}")
	if a.Hash() != b.Hash() {
		t.Error("the hash depends on a password: guesses could be tried against it")
	}
	if a.Hash() == decode(t, "{}").Hash() {
		t.Error("the hash does not tell whether there is a password")
	}
	if again := Default("/s"); Default("/s").Hash() != again.Hash() || len(a.Hash()) != 64 {
		t.Errorf("Hash() = %q, want 64 digits, always the same", a.Hash())
	}
	open := Default("/s")
	open.Embedded = false
	if open.Hash() == Default("/s").Hash() {
		t.Error("the hash does not tell whether the caller is let in")
	}
	if decode(t, "audit: {sync: 1000ms}").Hash() != decode(t, "audit: {sync: 1s}").Hash() {
		t.Error("the hash tells how a value is written")
	}
}

func TestHostKeys(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	good, open := write("good", newKeyPEM(t), 0o600), write("open", newKeyPEM(t), 0o644)
	weak := write("weak", marshalKey(t, small), 0o600)
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(ed25519.NewKeyFromSeed(make([]byte, 32)), "", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	closed := write("closed", string(pem.EncodeToMemory(locked)), 0o600)
	for _, test := range []struct{ hostkeys, want string }{
		{good, ""},
		{"{file: " + good + "}", ""},
		{open, "others may read"},
		{"{file: " + open + "}", "others may read"},
		{weak, "1024 bits"},
		{closed, "passphrase"},
		{good + ", " + good, "second key of type ssh-ed25519"},
		{"''", "no private key in nothing"},
	} {
		c, err := Parse("f", []byte("backend: local\n"+users+"ssh: {hostkeys: ["+test.hostkeys+"]}\n"))
		switch {
		case test.want == "" && (err != nil || c.SSH.HostKeys[0].Signer() == nil):
			t.Errorf("hostkeys [%s]: %v", test.hostkeys, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("hostkeys [%s]: %v, want %q", test.hostkeys, err, test.want)
		}
	}
}

func TestRSAKeySignsWithoutSHA1(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	var k Key
	if err := k.UnmarshalText([]byte(marshalKey(t, key))); err != nil {
		t.Fatal(err)
	}
	signer := k.Signer().(ssh.AlgorithmSigner)
	if _, err := signer.SignWithAlgorithm(rand.Reader, []byte("x"), ssh.KeyAlgoRSA); err == nil {
		t.Error("the key signs with SHA-1")
	}
	sig, err := k.Signer().Sign(rand.Reader, []byte("x"))
	if err != nil || bytes.Contains([]byte(sig.Format), []byte("ssh-rsa")) {
		t.Errorf("Sign() = %+v, %v, want SHA-2", sig, err)
	}
}
