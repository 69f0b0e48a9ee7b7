package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// house is a copy of the repository, in which tests are built and run. Mutants leave it as
// it is: the compiler is shown another file in the place of one (go help build, -overlay).
type house struct {
	root string // of the copy
	work string // for what is built

	mu    sync.Mutex
	usual map[string]time.Duration // what each test takes, by mutant.test
}

// How long a test may take before it counts as hanging: with a mutant so much longer than
// without, or a slow test on a busy machine would pass for one that saw its bug.
const (
	patience = 5 * time.Minute
	atLeast  = 20 * time.Second
	longer   = 5
	// grace is what a test has, beyond that, to end itself with a trace of what hangs.
	grace = 15 * time.Second
)

// newHouse copies what git knows of the repository that the caller is in, as it is in the
// working tree, and what is new there. The copy is in dir.
func newHouse(ctx context.Context, dir string) (*house, error) {
	dir, err := filepath.EvalSymlinks(dir) // as the compiler sees it
	if err != nil {
		return nil, fmt.Errorf("find folder for the copy: %w", err)
	}
	top, err := exec.CommandContext(ctx, "git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		return nil, fmt.Errorf("find the repository: %w; run this in it", err)
	}
	h := &house{root: filepath.Join(dir, "copy"), work: filepath.Join(dir, "work"), usual: map[string]time.Duration{}}
	if err := os.MkdirAll(h.work, 0o700); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	source := strings.TrimSuffix(string(top), "\n")
	list := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = source
	names, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list the repository's files: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		if err := copyFile(filepath.Join(h.root, name), filepath.Join(source, name)); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// copyFile copies a regular file. One that was removed, and is not committed so, is passed over.
func copyFile(to, from string) error {
	info, err := os.Lstat(from)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil
	}
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	b, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	if err := os.WriteFile(to, b, info.Mode().Perm()); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	return nil
}

// overlay writes the mutant's file and returns the name of what tells the compiler of it.
func (h *house) overlay(m *mutant, dir string) (string, error) {
	original := filepath.Join(h.root, m.file)
	text, err := os.ReadFile(original)
	if err != nil {
		return "", fmt.Errorf("mutant %q: %w", m.name, err)
	}
	mutated, err := m.apply(string(text))
	if err != nil {
		return "", err
	}
	changed := filepath.Join(dir, "mutated.go")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	if err != nil {
		return "", fmt.Errorf("write overlay: %w", err)
	}
	name := filepath.Join(dir, "overlay.json")
	if err := errors.Join(os.WriteFile(changed, []byte(mutated), 0o600), os.WriteFile(name, list, 0o600)); err != nil {
		return "", fmt.Errorf("write overlay: %w", err)
	}
	return name, nil
}

// compile builds the tests of a package into dir and returns the program's path.
func (h *house) compile(ctx context.Context, b build, dir, overlay string) (string, error) {
	program := filepath.Join(dir, b.binary())
	args := []string{"test", "-c", "-vet=off", "-o", program}
	if b.race {
		args = append(args, "-race")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./"+b.folder)...)
	cmd.Dir, cmd.Env = h.root, environment(overlay)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the tests of %s: %w\n%s", b.folder, err, out)
	}
	return program, nil
}

// environment has the overlay in it, for what a test itself builds too.
func environment(overlay string) []string {
	if overlay == "" {
		return os.Environ()
	}
	return append(os.Environ(), "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -overlay="+overlay))
}

// result is what came of a test.
type result struct {
	failed, hung bool
	took         time.Duration
	output       string
}

// test runs tests of a program that compile has built.
func (h *house) test(ctx context.Context, program string, b build, pattern, overlay string, patience time.Duration) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, patience+grace)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-test.run="+pattern, "-test.count=1", "-test.v", "-test.timeout="+patience.String())
	cmd.Dir, cmd.Env = filepath.Join(h.root, b.folder), environment(overlay)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	err := cmd.Run()
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what a test that failed has left
	}
	r := result{took: time.Since(began), output: out.String(), failed: err != nil}
	r.hung = r.failed && (ctx.Err() != nil || strings.Contains(r.output, "panic: test timed out after"))
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		return r, fmt.Errorf("run the tests of %s: %w", b.folder, err)
	}
	return r, nil
}
