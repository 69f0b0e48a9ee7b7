package main

import (
	"fmt"
	"math"
	"slices"
)

// goal is what was set out to be reached.
type goal struct {
	number        int
	what          string
	limit, better float64 // better is a stretch, NaN if there is none
	atLeast       bool    // the value should be no less, else no more
	value         summary
	format        string
}

// verdict says whether it is reached.
func (g goal) verdict() string {
	reached := func(limit float64) bool {
		return g.atLeast && g.value.Median >= limit || !g.atLeast && g.value.Median <= limit
	}
	switch {
	case g.value.N == 0:
		return "not measured"
	case reached(g.better): // never with NaN
		return "reached, and the stretch"
	case reached(g.limit):
		return "reached"
	}
	return "missed"
}

func (g goal) bound(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	if g.atLeast {
		return "≥ " + fmt.Sprintf(g.format, v)
	}
	return "≤ " + fmt.Sprintf(g.format, v)
}

// minusOne turns a ratio into how much more it is.
func (s summary) minusOne() summary {
	return summary{Median: s.Median - 1, Low: s.Low - 1, High: s.High - 1, N: s.N, Disturbed: s.Disturbed}
}

// goals are all of them, with what was measured.
func (r *results) goals() []goal {
	none := math.NaN()
	all := []goal{}
	add := func(number int, what string, limit, better float64, atLeast bool, value summary, format string) {
		all = append(all, goal{number, what, limit, better, atLeast, value, format})
	}
	floorRatio := func(what, who string, m metric) summary { return r.ratio(what, who, theFloor, 0, m) }
	for _, what := range []string{"text down", "text up", "random down", "random up"} {
		add(1, "CPU, "+what+", audit off : floor", 1, 0.8, false, floorRatio(what, auditOff, cpuGiB), "%.2f")
	}
	for _, what := range []string{"text down", "text up"} {
		add(2, "CPU, "+what+", recorded : floor", 2.2, 1.6, false, floorRatio(what, recorded, cpuGiB), "%.2f")
		add(2, "throughput, "+what+", recorded : floor", 0.7, 0.85, true, floorRatio(what, recorded, speed), "%.2f")
	}
	for _, what := range []string{"random down", "random up"} {
		add(3, "CPU, "+what+", recorded : floor", 1.25, 1.15, false, floorRatio(what, recorded, cpuGiB), "%.2f")
		add(3, "throughput, "+what+", recorded : floor", 0.85, 0.95, true, floorRatio(what, recorded, speed), "%.2f")
	}
	for _, what := range []string{flatOut, paced} {
		add(4, what+": time to the echo (p50), recorded : audit off", 1.05, 1.02, false, r.ratio(what, recorded, auditOff, 0, p50), "%.2f")
		add(4, what+": CPU, recorded : audit off", 1.10, 1.05, false, r.ratio(what, recorded, auditOff, 0, cpuKeys), "%.2f")
	}
	size := func(what string) summary { return r.of(what, recorded, r.most(what), logUnit) }
	add(5, logKey+", bytes", 12, 8, false, size(logKey), "%.1f")
	add(5, logLine+", bytes", 10, 5, false, size(logLine), "%.1f")
	add(5, logTrue+", bytes", 1024, 600, false, size(logTrue), "%.0f")
	for _, x := range r.xs(openSessions, recorded) {
		if x >= 1000 {
			add(6, fmt.Sprintf("memory of a recorded session, of %.0f, KiB RSS", x), 155, 110, false, r.of(openSessions, recorded, x, rss), "%.0f")
		}
	}
	add(6, "memory of a connection before its login, KiB RSS", 64, none, false, r.of(beforeLogin, recorded, r.most(beforeLogin), rss), "%.0f")
	for _, what := range []string{oneByOne, sixteen} {
		add(7, what+": rate, recorded : floor", 0.95, 1, true, floorRatio(what, recorded, perSecond), "%.2f")
		add(7, what+": CPU, recorded : floor", 1.10, 1, false, floorRatio(what, recorded, cpuLogin), "%.2f")
	}
	for _, what := range []string{"text synced", "random synced"} {
		lost := r.ratio(what, syncSeldom, "sync 100ms", 0, speed).minusOne()
		add(8, what+" every 100 ms: throughput that it costs, against once a minute", 0.03, 0.01, false, lost, "%.3f")
	}
	all = append(all, r.readingGoals()...)
	return all
}

