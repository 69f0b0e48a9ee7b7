package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/sshtrail/sshtrail/codec/binary"
)

// exportJSON writes what decode prints, or the part of it that was asked for.
func (a *app) exportJSON(ctx context.Context, src *source, o *exportOptions, to *outputs) error {
	w, err := to.create(filepath.Base(src.name) + ".jsonl")
	if err != nil {
		return err
	}
	bar := a.exportBar(to)
	bar.begin(word(src.name), src.size)
	lines := newJSONLines(w.Writer)
	part := o.part()
	how, err := src.readAll(ctx, bar.watch(src.r), func(m *binary.Message) error {
		if !part.has(m) {
			return nil
		}
		return lines.print(m)
	})
	bar.end()
	if err != nil && !to.standard() {
		return failedOn(src, err)
	}
	ended := a.endDecode(w.Writer, src, how, err)
	if err := w.Close(); err != nil {
		return failedOn(src, err)
	}
	if err := to.finish(); err != nil {
		return err
	}
	return ended
}

// part tells which messages were asked for.
type part struct {
	channel     *uint64
	from, until time.Duration
	begun       bool
	start       int64
}

func (o *exportOptions) part() *part {
	return &part{channel: o.channel, from: o.from, until: o.until}
}

// has reports whether m is of the part. It must see all messages.
func (p *part) has(m *binary.Message) bool {
	if p.channel != nil && (!m.Type.OnChannel() || m.Channel != *p.channel) {
		return false
	}
	if !p.begun {
		p.begun, p.start = true, m.Time
	}
	since := time.Duration(m.Time - p.start)
	return since >= p.from && (p.until == 0 || since <= p.until)
}
