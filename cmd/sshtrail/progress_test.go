package main

import (
	"strings"
	"testing"
	"time"
)

func TestProgressAfterASecond(t *testing.T) {
	var out strings.Builder
	now := time.Unix(0, 0)
	p := &progress{w: &out, now: func() time.Time { return now }, width: 80}
	p.begin("a.log", 1000)
	p.done(100)
	now = now.Add(progressAfter - 1)
	p.done(200)
	p.end()
	if out.Len() > 0 {
		t.Fatalf("printed within a second: %q", out.String())
	}
	p.begin("b.log", 1000)
	now = now.Add(2 * time.Second)
	p.done(500)
	p.done(501) // too soon to be seen
	want := "\r" + strings.Repeat("█", 12) + strings.Repeat("░", 12) + "  50%     250B/s  b.log\x1b[K"
	if got := out.String(); got != want {
		t.Fatalf("printed %q, want %q", got, want)
	}
	p.end()
	if got := out.String(); got != want+"\r\x1b[K" {
		t.Fatalf("at the end %q, want the bar taken away", got)
	}
}

func TestProgressOfUnknownSize(t *testing.T) {
	p := &progress{label: "-", total: -1}
	if got, want := p.line(2048, time.Second), "  2.0KB    2.0KB/s  -"; got != want {
		t.Errorf("line = %q, want %q", got, want)
	}
}
