package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
)

// atOnce is how many mutants are at work at a time: their tests have limits of time.
const atOnce = 2

// hunt looks for all, and prints what came of it. Its error is errNotFound if a mutant was
// not found.
func hunt(ctx context.Context, all []mutant, verbose bool, out, progress io.Writer) error {
	dir, err := os.MkdirTemp("", "sshtrail-mutants")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(dir)
	h, err := newHouse(ctx, dir)
	if err != nil {
		return err
	}
	if err := h.allPass(ctx, all, progress); err != nil {
		return err
	}
	results := make([]found, len(all))
	eachAtOnce(len(all), func(i int) {
		results[i] = h.find(ctx, &all[i])
		fmt.Fprintf(progress, "%s: %s\n", all[i].name, results[i])
		if verbose {
			fmt.Fprintln(progress, results[i].output)
		}
	})
	report(out, all, results)
	for _, r := range results {
		if r.err != nil {
			return r.err
		}
		if !r.failed {
			err = errNotFound
		}
	}
	return err
}

// eachAtOnce calls do for 0 to n-1, a few at a time.
func eachAtOnce(n int, do func(i int)) {
	var workers sync.WaitGroup
	next := make(chan int)
	for range atOnce {
		workers.Go(func() { // ends when next is closed
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	workers.Wait()
}

// found is what came of a mutant.
type found struct {
	result
	err error // it could not be built or run
}

func (f found) String() string {
	switch {
	case f.err != nil:
		return "error: " + strings.SplitN(f.err.Error(), "\n", 2)[0]
	case f.hung:
		return fmt.Sprintf("found: it hung for %.0f s", f.took.Seconds())
	case f.failed:
		return fmt.Sprintf("found in %.1f s", f.took.Seconds())
	}
	return "NOT FOUND"
}

// find builds a mutant and runs its test.
func (h *house) find(ctx context.Context, m *mutant) found {
	dir, err := os.MkdirTemp(h.work, "")
	if err != nil {
		return found{err: fmt.Errorf("make folder: %w", err)}
	}
	defer os.RemoveAll(dir)
	overlay, err := h.overlay(m, dir)
	if err != nil {
		return found{err: err}
	}
	program, err := h.compile(ctx, m.build(), dir, overlay)
	if err != nil {
		return found{err: fmt.Errorf("mutant %q: %w", m.name, err)}
	}
	r, err := h.test(ctx, program, m.build(), m.pattern(), overlay, atLeast+longer*h.usual[m.test])
	if err == nil {
		err = ctx.Err()
	}
	return found{r, err}
}

// allPass runs the tests on the code as it is, each of which must be there and pass.
func (h *house) allPass(ctx context.Context, all []mutant, progress io.Writer) error {
	tests := map[build][]*mutant{} // one for each test
	var builds []build
	for i, m := range all {
		b := m.build()
		if tests[b] == nil {
			builds = append(builds, b)
		}
		if !slices.ContainsFunc(tests[b], func(other *mutant) bool { return other.test == m.test }) {
			tests[b] = append(tests[b], &all[i])
		}
	}
	errs := make([]error, len(builds))
	eachAtOnce(len(builds), func(i int) {
		errs[i] = h.pass(ctx, builds[i], tests[builds[i]])
		fmt.Fprintf(progress, "as it is: %s\n", builds[i].folder)
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// pass runs tests of one package and notes what they take.
func (h *house) pass(ctx context.Context, b build, tests []*mutant) error {
	program, err := h.compile(ctx, b, h.work, "")
	if err != nil {
		return err
	}
	for _, m := range tests {
		r, err := h.test(ctx, program, b, m.pattern(), "", patience)
		if err != nil {
			return err
		}
		if r.failed || !strings.Contains(r.output, "--- PASS: "+m.test[len(b.folder)+1:]+" (") {
			return fmt.Errorf("%s does not pass without a mutant: mend that first\n%s", m.test, r.output)
		}
		h.mu.Lock()
		h.usual[m.test] = max(h.usual[m.test], r.took)
		h.mu.Unlock()
	}
	return nil
}

func report(out io.Writer, all []mutant, results []found) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PROMISE\tMUTANT\tTEST\tRESULT")
	n := 0
	for i, m := range all {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", m.promise, m.name, m.test, results[i])
		if results[i].err == nil && results[i].failed {
			n++
		}
	}
	w.Flush()
	fmt.Fprintf(out, "\n%d of %d mutants were found.\n", n, len(all))
}
