package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/tapetest"
)

// exported returns what export writes of a log, and its messages.
func exported(t *testing.T, log []byte, args ...string) (out []byte, messages string, status int) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(name, log, 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	status = run(t.Context(), append([]string{"export", name}, args...), stdio{nil, &stdout, &stderr})
	return stdout.Bytes(), stderr.String(), status
}

// TestHostileViews exports a log that is hostile wherever a peer can be: the views are harmless on a
// terminal, and the picture is XML.
func TestHostileViews(t *testing.T) {
	tape := tapetest.New(t)
	tape.Add(0, 0, &event.Connect{RemoteAddr: "203.0.113.66", Country: hostile}, &event.HandshakeSuccessful{Username: hostile}, &event.ForwardTCPIP{BindHost: hostile},
		&event.GlobalReply{RequestType: "tcpip-forward", Reason: hostile, By: event.ByTarget}, &event.Gap{Reason: hostile})
	tape.Add(0, 7, &event.NewChannelDirectTCPIP{HostToConnect: hostile, OriginatorHost: hostile}, &event.NewChannelFailed{ChannelType: hostile, Reason: hostile})
	tape.Session(0, 80, 24, hostile)
	tape.Session(1, 0, 0, "scp -t '"+strings.ReplaceAll(hostile, "\x00", "")+"'")
	tape.Add(0, 0, &event.Gap{Reason: hostile}, &event.Window{Columns: 81, Rows: 24})
	for _, s := range tapetest.Hostile() {
		tape.Print(time.Second, 0, s)
		tape.Print(time.Second, 0, "\x1b\\\x18\r\n")
	}
	tape.Exit(time.Second, 0, 1)
	tape.Add(0, 0, &event.ExitSignal{Signal: hostile})
	log := tape.Bytes()
	for _, to := range []string{"text", "html", "svg"} {
		out, messages, status := exported(t, log, "--to", to, "--channel", "0")
		if status != 0 || len(out) == 0 {
			t.Errorf("--to %s: status %d, %d bytes: %s", to, status, len(out), messages)
		}
		checkHarmless(t, to, []byte(visibleOf(string(out))))
		checkHarmless(t, to, []byte(messages))
		if to != "svg" {
			continue
		}
		d := xml.NewDecoder(bytes.NewReader(out))
		var err error
		for err == nil {
			_, err = d.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("the picture is no XML: %v", err)
		}
	}
}

// visibleOf returns text without what does nothing by itself, as the emulator shows it: joiners, tags of flags,
// and what is no character.
func visibleOf(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || unicode.In(r, unicode.Cc, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return r
		}
		return -1
	}, text)
}

// TestViewsOfAnInterruptedExport leaves nothing behind.
func TestViewsOfAnInterruptedExport(t *testing.T) {
	dir := t.TempDir()
	log, err := sampleTwo().bytes()
	if err != nil {
		t.Fatal(err)
	}
	name, folder := filepath.Join(dir, "log"), filepath.Join(dir, "views")
	if err := errors.Join(os.WriteFile(name, log, 0o600), os.Mkdir(folder, 0o700)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, to := range []string{"text", "html", "svg"} {
		var out, messages bytes.Buffer
		if status := run(ctx, []string{"export", name, "--to", to, "-o", folder}, stdio{nil, &out, &messages}); status != 1 {
			t.Errorf("--to %s: status %d, want 1: %s", to, status, messages.String())
		}
		checkEmpty(t, folder)
	}
}

// TestNoMoreThanIsGood exports a log whose second half was changed: what is played ends where the verdict says
// that the log is no longer good.
func TestNoMoreThanIsGood(t *testing.T) {
	tape := tapetest.New(t)
	tape.Session(0, 80, 24, "")
	for i := range 4000 {
		tape.Print(time.Second, 0, strings.Repeat(string(rune('a'+i%26)), 60)+"\r\n")
	}
	tape.Exit(time.Second, 0, 0)
	log := tape.Bytes()
	log[len(log)/2] ^= 1
	out, messages, status := exported(t, log, "--to", "text")
	lines := bytes.Count(out, []byte(" | "))
	if status != 4 || !strings.Contains(messages, "tampered: block ") || lines < 1000 || lines > 2500 {
		t.Errorf("status %d, %d lines of 4000: %s", status, lines, messages)
	}
}
