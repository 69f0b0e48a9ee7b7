package docstest

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/internal/config"
)

// hash is of a password, for examples that take one from the environment.
const hash = "$argon2id$v=19$m=65536,t=3,p=4$fV8d8LFMrCbjvzZwxoAz3w$nZuygnAdHZaLuZreAfM+8PD6YHh0wIlKeXiQSaqhUtw"

func TestConfigurationsAreGood(t *testing.T) {
	t.Setenv("TARGET_PASSWORD", "opensesame")
	t.Setenv("ALICE_PASSWORD_HASH", hash)
	checked := 0
	for _, p := range pages(t) {
		for _, b := range p.blocks("yaml") {
			checked++
			if _, err := config.Parse(b.at, []byte(b.text)); err != nil {
				t.Errorf("%s: %v", b.at, err)
			}
		}
	}
	if checked < 2 {
		t.Errorf("found %d configurations in the documents, want at least 2", checked)
	}
}

// lines returns the command lines that the console blocks of all documents show.
func lines(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, p := range pages(t) {
		for _, b := range p.blocks("console") {
			for line := range strings.Lines(b.text) {
				if command, ok := strings.CutPrefix(line, "$ "); ok {
					command, _, _ = strings.Cut(command, "#")
					found[b.at] = append(found[b.at], strings.TrimSpace(command))
				}
			}
		}
	}
	if len(found) == 0 {
		t.Fatal("no document shows a command line")
	}
	return found
}

// TestCommandLinesAreKnown asks the program itself what it makes of each command line in
// the documents: with --help it does nothing, after it has read the flags before.
func TestCommandLinesAreKnown(t *testing.T) {
	program := build(t)
	checked := 0
	for at, commands := range lines(t) {
		for _, command := range commands {
			for part := range strings.SplitSeq(command, "|") {
				args := strings.Fields(part)
				for len(args) > 0 && strings.Contains(args[0], "=") {
					args = args[1:] // NAME=value before the command
				}
				if len(args) == 0 || filepath.Base(args[0]) != "sshtrail" {
					continue
				}
				checked++
				if problem := refusal(t, program, args[1:]); problem != "" {
					t.Errorf("%s: %s: %s", at, command, problem)
				}
			}
		}
	}
	if checked < 5 {
		t.Errorf("checked %d command lines, want at least 5", checked)
	}
	for _, wrong := range [][]string{{"nosuch"}, {"ls", "--nosuch"}, {"serve", "--config"}} {
		if refusal(t, program, wrong) == "" {
			t.Errorf("sshtrail %s passes for known", strings.Join(wrong, " "))
		}
	}
}

func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "sshtrail")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", program, "./cmd/sshtrail")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return program
}

// refusal says why the program does not know a command line.
func refusal(t *testing.T, program string, args []string) string {
	t.Helper()
	if len(args) == 0 {
		return ""
	}
	out, err := exec.CommandContext(t.Context(), program, append(args, "--help")...).CombinedOutput()
	switch {
	case err != nil:
		return string(out)
	case args[0] != "help" && !regexp.MustCompile(`(?m)^ +sshtrail `+regexp.QuoteMeta(args[0])+`( |$)`).Match(out):
		return "there is no such command"
	}
	return ""
}

func TestMakeTargetsAreThere(t *testing.T) {
	makefile := readPage(t, "Makefile").text
	checked := 0
	known := func(at, target string) {
		checked++
		if !strings.Contains(makefile, "\n"+target+":") {
			t.Errorf("%s: there is no make %s", at, target)
		}
	}
	for at, commands := range lines(t) {
		for _, command := range commands {
			if args := strings.Fields(command); len(args) > 1 && args[0] == "make" {
				known(at, args[1])
			}
		}
	}
	for _, p := range pages(t) {
		for _, m := range regexp.MustCompile("`make ([a-z]+)").FindAllStringSubmatch(p.prose(), -1) {
			known(p.name, m[1])
		}
	}
	if checked < 5 {
		t.Errorf("checked %d targets, want at least 5", checked)
	}
}
