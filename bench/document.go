package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Where the document is, and the folder of what it shows.
const (
	documentFile   = "docs/performance.md"
	documentFolder = "docs/performance"
)

// renderDocument makes the document's tables and plots anew from results, in a module's
// folder, and keeps the results beside them.
func renderDocument(file, module string) error {
	r, err := readResults(file)
	if err != nil {
		return err
	}
	page := filepath.Join(module, documentFile)
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	filled, err := r.fill(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", documentFile, err)
	}
	if err := r.write(filepath.Join(module, documentFolder)); err != nil {
		return err
	}
	return os.WriteFile(page, []byte(filled), 0o644)
}

func readResults(file string) (*results, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	r := &results{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("read results of %s: %w", file, err)
	}
	return r, nil
}

// fill puts what was measured where a document has its places.
func (r *results) fill(text string) (string, error) {
	for name, table := range map[string]string{
		"machine": r.machineText(), "goals": r.goalTable(),
		"bulk":     r.table([]string{"text down", "text up", "random down", "random up", "zeros down"}, speed, cpuGiB, logGiB),
		"settings": r.table([]string{settled}, speed, cpuGiB, logGiB),
		"keys":     r.table([]string{flatOut, paced}, p50, p99, cpuKeys),
		"logins":   r.table([]string{oneByOne, sixteen}, perSecond, cpuLogin, logUnit),
		"sessions": r.table([]string{openSessions, beforeLogin}, rss, p50, cpuKeys),
		"sync":     r.table([]string{"text synced", "random synced"}, speed, cpuGiB),
		"sizes":    r.table([]string{logKey, logLine, logTrue}, logUnit),
		"reading":  r.table([]string{"verify", "decode"}, speed, coreSpeed, messages),
		"ls":       r.table([]string{"ls", "logins beside other logs"}, firstMs, allMs, cpuLogin),
		"growth":   r.table([]string{oneLog}, speed, cpuGiB, rss),
		"seek":     r.table([]string{"seek " + largeLog, "seek " + longLog}, openMs, openKiB, seekMs, seekKiB),
	} {
		begin, end := "<!-- measured: "+name+" -->\n", "<!-- end -->"
		before, rest, ok := strings.Cut(text, begin)
		if !ok {
			return "", fmt.Errorf("there is no place %q", strings.TrimSpace(begin))
		}
		_, behind, ok := strings.Cut(rest, end)
		if !ok {
			return "", fmt.Errorf("%q has no %s", strings.TrimSpace(begin), end)
		}
		text = before + begin + "\n" + table + "\n" + end + behind
	}
	return text, nil
}

func (r *results) machineText() string {
	m := r.Machine
	form := "the short form"
	if r.Long {
		form = "the long form"
	}
	text := fmt.Sprintf("%s of the measurement, %s, at commit %s: %s, %d cores, %d MiB, Linux %s, %s, load %.2f before.\n",
		strings.ToUpper(form[:1])+form[1:], m.When, m.Commit, m.CPU, m.Cores, m.MiB, m.Kernel, m.Go, m.Load)
	if all, bad := r.disturbed(); bad > 0 {
		text += fmt.Sprintf("\n**Measured on a machine that was busy with other things, and to be measured again**: others used more than %.0f %% of it during %d of %d measurements. "+
			"Those are marked with \\*: their ratios hold roughly, their absolute numbers do not.\n", disturbed*100, bad, all)
	}
	for _, note := range r.Notes {
		text += "\n- " + note
	}
	return strings.TrimSuffix(text, "\n") + "\n"
}

// escaped is text for a cell.
func escaped(s string) string { return strings.NewReplacer("|", "\\|", "*", "\\*").Replace(s) }

func (r *results) goalTable() string {
	var out strings.Builder
	out.WriteString("| # | What | Goal | Stretch | Measured | From … to | |\n|---|---|---|---|---|---|---|\n")
	for _, g := range r.goals() {
		fmt.Fprintf(&out, "| %d | %s | %s | %s | %s | %s | %s |\n", g.number, g.what, g.bound(g.limit), g.bound(g.better), escaped(g.measured()), g.spread(), g.verdict())
	}
	return out.String()
}

// table is a row for each who and number of some things, with a column for each value
// that one of them has.
func (r *results) table(whats []string, metrics ...metric) string {
	var out strings.Builder
	out.WriteString("| What | Who | How many |")
	for _, m := range metrics {
		fmt.Fprintf(&out, " %s |", m)
	}
	out.WriteString("\n|---|---|---|" + strings.Repeat("---|", len(metrics)) + "\n")
	for _, what := range whats {
		for _, who := range distinct(r.Samples, func(s sample) string { return s.Who }, func(s sample) bool { return s.What == what }) {
			for _, x := range r.xs(what, who) {
				fmt.Fprintf(&out, "| %s | %s | %s |", what, who, number(x))
				for _, m := range metrics {
					fmt.Fprintf(&out, " %s |", escaped(r.cell(what, who, x, m)))
				}
				out.WriteString("\n")
			}
		}
	}
	return out.String()
}
