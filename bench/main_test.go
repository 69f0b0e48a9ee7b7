package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/bench/rig"
)

// TestMain lets the tests' program be the floors too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == rig.ServerCommand || os.Args[1] == rig.ProxyCommand) {
		fmt.Fprintln(os.Stderr, serveFloor(os.Args[1], os.Args[2:]))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// TestAllPartsRun measures a little of everything. What comes out is no measure, but every
// goal has a value, and every plot is drawn.
func TestAllPartsRun(t *testing.T) {
	var log bytes.Buffer
	r, err := measureAll(t.Context(), tiny(), parts(), "", &log)
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	dir := t.TempDir()
	if err := r.write(dir); err != nil {
		t.Fatal(err)
	}
	again, err := readResults(filepath.Join(dir, resultsFile))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := again.report(), r.report(); got != want {
		t.Errorf("what was kept says\n%s\nand what was measured\n%s", got, want)
	}
	if len(r.Notes) > 0 {
		t.Errorf("a small measurement has notes: %q", r.Notes)
	}
	seen := map[int]bool{}
	for _, g := range r.goals() {
		seen[g.number] = true
		if g.value.N == 0 {
			t.Errorf("goal %d, %s, was not measured", g.number, g.what)
		}
	}
	for n := 1; n <= 11; n++ {
		if !seen[n] {
			t.Errorf("goal %d is missing", n)
		}
	}
	for _, c := range r.charts() {
		if text, err := os.ReadFile(filepath.Join(dir, c.file)); err != nil || !bytes.Equal(text, c.svg) || strings.Contains(string(text), "NaN") {
			t.Errorf("%s: %v, %d bytes", c.file, err, len(text))
		}
	}
	if n := len(r.charts()); n != 9 {
		t.Errorf("%d plots, want 9", n)
	}
}

func TestProfilesAreTaken(t *testing.T) {
	chosen, err := choose("logins")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "profiles")
	if _, err := measureAll(t.Context(), tiny(), chosen, dir, t.Output()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"logins-16-at-once-recorded-cpu.pb.gz", "logins-one-by-one-audit-off-allocs.pb.gz"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, k := range []struct {
		args []string
		says string
	}{
		{[]string{"-only", "bulk,nosuch"}, `no part "nosuch"`},
		{[]string{"all"}, "there are only flags"},
		{[]string{"-render", "/nosuch/file"}, "read results"},
	} {
		if err := run(t.Context(), k.args, t.Output(), t.Output()); err == nil || !strings.Contains(err.Error(), k.says) {
			t.Errorf("bench %s = %v, want an error that says %q", strings.Join(k.args, " "), err, k.says)
		}
	}
}

// TestInterrupted has what was measured before Ctrl-C kept.
func TestInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	first := part{"first", func(b *bench) error {
		w, err := b.watchSelf()
		if err != nil {
			return err
		}
		interrupt()
		return b.add(w, sample{What: "first", Who: "it", Values: map[metric]float64{speed: 1}})
	}}
	r, err := measureAll(ctx, tiny(), []part{first, {"sync", (*bench).sync}}, "", t.Output())
	if !errors.Is(err, context.Canceled) || r == nil || len(r.Samples) != 1 {
		t.Errorf("measureAll = %+v, %v, want a sample and %v", r, err, context.Canceled)
	}
}
