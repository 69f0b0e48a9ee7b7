package main

import (
	"slices"
)

// sample is one measurement.
type sample struct {
	What    string             `json:"what"`        // was done
	Who     string             `json:"who"`         // did it
	X       float64            `json:"x,omitempty"` // how many there were, where that is varied
	Round   int                `json:"round"`       // samples of one round belong together
	Foreign float64            `json:"foreign"`     // share of the machine that others used meanwhile
	Values  map[metric]float64 `json:"values"`
}

// metric is the name of a value, with its unit.
type metric string

// What is measured.
const (
	speed       metric = "MB/s"        // payload, 10⁶ bytes a second
	cpuGiB      metric = "CPU-s/GiB"   // of the process that is measured
	logGiB      metric = "log MiB/GiB" // of payload
	p50         metric = "p50 µs"      // of a keystroke's echo
	p99         metric = "p99 µs"
	cpuKeys     metric = "CPU ms/1000 keys"
	perSecond   metric = "logins/s"
	cpuLogin    metric = "CPU ms/login"
	rss         metric = "KiB RSS/session"
	pss         metric = "KiB PSS/session"
	logUnit     metric = "log B"       // of a key, a line, a session: as What says
	coreSpeed   metric = "MB/s a core" // of decoded data for each second of CPU
	messages    metric = "messages/s"
	coreMessage metric = "messages/s a core"
	openMs      metric = "open ms"
	openKiB     metric = "open KiB read"
	seekMs      metric = "seek ms"       // the slowest
	seekKiB     metric = "seek KiB read" // the most
	openSeekMs  metric = "open and seek ms"
	openSeekKiB metric = "open and seek KiB read"
	firstMs     metric = "first line ms"
	allMs       metric = "all lines ms"
)

// disturbed is the share of the machine from which on others disturb a measurement.
const disturbed = 0.05

// summary is what samples say together.
type summary struct {
	Median, Low, High float64
	N                 int
	Disturbed         int // of the N
}

func summarise(values []float64, foreign []float64) summary {
	s := summary{N: len(values)}
	for _, f := range foreign {
		if f > disturbed {
			s.Disturbed++
		}
	}
	if s.N == 0 {
		return s
	}
	sorted := slices.Sorted(slices.Values(values))
	s.Low, s.High = sorted[0], sorted[s.N-1]
	s.Median = (sorted[(s.N-1)/2] + sorted[s.N/2]) / 2
	return s
}

// of summarises a value of what one did.
func (r *results) of(what, who string, x float64, m metric) summary {
	var values, foreign []float64
	for _, s := range r.Samples {
		if v, ok := s.Values[m]; ok && s.What == what && s.Who == who && s.X == x {
			values, foreign = append(values, v), append(foreign, s.Foreign)
		}
	}
	return summarise(values, foreign)
}

// ratio summarises a value as a part of another's in the same round.
func (r *results) ratio(what, who, base string, x float64, m metric) summary {
	var values, foreign []float64
	for _, s := range r.Samples {
		if s.What != what || s.Who != who || s.X != x {
			continue
		}
		for _, t := range r.Samples {
			if t.What == what && t.Who == base && t.X == x && t.Round == s.Round && t.Values[m] > 0 && s.Values[m] > 0 {
				values, foreign = append(values, s.Values[m]/t.Values[m]), append(foreign, max(s.Foreign, t.Foreign))
			}
		}
	}
	return summarise(values, foreign)
}

// xs are the numbers for which there are samples, from the smallest on.
func (r *results) xs(what, who string) []float64 {
	all := distinct(r.Samples, func(s sample) float64 { return s.X }, func(s sample) bool { return s.What == what && s.Who == who })
	slices.Sort(all)
	return all
}

// most is the largest number for which there is a sample.
func (r *results) most(what string) float64 {
	most := 0.0
	for _, s := range r.Samples {
		if s.What == what {
			most = max(most, s.X)
		}
	}
	return most
}

// parallel is how many cores' work something did at once.
func (r *results) parallel(what, who string) summary {
	var values, foreign []float64
	for _, s := range r.Samples {
		if s.What == what && s.Who == who && s.Values[coreSpeed] > 0 {
			values, foreign = append(values, s.Values[speed]/s.Values[coreSpeed]), append(foreign, s.Foreign)
		}
	}
	return summarise(values, foreign)
}

// distinct are the values of a field, in the order in which they first came.
func distinct[T comparable](samples []sample, get func(sample) T, where func(sample) bool) []T {
	var all []T
	for _, s := range samples {
		if v := get(s); where(s) && !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return all
}
