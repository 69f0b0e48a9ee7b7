package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

const testHash = "$argon2id$v=19$m=65536,t=3,p=4$fV8d8LFMrCbjvzZwxoAz3w$nZuygnAdHZaLuZreAfM+8PD6YHh0wIlKeXiQSaqhUtw"

const testKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB1hkr/XJRXAUSg/+aG8OEzF/S81MEbQQE2MuaQtUd4A"

// base is a configuration in which nothing is wrong, to be gone on with.
const base = "backend: local\nauth: {users: [{name: alice, keys: [" + testKey + "]}]}\n"

func mustParse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatalf("Parse(%q):\n%v", text, err)
	}
	return c
}

func TestDefaultsOfAFile(t *testing.T) {
	c := mustParse(t, base)
	if !c.Audit.Enable || !c.Audit.Format.Has("binary") || !c.Audit.Storage.Has("file") {
		t.Errorf("without an audit block: enable %v, format %v, storage %v; want binary logs in files", c.Audit.Enable, c.Audit.Format, c.Audit.Storage)
	}
	if want := (Intercept{Stdout: true, Stderr: true}); c.Audit.Intercept != want {
		t.Errorf("intercept = %+v, want %+v", c.Audit.Intercept, want)
	}
	if c.Audit.File.Directory != "/var/log/audit" || c.Audit.Journal != "/var/lib/sshtrail/journal" || c.HostKeyFolder() != "/var/lib/sshtrail/hostkeys" {
		t.Errorf("folders = %q, %q, %q", c.Audit.File.Directory, c.Audit.Journal, c.HostKeyFolder())
	}
	if c.SSH.Listen != "127.0.0.1:2222" || c.SSH.LoginGraceTime.Duration() != time.Minute || c.SSH.MaxStartups != (Startups{100, 30, 200}) {
		t.Errorf("ssh = %+v", c.SSH)
	}
	if c.Audit.Sync.Duration() != 100*time.Millisecond || c.Audit.Block != 128<<10 || c.Audit.S3.UploadPartSize != 5<<20 {
		t.Errorf("sync %v, block %v, part %v", c.Audit.Sync, c.Audit.Block, c.Audit.S3.UploadPartSize)
	}
	if c.Embedded {
		t.Error("a file made the embedded configuration")
	}
}

func TestDefaultIsForTheCallerAlone(t *testing.T) {
	c := Default("/home/a/.local/state/sshtrail")
	if !c.Embedded || c.Backend != "local" || !strings.HasPrefix(c.SSH.Listen, "127.0.0.1:") || len(c.Auth.Users) != 0 {
		t.Errorf("Default() = %+v", c)
	}
	const state = "/home/a/.local/state/sshtrail"
	if c.Audit.File.Directory != state+"/logs" || c.Audit.Journal != state+"/journal" || c.HostKeyFolder() != state+"/hostkeys" {
		t.Errorf("folders = %q, %q, %q", c.Audit.File.Directory, c.Audit.Journal, c.HostKeyFolder())
	}
}

func TestStateFolder(t *testing.T) {
	for _, test := range []struct{ xdg, home, want string }{
		{"/x", "/h", "/x/sshtrail"},
		{"", "/h", "/h/.local/state/sshtrail"},
		{"relative", "/h", "/h/.local/state/sshtrail"},
		{"", "", ""},
	} {
		env := map[string]string{"XDG_STATE_HOME": test.xdg, "HOME": test.home}
		got, err := StateFolder(func(name string) string { return env[name] })
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("StateFolder(%q, %q) = %q, %v, want %q", test.xdg, test.home, got, err, test.want)
		}
	}
}

func TestJournalFollowsState(t *testing.T) {
	if c := mustParse(t, base+"state: /srv/s\n"); c.Audit.Journal != "/srv/s/journal" {
		t.Errorf("journal = %q, want it in state", c.Audit.Journal)
	}
	if c := mustParse(t, base+"state: /srv/s\naudit: {journal: /j}\n"); c.Audit.Journal != "/j" {
		t.Errorf("journal = %q, want what the file says", c.Audit.Journal)
	}
}

