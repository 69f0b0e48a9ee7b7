package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// picture draws when what happened: rows of what passed in each column's time, and a bar for
// each channel.
type picture struct {
	screen screen
	acc    *account
	axis   *axis
	w      io.Writer
}

// The widths of a picture. What is no terminal gets the usual one.
const (
	pictureLabel = 10
	leastPicture = 20
	usualPicture = 80
	mostPicture  = 240

	maxLanes = 8 // channels with a bar each; more are counted
)

// draw draws the picture, if there is time and room for one.
func (a *account) draw(w io.Writer, s screen) {
	width := usualPicture
	if s.terminal {
		width = min(s.width, mostPicture)
	}
	if width -= pictureLabel; width < leastPicture || a.Messages < 2 || a.end <= a.start {
		return
	}
	p := &picture{s, a, newAxis(a.activity, width), w}
	fmt.Fprintln(w)
	p.row("", faint, p.times())
	p.levels()
	p.marks("resizes", "↔", yellow, a.resizedAt)
	p.marks("gaps", "!", red, a.gapsAt)
	p.channels()
	p.idle()
}

// row prints a row. Trailing spaces are of no use.
func (p *picture) row(label, colour, text string) {
	text = strings.TrimRight(text, " ")
	fmt.Fprintf(p.w, "%s%s\n", p.screen.paint(faint, fmt.Sprintf("%-*s", pictureLabel, label)), p.screen.paint(colour, text))
}

// times is the row of times of day. Each stands where it begins, the last where it ends.
func (p *picture) times() string {
	columns := p.axis.columns
	layout := "15:04:05"
	switch {
	case p.acc.end-p.acc.start > int64(24*time.Hour):
		layout = "01-02 15:04"
	case p.axis.left < int64(20*time.Second):
		layout = "15:04:05.000"
	}
	text := func(at int64) string { return time.Unix(0, at).UTC().Format(layout) }
	last := text(p.acc.end)
	var b strings.Builder
	step := max(len(columns)/5, len(last)+2)
	for i := 0; i+2*len(last)+2 <= len(columns); i += step {
		b.WriteString(strings.Repeat(" ", i-b.Len()) + text(columns[i].from))
	}
	return b.String() + strings.Repeat(" ", max(0, len(columns)-b.Len()-len(last))) + last
}

// levels draws what passed.
func (p *picture) levels() {
	type row struct {
		label, colour string
		count         func(*slice) uint64
	}
	drawn := false
	for _, r := range []row{
		{"output", cyan, func(s *slice) uint64 { return s.out }},
		{"input", green, func(s *slice) uint64 { return s.in }},
		{"forwarded", cyan, func(s *slice) uint64 { return s.forward }},
	} {
		switch counts, any := p.counts(r.count); {
		case any:
			p.row(r.label, r.colour, p.bars(counts))
			drawn = true
		case r.label != "forwarded":
			if text := p.unseen(r.label); text != "" {
				p.row(r.label, faint, text)
			}
		}
	}
	if !drawn {
		counts, _ := p.counts(func(s *slice) uint64 { return s.events })
		p.row("events", "", p.bars(counts))
	}
}

// unseen says of what is not there that it is not recorded, if it passed.
func (p *picture) unseen(label string) string {
	if p.acc.summary == nil {
		return ""
	}
	skipped := p.acc.summary.Skipped.Stdin
	if label == "output" {
		skipped = p.acc.summary.Skipped.Stdout + p.acc.summary.Skipped.Stderr
	}
	if skipped == 0 {
		return ""
	}
	return fmt.Sprintf("(%s passed and were not recorded, as configured)", counted(skipped, "byte"))
}

func (p *picture) counts(of func(*slice) uint64) (counts []float64, any bool) {
	a := p.acc.activity
	counts = make([]float64, len(p.axis.columns))
	for i := range a.slices {
		s := &a.slices[i]
		if n := of(s); n > 0 {
			any = true
			p.axis.spread(counts, a.from(s), a.from(s)+a.width, n)
		}
	}
	return counts, any
}

// bars draws counts. The steps are of a logarithm: a keystroke can be seen beside a megabyte.
func (p *picture) bars(counts []float64) string {
	most := 0.0
	for _, n := range counts {
		most = max(most, n)
	}
	levels := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for i, n := range counts {
		switch {
		case n > 0:
			b.WriteRune(levels[min(len(levels)-1, int(float64(len(levels))*math.Log1p(n)/math.Log1p(most)))])
		case p.axis.columns[i].idle:
			b.WriteRune('╌')
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// marks draws a sign at each of the times.
func (p *picture) marks(label, sign, colour string, times []int64) {
	if len(times) == 0 {
		return
	}
	row := strings.Split(strings.Repeat(" ", len(p.axis.columns)), "")
	for _, at := range times {
		row[p.axis.column(at)] = sign
	}
	p.row(label, colour, strings.Join(row, ""))
}

// channels draws a bar for each channel, or, of many, how many were open.
func (p *picture) channels() {
	all := p.acc.Channels
	if len(all)+int(p.acc.ChannelsOmitted) <= maxLanes {
		for _, c := range all {
			p.row(fmt.Sprintf("#%d", c.ChannelID), "", p.bar(c))
		}
		return
	}
	counts := make([]float64, len(p.axis.columns)+1)
	for _, c := range all {
		from, to := p.ends(c)
		for i := from; i <= to; i++ {
			counts[i]++
		}
	}
	p.row("channels", "", p.bars(counts[:len(p.axis.columns)]))
	if p.acc.ChannelsOmitted > 0 {
		p.row("", faint, fmt.Sprintf("(of the first %d channels)", len(all)))
	}
}

// ends returns the columns in which a channel was opened and closed.
func (p *picture) ends(c *channelAccount) (from, to int) {
	from, to = p.axis.column(c.opened), len(p.axis.columns)-1
	if c.Closed != nil {
		to = p.axis.column(c.closed)
	}
	return from, max(from, to)
}

// bar is a channel from its opening to its end, with what it is for in it, if there is room.
func (p *picture) bar(c *channelAccount) string {
	from, to := p.ends(c)
	space := strings.Repeat(" ", from)
	switch {
	case c.Refused != nil:
		return space + "×"
	case from == to:
		return space + "│"
	}
	end := "┤"
	if c.Closed == nil {
		end = "╌"
	}
	inner := to - from - 1
	name := c.ran()
	if name = clip(name, max(0, inner-4)); name != "" && inner > 8 {
		name = " " + name + " "
	} else {
		name = ""
	}
	line := strings.Repeat("─", max(0, min(inner, 1))) + name
	return space + "├" + line + strings.Repeat("─", max(0, inner-textWidth(line))) + end
}

// idle says how long the times were that are shortened.
func (p *picture) idle() {
	const most = 6
	var parts []string
	for i, s := range p.axis.short {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more", len(p.axis.short)-most))
			break
		}
		parts = append(parts, lasting(s.to-s.from))
	}
	if len(parts) > 0 {
		p.row("╌╌╌", faint, "nothing for "+strings.Join(parts, ", "))
	}
}
