package metrics

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/sshtrail/sshtrail/record"
)

var update = flag.Bool("update", false, "write the table in docs/operations.md")

const page = "../../docs/operations.md"

// values are those of the labels whose values are known beforehand.
func values(label string) []string {
	return map[string][]string{
		"state":   {"startup", "session", "farewell"},
		"outcome": {"complete", "recovered", "unfinished"},
		"reason":  texts(Refusals()),
		"method":  texts(Methods()),
		"kind":    record.FailureKinds(),
		"result":  texts(Results()),
	}[label]
}

// markdown is the table of all metrics.
func markdown() string {
	var b strings.Builder
	b.WriteString("\n| Metric | Type | Label | Meaning |\n|---|---|---|---|\n")
	for _, r := range rows() {
		label := r.label
		if known := values(label); known != nil {
			label += ": " + strings.Join(known, ", ")
		}
		fmt.Fprintf(&b, "| `%s%s` | %s | %s | %s |\n", namespace, r.name, r.kind, label, r.help)
	}
	return b.String() + "\n"
}

var table = regexp.MustCompile(`(?s)(<!-- made from internal/metrics: make generate -->\n)(.*?)(<!-- end -->)`)

func TestMetricsAreDocumented(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	at := table.FindSubmatchIndex(text)
	if at == nil {
		t.Fatalf("%s has no place for the table of metrics", page)
	}
	want := string(text[:at[4]]) + markdown() + string(text[at[5]:])
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(text) != want {
		t.Errorf("the table of metrics in docs/operations.md is out of date: make generate")
	}
}

// What the table in the code says of a metric is what Prometheus is told of it.
func TestTableIsWhatIsServed(t *testing.T) {
	families, err := gather(t, full()).Gather()
	if err != nil {
		t.Fatal(err)
	}
	served := map[string]string{}
	for _, f := range families {
		served[f.GetName()] = strings.ToLower(f.GetType().String()) + " " + f.GetHelp()
	}
	for _, r := range rows() {
		if got, want := served[namespace+r.name], string(r.kind)+" "+r.help; got != want || r.help == "" {
			t.Errorf("%s%s is served as %q, want %q", namespace, r.name, got, want)
		}
		delete(served, namespace+r.name)
	}
	if len(served) > 0 {
		t.Errorf("there are metrics without a row: %v", served)
	}
}

// rules are the expressions of the alerts that the page proposes.
func rules(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?s)```yml\n(groups:.*?)```").FindSubmatch(text)
	if m == nil {
		t.Fatalf("%s has no rules", page)
	}
	var file struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []struct {
				Alert, Expr, For string
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.Load(m[1], &file, yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			found[r.Alert] = r.Expr
		}
	}
	if len(found) < 10 {
		t.Fatalf("%s has %d rules, want 10 at least", page, len(found))
	}
	return found
}

// names are the names of all series, those of the client library too.
func names(t *testing.T) []string {
	t.Helper()
	families, err := gather(t, full()).Gather()
	if err != nil {
		t.Fatal(err)
	}
	others, err := NewServer("", func() Messages { return Messages{} }, nil).program.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range slices.Concat(families, others) {
		all = append(all, f.GetName(), f.GetName()+"_bucket", f.GetName()+"_sum", f.GetName()+"_count")
	}
	return all
}

// An alert on what is not there never sounds.
func TestAlertsAskForWhatThereIs(t *testing.T) {
	metric := regexp.MustCompile(`\b(?:sshtrail|process|go)_[a-z_]+\b`)
	matcher := regexp.MustCompile(`([a-z]+)=~?"([^"]*)"`)
	known := names(t)
	for alert, expr := range rules(t) {
		asked := metric.FindAllString(expr, -1)
		if len(asked) == 0 {
			t.Errorf("%s asks for none of our metrics: %s", alert, expr)
		}
		for _, name := range asked {
			if !slices.Contains(known, name) {
				t.Errorf("%s asks for %s, which is not there", alert, name)
			}
		}
		for _, m := range matcher.FindAllStringSubmatch(expr, -1) {
			for value := range strings.SplitSeq(m[2], "|") {
				if !slices.Contains(values(m[1]), value) {
					t.Errorf("%s asks for %s=%q, which is not there", alert, m[1], value)
				}
			}
		}
		if strings.Count(expr, "(") != strings.Count(expr, ")") {
			t.Errorf("%s: parentheses do not match: %s", alert, expr)
		}
	}
}
