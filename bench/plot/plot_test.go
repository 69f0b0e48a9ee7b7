package plot_test

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/bench/plot"
)

// elements reads a drawing and returns its elements by their names.
func elements(t *testing.T, svg []byte) map[string][]map[string]string {
	t.Helper()
	found := map[string][]map[string]string{}
	d := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("not XML: %v\n%s", err, svg)
		}
		if e, ok := token.(xml.StartElement); ok {
			attrs := map[string]string{}
			for _, a := range e.Attr {
				attrs[a.Name.Local] = a.Value
			}
			found[e.Name.Local] = append(found[e.Name.Local], attrs)
		}
	}
}

func at(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestLinesKeepProportions draws a line and reads it back: the vertical axis begins at 0,
// and the horizontal one has equal steps for equal factors.
func TestLinesKeepProportions(t *testing.T) {
	svg := plot.Lines{Title: "growth", X: "sessions", Series: []plot.Series{{Name: "a", Points: []plot.Point{
		{X: 10, Y: 2}, {X: 100, Y: 4}, {X: 1000, Y: 8, Low: 6, High: 10},
	}}}}.SVG()
	dots := elements(t, svg)["circle"]
	if len(dots) != 3 {
		t.Fatalf("%d dots, want 3\n%s", len(dots), svg)
	}
	var x, y []float64
	for _, d := range dots {
		x, y = append(x, at(t, d["cx"])), append(y, at(t, d["cy"]))
	}
	if x[1]-x[0] != x[2]-x[1] || x[0] >= x[1] {
		t.Errorf("10, 100 and 1,000 are at %v: want equal steps", x)
	}
	const zero = 310 // where the axis is
	if d := (zero - y[2]) - 4*(zero-y[0]); d > 0.2 || d < -0.2 {
		t.Errorf("2 and 8 are %v and %v above 0: want four times as much", zero-y[0], zero-y[2])
	}
	ranges := regexp.MustCompile(`<line x1="700" y1="[0-9.]+" x2="700" y2="[0-9.]+" stroke="#0072b2"/>`).FindAll(svg, -1)
	if len(ranges) != 1 {
		t.Errorf("%d ranges, want the one of 6 to 10\n%s", len(ranges), svg)
	}
}

func TestBarsKeepProportions(t *testing.T) {
	svg := plot.Bars{Title: "cost", Series: []string{"floor", "ours"}, Groups: []plot.Group{
		{Name: "text", Values: []plot.Point{{Y: 2}, {Y: 5}}}, {Name: "random", Values: []plot.Point{{Y: 1}, {}}},
	}}.SVG()
	var heights []float64
	for _, r := range elements(t, svg)["rect"] {
		if r["width"] != "720" && r["width"] != "10" { // not the ground, nor the legend
			heights = append(heights, at(t, r["height"]))
		}
	}
	if len(heights) != 4 || heights[0] != 2*heights[2] || heights[1] != 2.5*heights[0] || heights[3] != 0 {
		t.Errorf("heights of 2, 5, 1 and nothing: %v\n%s", heights, svg)
	}
}

// TestNamesStayText draws names that would be something else in XML, and empty charts.
func TestNamesStayText(t *testing.T) {
	name := `</svg><script>"&'`
	for _, svg := range [][]byte{
		plot.Lines{Title: name, X: name, Series: []plot.Series{{Name: name, Points: []plot.Point{{X: 1, Y: 1}}}}}.SVG(),
		plot.Bars{Title: name, Subtitle: name, Series: []string{name}, Groups: []plot.Group{{Name: name, Values: []plot.Point{{Y: 1}}}}}.SVG(),
		plot.Lines{}.SVG(), plot.Bars{}.SVG(),
		plot.Lines{Series: []plot.Series{{Points: []plot.Point{{X: 5}}}}}.SVG(),
	} {
		if found := elements(t, svg); len(found["script"]) > 0 || len(found["svg"]) != 1 || strings.Contains(string(svg), "NaN") {
			t.Errorf("a drawing with %v\n%s", found, svg)
		}
	}
}
