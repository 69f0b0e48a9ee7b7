// Command mutants shows that the tests see their own bugs: it takes out, one at a time, what
// a promise of docs/promises.md stands on, and wants a test to fail for each.
//
//	go run ./internal/mutants [-run REGEXP] [-v]
//
// It works on a copy of the repository in a temporary folder. First the named tests are run
// as the code is, and must pass; then each mutant is built and its one test is run. A mutant
// that does not build is an error of the table. The exit status is 1 if one was not found.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// errNotFound says that a test did not see its bug.
var errNotFound = errors.New("not every mutant was found: a test is missing, or tests nothing")

// run runs the command and returns its exit status.
func run(ctx context.Context, args []string, out, progress io.Writer) int {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	flags.SetOutput(progress)
	pattern := flags.String("run", "", "only mutants whose name or file `REGEXP` matches")
	verbose := flags.Bool("v", false, "show what the tests said")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	only, err := regexp.Compile(*pattern)
	if err != nil || flags.NArg() > 0 {
		fmt.Fprintln(progress, "mutants: usage: go run ./internal/mutants [-run REGEXP] [-v]")
		return 2
	}
	if err := hunt(ctx, chosen(mutants(), only), *verbose, out, progress); err != nil {
		fmt.Fprintln(progress, "mutants:", err)
		return 1
	}
	return 0
}

func chosen(all []mutant, only *regexp.Regexp) []mutant {
	var some []mutant
	for _, m := range all {
		if only.MatchString(m.name) || only.MatchString(m.file) {
			some = append(some, m)
		}
	}
	return some
}