// ContainerSSH sets defaults again after it has read the file, on every zero value.
func TestZeroMeansZero(t *testing.T) {
	c := mustParse(t, base+`
audit:
  enable: false
  sync: 0
  intercept: {stdout: false, stderr: no}
  s3: {local: ""}
ssh: {clientAliveInterval: 0, shutdownGrace: 0s, banner: ""}
local: {sftp: false, env: []}
`)
	if c.Audit.Enable || c.Audit.Sync != 0 || c.Audit.Intercept != (Intercept{}) || c.Audit.S3.Local != "" {
		t.Errorf("audit = %+v", c.Audit)
	}
	if c.SSH.ShutdownGrace != 0 || c.Local.SFTP || c.Local.Env == nil || len(c.Local.Env) != 0 {
		t.Errorf("ssh.shutdownGrace %v, local %+v", c.SSH.ShutdownGrace, c.Local)
	}
}

// The block as ContainerSSH's documentation has it must be taken as it is, but for what
// is not built.
func TestContainerSSHAuditBlock(t *testing.T) {
	c := mustParse(t, base+`
audit:
  enable: true
  format: binary
  storage: file
  intercept: {stdin: true, stdout: true, stderr: true, passwords: true, forwarding: true}
  file: {directory: /var/log/other}
  s3:
    local: /var/lib/other
    accessKey: "your-access-key-here"
    secretKey: "your-secret-key-here"
    bucket: "your-existing-bucket-name-here"
    region: "region"
    endpoint: "https://my.s3.cloud"
    acl: public-read
    pathStyleAccess: true
    uploadPartSize: 5242880
    parallelUploads: 20
    metadata: {ip: true, username: true}
metrics: {enable: false}
`)
	if want := (Intercept{true, true, true, true, true}); c.Audit.Intercept != want {
		t.Errorf("intercept = %+v, want %+v", c.Audit.Intercept, want)
	}
	s3 := c.Audit.S3
	if s3.SecretKey.Reveal() != "your-secret-key-here" || s3.UploadPartSize != 5<<20 || !s3.Metadata.IP || !s3.PathStyleAccess {
		t.Errorf("s3 = %+v", s3)
	}
}

func TestAliasesAndMergeKeys(t *testing.T) {
	c := mustParse(t, "backend: local\nauth:\n  users:\n    - &alice {name: alice, keys: ["+testKey+"]}\n    - {<<: *alice, name: bob}\n")
	if len(c.Auth.Users) != 2 || c.Auth.Users[1].Name != "bob" || len(c.Auth.Users[1].Keys) != 1 {
		t.Errorf("users = %+v", c.Auth.Users)
	}
}

func TestAliasBombIsRefused(t *testing.T) {
	var b strings.Builder
	b.WriteString("health:\n  a: &a {k: ''}\n")
	for name := 'b'; name < 'l'; name++ {
		fmt.Fprintf(&b, "  %c: &%c {", name, name)
		for key := range 10 {
			fmt.Fprintf(&b, "k%d: *%c, ", key, name-1)
		}
		b.WriteString("}\n")
	}
	_, err := Parse("bomb.yaml", []byte(b.String()))
	if err == nil || !strings.Contains(err.Error(), "values") {
		t.Errorf("Parse(bomb) = %v, want an error about the number of values", err)
	}
}

func TestJSON(t *testing.T) {
	c := mustParse(t, "{\n\t\"backend\": \"local\",\n\t\"audit\": {\"sync\": \"5ms\"},\n\t\"auth\": {\"users\": [{\"name\": \"a\", \"keys\": [\""+testKey+"\"]}]}\n}\n")
	if c.Audit.Sync.Duration() != 5*time.Millisecond {
		t.Errorf("sync = %v, want 5ms", c.Audit.Sync)
	}
}

func TestProblemsCanBeReached(t *testing.T) {
	_, err := Parse("x.yaml", []byte("backend: locl\n"))
	var all Problems
	var one Problem
	if !errors.As(err, &all) || !errors.As(err, &one) || len(all) < 2 || all[0].File != "x.yaml" {
		t.Errorf("Parse() = %#v, want Problems", err)
	}
}
