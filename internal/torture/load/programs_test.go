package load

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
	"github.com/sshtrail/sshtrail/internal/oracle"
)

// tokenVariable is where clients that can't choose their version have their token.
const tokenVariable = "LC_LOAD"

// real is one of the programs that people have.
type real struct {
	*load
	t     testing.TB
	rand  *rand.Rand
	token string
	piece piece
	file  string // holds the piece
}

// runReal runs one of them to its end.
func (l *load) runReal(t testing.TB, r *rand.Rand) {
	x := &real{load: l, t: t, rand: r, token: fmt.Sprintf("real-%x", r.Uint64()), piece: l.pool.piece(r, l.most())}
	x.file = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(x.file, x.piece.Bytes, 0o600); err != nil {
		t.Error(err)
		return
	}
	run := pick(r, x.exchange, x.exchange, x.killed, x.scp, x.sftpBatch, x.rsync, x.git)
	if err := run(); err != nil {
		t.Errorf("client %s: %v", x.token, err)
	}
}

// command is one of OpenSSH's programs. How long it may take, the watch decides.
func (x *real) command(name string, args ...string) *exec.Cmd {
	limited := x.OpenSSH(x.t, name, append(x.options(), args...)...)
	cmd := exec.Command(limited.Path, limited.Args[1:]...)
	cmd.Env = limited.Env
	return cmd
}

// options are what each of OpenSSH's programs is given.
func (x *real) options() []string {
	return []string{"-o", "SetEnv=" + tokenVariable + "=" + x.token, "-o", "RekeyLimit=" + pick(x.rand, "default", "512K")}
}

// run runs a program that must end well.
func (x *real) run(cmd *exec.Cmd) error {
	defer x.moved.Add(1)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w; it printed:\n%s", cmd, err, out)
	}
	return nil
}

// exchange sends and receives on all streams at once.
func (x *real) exchange() error {
	most := x.most() / 2
	ex := oracle.NewExchange(x.t, oracle.Plan{Seed: x.rand.Uint64() >> 8, Stdin: size(x.rand, most), Stdout: size(x.rand, most), Stderr: size(x.rand, most), Status: x.rand.IntN(200)})
	ex.Run(x.t, x.command("ssh", "gw", ex.Command()))
	x.moved.Add(1)
	x.claim(x.t, claim{token: x.token, what: "ssh", flaws: func(log *oracle.Log) []string {
		ex.Check(x.t, log)
		return whole(log)
	}})
	return nil
}

// killed is an ssh that is killed while it receives.
func (x *real) killed() error {
	k := &talk{command: x.piece.command + " # " + x.token, stdout: x.piece.Content}
	cmd := x.command("ssh", "-n", "gw", k.command)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	_, err = io.CopyN(&k.out, out, 1+x.rand.Int64N(x.piece.Length))
	if killErr := cmd.Process.Kill(); killErr != nil && !errors.Is(killErr, os.ErrProcessDone) {
		return killErr
	}
	io.Copy(&k.out, out) // what it had printed
	cmd.Wait()           // was killed
	x.moved.Add(1)
	x.claim(x.t, claim{token: x.token, what: "ssh, killed", flaws: func(log *oracle.Log) []string {
		found := log.Find(k.command)
		if len(found) != 1 {
			return append(whole(log), fmt.Sprintf("it has the program %d times", len(found)))
		}
		return append(whole(log), k.between(found[0])...)
	}})
	return err
}

// claimFile claims a log whose only program carried the file so often, each way.
func (x *real) claimFile(program string, up, down int64) {
	x.claim(x.t, claim{token: x.token, what: program, flaws: func(log *oracle.Log) []string {
		flaws := whole(log)
		if len(log.Channels) != 1 {
			return append(flaws, fmt.Sprintf("it has %d channels, want 1", len(log.Channels)))
		}
		ch := log.Channels[0]
		if !strings.HasPrefix(ch.Program, program) || ch.Status == nil || *ch.Status != 0 {
			flaws = append(flaws, fmt.Sprintf("it has %q, which ended with %v, want %s and 0", ch.Program, ch.Status, program))
		}
		if n := x.piece.Length; ch.Stdin.Length < up*n || ch.Stdout.Length < down*n {
			flaws = append(flaws, fmt.Sprintf("%d bytes went up and %d down, for a file of %d", ch.Stdin.Length, ch.Stdout.Length, n))
		}
		return flaws
	}})
}

// same checks a copy of the file, and removes it.
func (x *real) same(name string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if d := oracle.Of(b).Diff(x.piece.Content); d != "" {
		return fmt.Errorf("the copy %s", d)
	}
	return os.Remove(name)
}

func (x *real) scp() error {
	copied := x.file + ".scp"
	old := x.rand.IntN(2) == 0
	args := []string{"-q", x.file, "gw:" + copied}
	program := "sftp"
	if old {
		args, program = slices.Insert(args, 0, "-O"), "scp"
	}
	if err := x.run(x.command("scp", args...)); err != nil {
		return err
	}
	x.claimFile(program, 1, 0)
	return x.same(copied)
}

func (x *real) sftpBatch() error {
	there, back := x.file+".there", x.file+".back"
	cmd := x.command("sftp", "-q", "-b", "-", "gw")
	cmd.Stdin = strings.NewReader(fmt.Sprintf("put %q %q\nget %q %q\nrm %q\n", x.file, there, there, back, there))
	if err := x.run(cmd); err != nil {
		return err
	}
	x.claimFile("sftp", 1, 1)
	return x.same(back)
}

// remoteShell is ssh with its options, for programs that start it.
func (x *real) remoteShell() string {
	return "ssh -F " + x.Path("ssh_config") + " " + strings.Join(x.options(), " ")
}

func (x *real) rsync() error {
	copied := x.file + ".rsync"
	limited := x.Client(x.t, "rsync", "-a", "-e", x.remoteShell(), x.file, "gw:"+copied)
	cmd := exec.Command(limited.Path, limited.Args[1:]...)
	cmd.Env = limited.Env
	if err := x.run(cmd); err != nil {
		return err
	}
	x.claimFile("rsync", 0, 0) // it may compress
	return x.same(copied)
}

// git clones a repository that has the file.
func (x *real) git() error {
	dir := filepath.Dir(x.file)
	git := func(args ...string) error {
		limited := gatewaytest.Program(x.t, "git", args...)
		cmd := exec.Command(limited.Path, limited.Args[1:]...)
		cmd.Env = append(limited.Env, "GIT_SSH_COMMAND="+x.remoteShell(),
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
		return x.run(cmd)
	}
	for _, args := range [][]string{
		{"init", "-q", dir}, {"-C", dir, "add", "file"}, {"-C", dir, "commit", "-q", "-m", "a file"},
		{"clone", "-q", "gw:" + dir, dir + ".clone"},
	} {
		if err := git(args...); err != nil {
			return err
		}
	}
	x.claimFile("git-upload-pack", 0, 0)
	return x.same(filepath.Join(dir+".clone", "file"))
}
