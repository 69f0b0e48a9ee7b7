package e2e

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// copies is a folder whose files have different bytes and sizes.
func copies(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i, size := range []int64{0, 1, 32 << 10, 3<<20 + 7} {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("file %d", i)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(f, oracle.Data(uint64(i), size)); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// same checks that two folders hold the same files with the same bytes.
func same(t *testing.T, got, want string) {
	t.Helper()
	files, err := os.ReadDir(want)
	if err != nil {
		t.Fatal(err)
	}
	if there, err := os.ReadDir(got); err != nil || len(there) != len(files) {
		t.Errorf("%s has %d files (%v), want %d", got, len(there), err, len(files))
	}
	for _, f := range files {
		a, err := os.ReadFile(filepath.Join(got, f.Name()))
		if err != nil {
			t.Error(err)
			continue
		}
		b, err := os.ReadFile(filepath.Join(want, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if d := oracle.Of(a).Diff(oracle.Of(b)); d != "" {
			t.Errorf("copy of %q %s", f.Name(), d)
		}
	}
}

// carried checks that a session's log holds at least the bytes of the files, each way.
func carried(t *testing.T, c *oracle.Channel, files string, up, down bool) {
	t.Helper()
	var size int64
	entries, err := os.ReadDir(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if up && c.Stdin.Length < size || down && c.Stdout.Length < size {
		t.Errorf("%s: the log has %d bytes up and %d down, and the files %d", c.Program, c.Stdin.Length, c.Stdout.Length, size)
	}
	if c.Status == nil || *c.Status != 0 {
		t.Errorf("%s: exit status %v in the log, want 0", c.Program, c.Status)
	}
	if c.Close == nil || int64(c.Close.Received) != c.Stdin.Length || int64(c.Close.Sent) != c.Stdout.Length+c.Stderr.Length {
		t.Errorf("%s: the log has %d, %d and %d bytes, and its close says %+v", c.Program, c.Stdin.Length, c.Stdout.Length, c.Stderr.Length, c.Close)
	}
}

func TestSCP(t *testing.T) {
	for name, protocol := range map[string][]string{"SFTP": nil, "old": {"-O"}} {
		t.Run(name, func(t *testing.T) {
			onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
				files, there, back := copies(t), filepath.Join(t.TempDir(), "there"), filepath.Join(t.TempDir(), "back")
				gatewaytest.Must(t, g.OpenSSH(t, "scp", append(protocol[:len(protocol):len(protocol)], "-r", files, "gw:"+there)...))
				same(t, there, files)
				gatewaytest.Must(t, g.OpenSSH(t, "scp", append(protocol[:len(protocol):len(protocol)], "-r", "gw:"+there, back)...))
				same(t, back, files)
				logs := g.Stop(t)
				if len(logs.Sessions) != 2 {
					t.Fatalf("there are %d logs, want 2", len(logs.Sessions))
				}
				carried(t, logs.Sessions[0].Channels[0], files, true, false)
				carried(t, logs.Sessions[1].Channels[0], files, false, true)
			})
		})
	}
}

func TestSFTP(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		files, there, back := copies(t), t.TempDir(), t.TempDir()
		batch := []string{"cd " + there, "mkdir sub"}
		for i := range 4 {
			batch = append(batch, fmt.Sprintf("put %q", filepath.Join(files, fmt.Sprintf("file %d", i))),
				fmt.Sprintf("rename \"file %d\" \"sub/file %d\"", i, i))
		}
		batch = append(batch, "ls -1 sub", "lcd "+back, "get -r sub/*", "rm sub/*", "rmdir sub")
		cmd := g.OpenSSH(t, "sftp", "-b", "-", "gw")
		cmd.Stdin = strings.NewReader(strings.Join(batch, "\n") + "\n")
		out := gatewaytest.Must(t, cmd)
		if !strings.Contains(out, "sub/file 3") {
			t.Errorf("sftp lists %q, want sub/file 3 in it", out)
		}
		same(t, back, files)
		if left, err := os.ReadDir(there); err != nil || len(left) != 0 {
			t.Errorf("%d files are left (%v), want none", len(left), err)
		}
		ch := g.Stop(t).Only(t).Channels[0]
		if ch.Request != "subsystem" || ch.Program != "sftp" {
			t.Errorf("the log has %s %q, want subsystem sftp", ch.Request, ch.Program)
		}
		carried(t, ch, files, true, true)
	})
}

func TestRsync(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		files, there, back := copies(t), t.TempDir(), t.TempDir()
		remoteShell := "ssh -F " + g.Path("ssh_config")
		gatewaytest.Must(t, g.Client(t, "rsync", "-a", "-e", remoteShell, files+"/", "gw:"+there+"/"))
		same(t, there, files)
		gatewaytest.Must(t, g.Client(t, "rsync", "-a", "-e", remoteShell, "gw:"+there+"/", back+"/"))
		same(t, back, files)
		for i, log := range g.Stop(t).Sessions {
			carried(t, log.Channels[0], files, i == 0, i == 1)
		}
	})
}

func TestGit(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		home, origin := t.TempDir(), filepath.Join(t.TempDir(), "origin.git")
		git := func(args ...string) *exec.Cmd {
			cmd := g.Client(t, "git", args...)
			cmd.Dir = home
			cmd.Env = append(cmd.Env, "GIT_SSH_COMMAND=ssh -F "+g.Path("ssh_config"),
				"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
			return cmd
		}
		in := func(dir string, args ...string) string {
			return gatewaytest.Must(t, git(append([]string{"-C", dir}, args...)...))
		}
		gatewaytest.Must(t, git("init", "-q", "--bare", "-b", "main", origin))
		gatewaytest.Must(t, git("clone", "-q", "gw:"+origin, "one"))
		files := copies(t)
		gatewaytest.Must(t, gatewaytest.Program(t, "cp", "-r", files, filepath.Join(home, "one", "files")))
		in("one", "add", ".")
		in("one", "commit", "-q", "-m", "files")
		in("one", "push", "-q", "origin", "HEAD:main")
		gatewaytest.Must(t, git("clone", "-q", "gw:"+origin, "two"))
		same(t, filepath.Join(home, "two", "files"), files)

		logs := g.Stop(t)
		for i, want := range []string{"git-upload-pack", "git-receive-pack", "git-upload-pack"} {
			if ch := logs.Sessions[i].Channels[0]; !strings.HasPrefix(ch.Program, want) {
				t.Errorf("log %d has the program %q, want %s", i, ch.Program, want)
			}
		}
		carried(t, logs.Sessions[1].Channels[0], files, true, false)
		carried(t, logs.Sessions[2].Channels[0], files, false, true)
	})
}
