//go:build linux

package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/internal/backend"
)

func TestLookup(t *testing.T) {
	file := filepath.Join(t.TempDir(), "passwd")
	text := "# alice:x:0:0:::\nalicex:x:9:9:::\nalice:x:1000:100:A,,,:/home/alice:/bin/zsh\nbob:x:7:8:::\nbad:x:-1:0::/:/bin/sh\nshort:x:1:1:/:/bin/sh\n:x:0:0:::\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]account{
		"alice": {name: "alice", home: "/home/alice", shell: "/bin/zsh", uid: 1000, gid: 100},
		"bob":   {name: "bob", home: "/", shell: "/bin/sh", uid: 7, gid: 8},
	} {
		if got, err := lookup(file, name); err != nil || got != want {
			t.Errorf("lookup(%s) = %+v, %v, want %+v", name, got, err, want)
		}
	}
	for _, name := range []string{"", "carol", "bad", "short", "# alice", "alice:x", "1000", "a\nb"} {
		got, err := lookup(file, name)
		if err == nil {
			t.Errorf("lookup(%q) = %+v, want an error", name, got)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("lookup(%q): error %q has the client's bytes unquoted", name, err)
		}
	}
}

func TestConnectUnknownUser(t *testing.T) {
	_, err := newBackend(t, testConfig()).Connect(t.Context(), backend.Client{Username: "no-such-user"})
	if err == nil || !strings.Contains(err.Error(), `"no-such-user" is not in /etc/passwd`) {
		t.Errorf("Connect = %v, want an error that names the user and the file", err)
	}
}

func TestOthersNeedRoot(t *testing.T) {
	if os.Geteuid() == 0 {
		asNobody(t, "TestOthersNeedRoot")
		return
	}
	_, err := newBackend(t, testConfig()).Connect(t.Context(), backend.Client{Username: "root"})
	if err == nil || !strings.Contains(err.Error(), "run it as root") {
		t.Errorf("Connect = %v, want an error that says what to do", err)
	}
}

func TestNoTransferWithoutLogin(t *testing.T) {
	for shell, want := range map[string]bool{
		"/usr/sbin/nologin": false, "/bin/false": false, "/no/such/shell": false, "/bin/sh": true,
	} {
		if err := (account{name: "x", shell: shell}).mayTransfer(); (err == nil) != want {
			t.Errorf("mayTransfer with shell %s = %v", shell, err)
		}
	}
}

func TestConfigValidate(t *testing.T) {
	if err := testConfig().Validate(); err != nil {
		t.Errorf("Validate = %v", err)
	}
	err := Config{SFTP: []string{"x"}, Shell: "sh", Grace: -1}.Validate()
	for _, want := range []string{"sftp command", "shell", "grace"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Validate = %v, want %q in it", err, want)
		}
	}
}
