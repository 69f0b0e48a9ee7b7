package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
)

// mark follows what was measured while others used the machine.
const mark = "*"

// report is the results as a table for a person.
func (r *results) report() string {
	var out strings.Builder
	m := r.Machine
	fmt.Fprintf(&out, "%s: %s, %d cores, %d MiB, Linux %s, %s, load %.2f, commit %s\n\n", m.When, m.CPU, m.Cores, m.MiB, m.Kernel, m.Go, m.Load, m.Commit)
	r.writeSamples(&out)
	fmt.Fprintln(&out)
	w := tabwriter.NewWriter(&out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "goal\twhat\tgoal\tstretch\tmeasured\t(from … to)\t")
	for _, g := range r.goals() {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", g.number, g.what, g.bound(g.limit), g.bound(g.better), g.measured(), g.spread(), g.verdict())
	}
	w.Flush()
	for _, note := range r.Notes {
		fmt.Fprintln(&out, "note:", note)
	}
	if all, bad := r.disturbed(); bad > 0 {
		fmt.Fprintf(&out, "%s others used more than %.0f %% of the machine during %d of %d measurements: where it says so, measure again on a quiet machine\n", mark, disturbed*100, bad, all)
	}
	return out.String()
}

func (r *results) disturbed() (all, bad int) {
	for _, s := range r.Samples {
		all++
		if s.Foreign > disturbed {
			bad++
		}
	}
	return all, bad
}

func (g goal) measured() string {
	if g.value.N == 0 {
		return "–"
	}
	text := fmt.Sprintf(g.format, g.value.Median)
	if g.value.Disturbed > 0 {
		text += mark
	}
	return text
}

func (g goal) spread() string {
	if g.value.N < 2 {
		return ""
	}
	return fmt.Sprintf("("+g.format+" … "+g.format+")", g.value.Low, g.value.High)
}

// writeSamples writes a table for each thing that was done: who did it, and the values.
func (r *results) writeSamples(out *strings.Builder) {
	all := func(sample) bool { return true }
	for _, what := range distinct(r.Samples, func(s sample) string { return s.What }, all) {
		these := func(s sample) bool { return s.What == what }
		metrics := r.metrics(what)
		w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
		fmt.Fprint(w, what, "\t\t")
		for _, m := range metrics {
			fmt.Fprint(w, m, "\t")
		}
		fmt.Fprintln(w)
		for _, x := range distinct(r.Samples, func(s sample) float64 { return s.X }, these) {
			for _, who := range distinct(r.Samples, func(s sample) string { return s.Who }, func(s sample) bool { return s.What == what && s.X == x }) {
				fmt.Fprintf(w, "  %s\t%s\t", who, number(x))
				for _, m := range metrics {
					fmt.Fprint(w, r.cell(what, who, x, m), "\t")
				}
				fmt.Fprintln(w)
			}
		}
		w.Flush()
	}
}

// metrics are those that something has.
func (r *results) metrics(what string) []metric {
	var all []metric
	for _, s := range r.Samples {
		if s.What != what {
			continue
		}
		for m := range s.Values {
			if !slices.Contains(all, m) {
				all = append(all, m)
			}
		}
	}
	slices.Sort(all)
	return all
}

// cell is a median, its spread, and its ratio to the floor's, if that did the same.
func (r *results) cell(what, who string, x float64, m metric) string {
	s := r.of(what, who, x, m)
	if s.N == 0 {
		return "–"
	}
	text := number(s.Median)
	if s.N > 1 {
		text += fmt.Sprintf(" ±%.0f%%", 50*(s.High-s.Low)/s.Median)
	}
	if ratio := r.ratio(what, who, theFloor, x, m); ratio.N > 0 && who != theFloor {
		text += fmt.Sprintf(" (%.2f)", ratio.Median)
	}
	if s.Disturbed > 0 {
		text += mark
	}
	return text
}

// number is a value with three digits or so, empty for 0.
func number(v float64) string {
	switch {
	case v == 0:
		return ""
	case v >= 100 || v == float64(int(v)):
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
