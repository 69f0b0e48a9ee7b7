package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// progress is a bar for what takes more than a second, on the terminal of a person who
// waits. It is for one goroutine; it draws when it is told that there is progress.
type progress struct {
	w     io.Writer // nil: nobody watches
	now   func() time.Time
	width int

	label string
	total int64 // bytes, not above 0 if it is not known
	begun time.Time
	drawn time.Time // zero: not yet
}

const (
	progressAfter = time.Second
	progressEvery = 100 * time.Millisecond
	progressBar   = 24
)

// newProgress returns the bar of a command that writes messages to w.
func newProgress(w io.Writer) *progress {
	s := screenOf(w, os.Getenv)
	if !s.terminal {
		return &progress{}
	}
	return &progress{w: w, now: time.Now, width: s.width}
}

// begin begins with something that has total bytes.
func (p *progress) begin(label string, total int64) {
	if p.w == nil {
		return
	}
	p.label, p.total, p.begun, p.drawn = label, total, p.now(), time.Time{}
}

// done says how many bytes are done.
func (p *progress) done(n int64) {
	if p.w == nil {
		return
	}
	now := p.now()
	if now.Sub(p.begun) < progressAfter || now.Sub(p.drawn) < progressEvery {
		return
	}
	p.drawn = now
	fmt.Fprintf(p.w, "\r%s\x1b[K", clip(p.line(n, now.Sub(p.begun)), p.width-1))
}

// watch returns r, with what is read of it shown as progress.
func (p *progress) watch(r io.Reader) io.Reader {
	if p.w == nil {
		return r
	}
	return &watched{r: r, p: p}
}

type watched struct {
	r io.Reader
	p *progress
	n int64
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.r.Read(b)
	w.n += int64(n)
	w.p.done(w.n)
	return n, err
}

// end takes the bar away.
func (p *progress) end() {
	if p.w != nil && !p.drawn.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = time.Time{}
	}
}

// line is the bar: how much, how fast, of what.
func (p *progress) line(n int64, since time.Duration) string {
	speed := sized(int64(float64(n)/since.Seconds())) + "/s"
	if p.total <= 0 {
		return fmt.Sprintf("%7s  %9s  %s", sized(n), speed, p.label)
	}
	n = min(n, p.total)
	full := int(progressBar * n / p.total)
	bar := strings.Repeat("█", full) + strings.Repeat("░", progressBar-full)
	return fmt.Sprintf("%s %3d%%  %9s  %s", bar, 100*n/p.total, speed, p.label)
}
