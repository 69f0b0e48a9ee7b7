package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/sshtrail/sshtrail/bench/plot"
)

// chart is a drawing with the name of its file.
type chart struct {
	file string
	svg  []byte
}

// charts are all drawings for which there is something to draw.
func (r *results) charts() []chart {
	var all []chart
	add := func(file string, svg []byte) {
		if svg != nil {
			all = append(all, chart{file, svg})
		}
	}
	who := []string{theFloor, auditOff, recorded, andCast}
	bulk := []string{"text down", "text up", "random down", "random up", "zeros down"}
	add("bulk-cpu.svg", r.bars("CPU for bulk data", "seconds of the gateway's CPU for a GiB: lower is better", bulk, who, cpuGiB))
	add("bulk-speed.svg", r.bars("Throughput of bulk data", "MB/s: higher is better", bulk, who, speed))
	add("keys-cpu.svg", r.bars("CPU for keystrokes", "ms of the gateway's CPU for 1,000 keys and their echoes", []string{flatOut, paced}, who, cpuKeys))
	add("logins-cpu.svg", r.bars("CPU for logins", "ms of the gateway's CPU for one", []string{oneByOne, sixteen}, who, cpuLogin))
	add("sessions-memory.svg", r.lines("Memory of a session", "KiB RSS of the gateway for each", "sessions open", openSessions, who, rss))
	add("sessions-cpu.svg", r.lines("CPU of a key, by the number of sessions", "ms for 1,000", "sessions open", openSessions, who, cpuKeys))
	add("log-size.svg", r.lines("CPU for the next part of a log that grows", "seconds for a GiB, random data", "MiB of the log so far", oneLog, []string{recorded}, cpuGiB))
	add("logs-ls.svg", r.lines("ls: time to its first line", "ms", "logs in the folder", "ls", []string{"logs"}, firstMs))
	add("logs-logins.svg", r.lines("CPU of a login, by the number of logs", "ms", "logs in the folder", "logins beside other logs", []string{recorded}, cpuLogin))
	return all
}

func point(x float64, s summary) plot.Point {
	return plot.Point{X: x, Y: s.Median, Low: s.Low, High: s.High}
}

// bars is a group for each thing that was done, nil if there is nothing to draw.
func (r *results) bars(title, subtitle string, what, who []string, m metric) []byte {
	b := plot.Bars{Title: title, Subtitle: subtitle + r.caveat(what, m), Series: who}
	for _, w := range what {
		g := plot.Group{Name: w}
		found := false
		for _, by := range who {
			s := r.of(w, by, 0, m)
			found = found || s.N > 0
			g.Values = append(g.Values, point(0, s))
		}
		if found {
			b.Groups = append(b.Groups, g)
		}
	}
	if len(b.Groups) == 0 {
		return nil
	}
	return b.SVG()
}

// lines is a line for each who, nil if there is nothing to draw.
func (r *results) lines(title, subtitle, x, what string, who []string, m metric) []byte {
	l := plot.Lines{Title: title, Subtitle: subtitle + r.caveat([]string{what}, m), X: x}
	for _, by := range who {
		s := plot.Series{Name: by}
		for _, at := range r.xs(what, by) {
			if v := r.of(what, by, at, m); v.N > 0 {
				s.Points = append(s.Points, point(at, v))
			}
		}
		if len(s.Points) > 0 {
			l.Series = append(l.Series, s)
		}
	}
	if len(l.Series) == 0 {
		return nil
	}
	return l.SVG()
}

// caveat says if others have used the machine meanwhile.
func (r *results) caveat(what []string, m metric) string {
	bad := 0
	for _, s := range r.Samples {
		if _, ok := s.Values[m]; ok && s.Foreign > disturbed && slices.Contains(what, s.What) {
			bad++
		}
	}
	if bad == 0 {
		return ""
	}
	return fmt.Sprintf(" (others used the machine during %d measurements)", bad)
}

func (r *results) writePlots(dir string) error {
	for _, c := range r.charts() {
		if err := os.WriteFile(filepath.Join(dir, c.file), c.svg, 0o644); err != nil {
			return fmt.Errorf("write plot: %w", err)
		}
	}
	return nil
}
