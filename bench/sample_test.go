package main

import (
	"strings"
	"testing"
)

// made has samples of two rounds, in the second of which others were busy and all was
// twice as slow.
func made() *results {
	r := &results{}
	for round, slow := range []float64{1, 2} {
		for who, v := range map[string]float64{theFloor: 2, auditOff: 2.5, recorded: 5} {
			r.Samples = append(r.Samples, sample{What: "text down", Who: who, Round: round, Foreign: (slow - 1) / 2,
				Values: map[metric]float64{cpuGiB: v * slow, speed: 100 / v / slow}})
		}
	}
	return r
}

// TestRatiosAreOfARound finds the same ratio in both rounds, though the values differ.
func TestRatiosAreOfARound(t *testing.T) {
	r := made()
	if got, want := r.ratio("text down", recorded, theFloor, 0, cpuGiB), (summary{Median: 2.5, Low: 2.5, High: 2.5, N: 2, Disturbed: 1}); got != want {
		t.Errorf("ratio = %+v, want %+v", got, want)
	}
	if got, want := r.of("text down", recorded, 0, cpuGiB), (summary{Median: 7.5, Low: 5, High: 10, N: 2, Disturbed: 1}); got != want {
		t.Errorf("summary = %+v, want %+v", got, want)
	}
	if got := r.ratio("text down", recorded, theFloor, 1, cpuGiB); got.N != 0 {
		t.Errorf("ratio of what was not measured = %+v", got)
	}
}

func TestMedian(t *testing.T) {
	for _, k := range []struct {
		values []float64
		median float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{9, 1, 2, 4}, 3}} {
		if got := summarise(k.values, nil); got.Median != k.median || got.N != len(k.values) {
			t.Errorf("summarise(%v) = %+v, want the median %v", k.values, got, k.median)
		}
	}
}

func TestVerdictsOfGoals(t *testing.T) {
	for _, k := range []struct {
		median        float64
		limit, better float64
		atLeast       bool
		want          string
	}{
		{1.5, 2.2, 1.6, false, "reached, and the stretch"}, {2.2, 2.2, 1.6, false, "reached"}, {2.21, 2.2, 1.6, false, "missed"},
		{0.9, 0.7, 0.85, true, "reached, and the stretch"}, {0.7, 0.7, 0.85, true, "reached"}, {0.69, 0.7, 0.85, true, "missed"},
	} {
		g := goal{limit: k.limit, better: k.better, atLeast: k.atLeast, value: summary{Median: k.median, N: 1}}
		if got := g.verdict(); got != k.want {
			t.Errorf("%v of %v or %v (at least: %v) = %q, want %q", k.median, k.limit, k.better, k.atLeast, got, k.want)
		}
	}
	if got := (goal{}).verdict(); got != "not measured" {
		t.Errorf("verdict without a value = %q", got)
	}
}

// TestReportSaysWhatWasDisturbed looks for the mark, and for the numbers.
func TestReportSaysWhatWasDisturbed(t *testing.T) {
	text := made().report()
	for _, want := range []string{"7.5 ±33% (2.50)*", "CPU, text down, recorded : floor", "2.50*", "during 3 of 6 measurements", "missed", "not measured"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q:\n%s", want, text)
		}
	}
}