func (r *results) readingGoals() []goal {
	none := math.NaN()
	all := []goal{
		{9, "verify, text, MB/s of decoded data a core", 300, 400, true, r.of("verify", logOfText, 0, coreSpeed), "%.0f"},
		{9, "verify, text, wall clock : one core (more than 1 is parallel)", 1.3, none, true, r.parallel("verify", logOfText), "%.2f"},
		{9, "JSON, text, MB/s of decoded data", 150, 250, true, r.of("decode", logOfText, 0, speed), "%.0f"},
		{9, "verify, keys, messages a second", 1_500_000, 3_000_000, true, r.of("verify", logOfKeys, 0, messages), "%.0f"},
		{9, "JSON, keys, messages a second", 1_500_000, 3_000_000, true, r.of("decode", logOfKeys, 0, messages), "%.0f"},
	}
	for _, log := range []string{largeLog, longLog} {
		x := r.most("seek " + log)
		all = append(all,
			goal{10, log + ": the slowest seek, ms", 50, none, false, r.of("seek "+log, "replay", x, seekMs), "%.1f"},
			goal{10, log + ": the most that a seek read, KiB", 1024, none, false, r.of("seek "+log, "replay", x, seekKiB), "%.0f"},
			goal{10, log + ": open it, and seek, ms", 50, none, false, r.of("seek "+log, "replay", x, openSeekMs), "%.1f"},
			goal{10, log + ": read to open it, and seek, KiB", 1024, none, false, r.of("seek "+log, "replay", x, openSeekKiB), "%.0f"})
	}
	for _, x := range r.xs("ls", "logs") {
		if x >= 100_000 {
			all = append(all, goal{10, fmt.Sprintf("ls of %.0f logs: its first line, ms", x), 100, none, false, r.of("ls", "logs", x, firstMs), "%.0f"})
		}
	}
	return append(all, r.growthGoals()...)
}

// grown is how many times more something may cost where there is the most of what grows
// than where there is least: chance alone makes that much.
const grown = 1.25

func (r *results) growthGoals() []goal {
	all := r.sessionGrowth()
	for _, k := range []struct {
		what, who, of string
		m             metric
	}{
		{openSessions, recorded, "memory of a session, of %.0f : of %.0f", rss},
		{oneLog, recorded, "CPU of a GiB, of a log of %.0f MiB : of %.0f", cpuGiB},
		{"logins beside other logs", recorded, "CPU of a login, beside %.0f logs : beside %.0f", cpuLogin},
	} {
		xs := r.xs(k.what, k.who)
		if len(xs) < 2 {
			continue
		}
		first, last := xs[0], xs[len(xs)-1]
		from, to := r.of(k.what, k.who, first, k.m), r.of(k.what, k.who, last, k.m)
		all = append(all, goal{11, fmt.Sprintf(k.of, last, first), grown, math.NaN(), false, to.over(from), "%.2f"})
	}
	return all
}

// over is how many times as large something is, from what is known of both.
func (s summary) over(t summary) summary {
	if s.N == 0 || t.N == 0 {
		return summary{}
	}
	return summary{Median: s.Median / t.Median, Low: s.Low / t.High, High: s.High / t.Low, N: min(s.N, t.N), Disturbed: max(s.Disturbed, t.Disturbed)}
}

// sessionGrowth looks at what a key costs in many sessions. It is taken as a part of what it costs
// the floor in as many: the more there are, the less of them is in the CPU's caches.
func (r *results) sessionGrowth() []goal {
	var both []float64
	for _, x := range r.xs(openSessions, recorded) {
		if slices.Contains(r.xs(openSessions, theFloor), x) {
			both = append(both, x)
		}
	}
	if len(both) < 2 {
		return nil
	}
	first, last := both[0], both[len(both)-1]
	at := func(x float64) summary { return r.ratio(openSessions, recorded, theFloor, x, cpuKeys) }
	what := fmt.Sprintf("CPU of a key, recorded : floor, with %.0f sessions : with %.0f", last, first)
	return []goal{{11, what, grown, math.NaN(), false, at(last).over(at(first)), "%.2f"}}
}
