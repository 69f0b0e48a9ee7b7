package page

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"time"

	"github.com/sshtrail/sshtrail/replay/palette"
)

//go:embed body.html
var body string

//go:embed page.css
var sheet string

//go:embed player.js
var script string

// document is a page in the making. The first error stays.
type document struct {
	w     io.Writer
	limit int
	size  int
	err   error
}

func newDocument(w io.Writer, title string, limit int) *document {
	d := &document{w: w, limit: limit}
	style := fmt.Sprintf(":root{%s}:root[data-theme=light]{%s}@media (prefers-color-scheme:light){:root:not([data-theme]){%s}}\n%s",
		palette.Dark().Variables(), palette.Light().Variables(), palette.Light().Variables(), sheet)
	// What is not named is not allowed: no network, no frames, no forms, no other script.
	policy := fmt.Sprintf("default-src 'none'; script-src %s; style-src %s; base-uri 'none'; form-action 'none'", hash(script), hash(style))
	d.print(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="`, policy, `">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>`, html.EscapeString(title), `</title>
<style>`, style, `</style>
</head>
`, body)
	return d
}

// hash is how a policy names a script or a sheet (CSP 3 §2.3.1).
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func (d *document) print(parts ...string) {
	for _, p := range parts {
		if d.err == nil && d.size+len(p) > d.limit {
			d.err = ErrTooLarge
		}
		if d.err == nil {
			d.size += len(p)
			_, d.err = io.WriteString(d.w, p)
		}
	}
}

// chunk adds a chunk of looks, lines and screens, each with a comma behind it.
func (d *document) chunk(looks, lines, screens []byte) {
	if d.err != nil {
		return
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	for _, part := range [][]byte{[]byte(`{"s":[`), bytes.TrimSuffix(looks, []byte(",")), []byte(`],"r":[`), bytes.TrimSuffix(lines, []byte(",")),
		[]byte(`],"f":[`), bytes.TrimSuffix(screens, []byte(",")), []byte("]}")} {
		if err == nil {
			_, err = w.Write(part)
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		d.err = fmt.Errorf("compress: %w", err)
		return
	}
	d.print(`<script type="text/plain" class="chunk">`, base64.StdEncoding.EncodeToString(packed.Bytes()), "</script>\n")
}

// facts are what the script finds beside the chunks.
type facts struct {
	Title    string        `json:"title"`
	Facts    []Fact        `json:"facts"`
	From     int64         `json:"from"` // ms
	To       int64         `json:"to"`
	Chunks   []int64       `json:"chunks"`
	Marks    []int64       `json:"marks"`
	Events   []listedEvent `json:"events"`
	Omitted  int           `json:"omitted"`
	Activity []int         `json:"activity"`
}

type listedEvent struct {
	At   int64  `json:"at"`
	Kind Kind   `json:"kind"`
	Text string `json:"text"`
}

func factsOf(o *Options, f *film) *facts {
	all := &facts{
		Title: o.Title, Facts: append([]Fact{}, o.Facts...), From: milliseconds(o.From), To: max(milliseconds(o.To), f.last),
		Chunks: f.chunks, Marks: append([]int64{}, f.marks...), Omitted: o.Omitted, Activity: f.activity.parts,
	}
	all.Events = []listedEvent{}
	for _, e := range o.Events {
		all.Events = append(all.Events, listedEvent{milliseconds(e.At), e.Kind, e.Text})
	}
	return all
}

// end adds the facts and the script.
func (d *document) end(f *facts) {
	data, err := json.Marshal(f) // which writes <, > and & as \u003c and so on
	if err != nil && d.err == nil {
		d.err = fmt.Errorf("encode: %w", err)
	}
	d.print(`<script type="application/json" id="facts">`, string(data), "</script>\n<script>", script, "</script>\n</body>\n</html>\n")
}

// activityParts is how many columns the picture of activity has.
const activityParts = 240

// activity is how much was written in each part of a time.
type activity struct {
	from, length time.Duration
	parts        []int
}

func newActivity(from, to time.Duration) *activity {
	return &activity{from, max(1, to-from), make([]int, activityParts)}
}

func (a *activity) add(at time.Duration, n int) {
	i := int(float64(at-a.from) / float64(a.length) * activityParts)
	a.parts[max(0, min(i, activityParts-1))] += n
}
