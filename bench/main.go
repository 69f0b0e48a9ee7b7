// Command bench measures what the gateway costs against the least that a Go proxy for
// SSH can cost: an x/crypto/ssh server joined to an x/crypto/ssh client with io.Copy,
// which records nothing.
//
// Everything runs on the loopback: a real sshd is the target, and the same client
// drives the floor and the gateway in turn, round after round, so that what else the
// machine does hits all alike. CPU is read from outside, from /proc. What is printed
// are medians, and ratios to the floor; the absolute numbers are this machine's.
//
//	go run ./bench [-rounds 5] [-size 256] [-keys 2000] [-json FILE]
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == floorCommand {
		fmt.Fprintln(os.Stderr, runFloor(os.Args[2:]))
		os.Exit(1)
	}
	var o options
	flag.IntVar(&o.rounds, "rounds", 5, "rounds; medians are of these")
	flag.IntVar(&o.size, "size", 256, "MiB of bulk data a round")
	flag.IntVar(&o.keys, "keys", 2000, "keystrokes a round")
	flag.StringVar(&o.json, "json", "", "also write every measurement to `FILE`")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	rounds, size, keys int
	json               string
}

// result is one workload on one proxy in one round.
type result struct {
	Round    int     `json:"round"`
	Proxy    string  `json:"proxy"`
	Workload string  `json:"workload"`
	MBps     float64 `json:"mbps,omitempty"`       // payload, 10⁶ bytes a second
	CPUGiB   float64 `json:"cpuPerGiB,omitempty"`  // of the proxy, seconds
	P50us    float64 `json:"p50us,omitempty"`      // of a keystroke's echo
	CPUms    float64 `json:"cpuMsPer1k,omitempty"` // of the proxy, for 1,000 keystrokes or logins
	PerSec   float64 `json:"perSecond,omitempty"`  // logins
	LogBytes float64 `json:"logBytes,omitempty"`   // a unit: byte, keystroke or login
}

func run(o options) error {
	dir, err := os.MkdirTemp("", "sshtrail-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b, err := start(dir, o)
	if err != nil {
		return err
	}
	defer b.stop()
	var all []result
	for round := range o.rounds {
		for _, w := range workloads(o) {
			for _, p := range b.proxies {
				r, err := b.measure(p, w)
				if err != nil {
					return fmt.Errorf("%s on %s: %w", w.name, p.name, err)
				}
				r.Round = round
				all = append(all, r)
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d done\n", round+1, o.rounds)
	}
	report(b, o, all)
	if o.json == "" {
		return nil
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.json, append(text, '\n'), 0o644)
}

// report prints the medians, each with its ratio to the floor's.
func report(b *bench, o options, all []result) {
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "workload\tproxy\tMB/s\tCPU-s/GiB\tp50 µs\tCPU ms/1000\tper s\tlog B/unit\t")
	for _, load := range workloads(o) {
		for _, p := range b.proxies {
			cell := func(get func(result) float64, format string) string {
				mine, floor := median(all, load.name, p.name, get), median(all, load.name, b.proxies[0].name, get)
				switch {
				case mine == 0:
					return "–"
				case floor == 0:
					return fmt.Sprintf(format, mine)
				}
				return fmt.Sprintf(format+" (%.2f)", mine, mine/floor)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", load.name, p.name,
				cell(func(r result) float64 { return r.MBps }, "%.0f"),
				cell(func(r result) float64 { return r.CPUGiB }, "%.2f"),
				cell(func(r result) float64 { return r.P50us }, "%.0f"),
				cell(func(r result) float64 { return r.CPUms }, "%.0f"),
				cell(func(r result) float64 { return r.PerSec }, "%.0f"),
				cell(func(r result) float64 { return r.LogBytes }, "%.2f"))
		}
	}
	w.Flush()
}

func median(all []result, workload, proxy string, get func(result) float64) float64 {
	var v []float64
	for _, r := range all {
		if r.Workload == workload && r.Proxy == proxy {
			v = append(v, get(r))
		}
	}
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[len(v)/2]
}
