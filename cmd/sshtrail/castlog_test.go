package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/codec/asciicast"
	"github.com/sshtrail/sshtrail/codec/binary"
	"github.com/sshtrail/sshtrail/replay"
	"github.com/sshtrail/sshtrail/verify"
)

func castSource(text string) *source {
	r := strings.NewReader(text)
	return &source{name: "x.3.cast", r: r, at: r, size: r.Size(), Closer: io.NopCloser(nil)}
}

// TestLogOfCast plays casts of both versions, and one that is larger than a block, and compares the screens.
func TestLogOfCast(t *testing.T) {
	for _, v := range []asciicast.Version{asciicast.V2, asciicast.V3} {
		var text bytes.Buffer
		if v == asciicast.V2 {
			text.WriteString(`{"version": 2, "width": 100, "height": 30, "timestamp": 1795343536, "title": "alice@db"}` + "\n")
		} else {
			text.WriteString(`{"version": 3, "term": {"cols": 100, "rows": 30}, "timestamp": 1795343536, "title": "alice@db"}` + "\n")
		}
		for i := range 5000 {
			at := float64(i) / 10
			if v == asciicast.V3 {
				at = 0.1 * float64(min(i, 1))
			}
			fmt.Fprintf(&text, "[%.6f, \"o\", \"\\u001b[3%dmline %d %s\\r\\n\"]\n", at, i%8, i, strings.Repeat("x", i%90))
			if i == 2500 {
				fmt.Fprintf(&text, "[%.6f, \"r\", \"80x24\"]\n[%.6f, \"m\", \"vim\"]\n", at*float64(3-v), at*float64(3-v))
			}
		}
		src, broken, err := logOfCast(castSource(text.String()))
		if err != nil || broken != nil {
			t.Fatal(err, broken)
		}
		if report, err := verify.Log(t.Context(), src.r, verify.Options{}); err != nil || report.Verdict != binary.Complete || report.Blocks < 3 {
			t.Errorf("version %d: its log is %v with %d blocks: %v, %v", v, report.Verdict, report.Blocks, report.Fault, err)
		}
		log, err := replay.Open(src.at, src.size, replay.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ch := log.Main()
		if log.User != "alice@db" || ch.Number != 3 || ch.Length().Round(time.Second) != 500*time.Second {
			t.Errorf("version %d: it is of %q, channel %d, for %v", v, log.User, ch.Number, ch.Length())
		}
		p := replay.NewPlayer(log, ch)
		for at, want := range map[time.Duration]string{100 * time.Second: "line 1000", 400 * time.Second: "line 4000"} {
			if err := p.Seek(at + time.Millisecond); err != nil {
				t.Fatal(err)
			}
			columns, rows := p.Screen().Size()
			if line := fmt.Sprint(p.Screen().Line(rows - 2).Runs()); !strings.Contains(line, want) {
				t.Errorf("version %d: at %v the last line is %q", v, at, line)
			}
			if (columns == 80) != (at > 300*time.Second) {
				t.Errorf("version %d: at %v it has %d columns", v, at, columns)
			}
		}
		src.Close()
	}
}

// TestLogOfBrokenCast plays what is there, and says where it ends.
func TestLogOfBrokenCast(t *testing.T) {
	const head = `{"version": 2, "width": 80, "height": 24, "timestamp": -5}` + "\n"
	src, broken, err := logOfCast(castSource(head + "[1, \"o\", \"good\"]\n[0.5, \"o\", \"earlier\"]\n[2, \"o\""))
	if err != nil || broken == nil || !strings.Contains(broken.Error(), "line 4") {
		t.Fatalf("logOfCast = %v, %v", broken, err)
	}
	defer src.Close()
	if report, err := verify.Log(t.Context(), src.r, verify.Options{}); err != nil || report.Verdict != binary.Complete {
		t.Errorf("its log is %v: %v, %v", report.Verdict, report.Fault, err)
	}
	if _, _, err := logOfCast(castSource(`{"version": 9}`)); err == nil {
		t.Error("version 9 is played")
	}
}
