// Command bench measures what the gateway costs against the least that a Go proxy for
// SSH can cost: an x/crypto/ssh server joined to an x/crypto/ssh client with io.Copy,
// which records nothing.
//
// Everything runs on the loopback, and the same clients drive the floor and the gateways
// in turn, round after round, so that what else the machine does hits all alike. CPU and
// memory are read from outside, from the kernel. What is printed are medians, and ratios
// to the floor of the same round; the absolute numbers are this machine's.
//
//	go run ./bench [-long] [-only bulk,keys] [-out DIR] [-profile DIR]
//	go run ./bench -render FILE
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/sshtrail/sshtrail/bench/floor"
	"github.com/sshtrail/sshtrail/bench/rig"
)

func main() {
	if len(os.Args) > 1 && (os.Args[1] == rig.ServerCommand || os.Args[1] == rig.ProxyCommand) {
		fmt.Fprintln(os.Stderr, "floor:", serveFloor(os.Args[1], os.Args[2:]))
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// serveFloor is this program as one of the floors, in a process of its own.
func serveFloor(kind string, args []string) error {
	want := map[string]int{rig.ServerCommand: 2, rig.ProxyCommand: 5}[kind]
	if len(args) != want {
		return fmt.Errorf("%s: %d arguments, want %d", kind, len(args), want)
	}
	hostKey, err := floor.ReadSigner(args[1])
	if err != nil {
		return err
	}
	if kind == rig.ServerCommand {
		return floor.Serve(args[0], floor.Server(hostKey))
	}
	key, err := floor.ReadSigner(args[4])
	if err != nil {
		return err
	}
	return floor.Serve(args[0], floor.Proxy(hostKey, args[2], args[3], key))
}

// options are what the command was asked for.
type options struct {
	long         bool
	only         string
	out, profile string
	render       string
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&o.long, "long", false, "take an hour or so instead of some minutes: larger, more, and more often")
	flags.StringVar(&o.only, "only", "", "measure only these `PARTS`: "+strings.Join(partNames(), ","))
	flags.StringVar(&o.out, "out", "bin/bench", "`FOLDER` for results.json and the plots")
	flags.StringVar(&o.profile, "profile", "", "also write profiles of the gateways into this `FOLDER`; that costs, so the numbers are no measure")
	flags.StringVar(&o.render, "render", "", "measure nothing: make docs/performance.md and its plots from this results.json `FILE`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q: there are only flags", flags.Arg(0))
	}
	if o.render != "" {
		return renderDocument(o.render, ".")
	}
	chosen, err := choose(o.only)
	if err != nil {
		return err
	}
	p := quick()
	switch {
	case o.profile != "":
		p = profiling()
	case o.long:
		p = long()
	}
	r, err := measureAll(ctx, p, chosen, o.profile, stderr)
	if r == nil {
		return err
	}
	// What was measured before an error, or Ctrl-C, took its time too.
	r.Long = o.long
	err = errors.Join(err, r.write(o.out))
	_, printErr := io.WriteString(stdout, r.report())
	return errors.Join(err, printErr)
}

// part is a part of what there is to be measured.
type part struct {
	name string
	run  func(*bench) error
}

// parts are all of them, in the order in which they run.
func parts() []part {
	return []part{
		{"bulk", (*bench).bulk},
		{"settings", (*bench).settings},
		{"sync", (*bench).sync},
		{"keys", (*bench).keys},
		{"people", (*bench).people},
		{"logins", (*bench).logins},
		{"sessions", (*bench).sessions},
		{"sizes", (*bench).sizes},
		{"reading", (*bench).reading},
		{"seek", (*bench).seek},
		{"ls", (*bench).ls},
		{"growth", (*bench).growth},
	}
}

func partNames() []string {
	var names []string
	for _, p := range parts() {
		names = append(names, p.name)
	}
	return names
}

func choose(only string) ([]part, error) {
	all := parts()
	if only == "" {
		return all, nil
	}
	var chosen []part
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(all, func(p part) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no part %q: there are %s", name, strings.Join(partNames(), ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// measureAll runs parts in a folder that is removed afterwards. With an error it returns what
// was measured until then, nil if nothing was.
func measureAll(ctx context.Context, p plan, chosen []part, profile string, log io.Writer) (*results, error) {
	dir, err := os.MkdirTemp("", "sshtrail-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if profile != "" {
		if err := os.MkdirAll(profile, 0o755); err != nil {
			return nil, err
		}
	}
	r, err := rig.New(dir, profile != "")
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b := &bench{Rig: r, ctx: ctx, plan: p, profile: profile, log: log, results: &results{Machine: describe(ctx)}}
	for _, part := range chosen {
		fmt.Fprintf(log, "%s …\n", part.name)
		if err := part.run(b); err != nil {
			return b.results, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return b.results, nil
}

// write writes the results and the plots.
func (r *results) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, resultsFile), r.json(), 0o644); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return r.writePlots(dir)
}
