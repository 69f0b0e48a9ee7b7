package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/disk"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage/file"
)

// TestExportOfAnOpenLog exports a session that goes on: what is in no block of its log yet
// is exported too.
func TestExportOfAnOpenLog(t *testing.T) {
	dir := t.TempDir()
	logs, journal, config := filepath.Join(dir, "logs"), filepath.Join(dir, "journal"), filepath.Join(dir, "gateway.yaml")
	text := fmt.Sprintf("backend: local\nauth:\n  users: [{name: alice, keys: [%q]}]\naudit:\n  journal: %s\n  file: {directory: %s}\n", sampleKey, journal, logs)
	if err := errors.Join(os.Mkdir(logs, 0o700), os.WriteFile(config, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
	store, err := file.New(file.Config{Directory: logs}, disk.OS{})
	if err != nil {
		t.Fatal(err)
	}
	recorder, err := record.Open(t.Context(), record.Config{Journal: journal, Store: store})
	if err != nil {
		t.Fatal(err)
	}
	entry := recorder.Begin()
	for _, body := range []event.Body{
		&event.Connect{RemoteAddr: "192.0.2.1", Country: "XX"}, &event.HandshakeSuccessful{Username: "alice"},
		&event.NewChannel{ChannelType: "session"}, &event.NewChannelSuccessful{ChannelType: "session"},
		&event.IO{Stream: event.Stdout, Data: []byte("going on")},
	} {
		if err := entry.Emit(0, body); err != nil {
			t.Fatal(err)
		}
	}
	for to, want := range map[string]string{"asciicast": `"o", "going on"]`, "json": `"data":"Z29pbmcgb24="`} {
		var out, messages bytes.Buffer
		status := run(t.Context(), []string{"export", "--config", config, string(entry.ID()), "--to", to}, stdio{nil, &out, &messages})
		if status != 3 || !strings.Contains(out.String(), want) || !strings.Contains(messages.String(), ": open: ") {
			t.Errorf("--to %s: status %d, want 3; want %q, got\n%s%s", to, status, want, out.String(), messages.String())
		}
	}
	if err := errors.Join(entry.Emit(0, &event.Disconnect{}), recorder.Close(context.Background(), "done")); err != nil {
		t.Fatal(err)
	}
}

// TestCastOnATerminal wants nothing in a cast to act on the terminal that it is printed on,
// nor to hide there or turn the order around.
func TestCastOnATerminal(t *testing.T) {
	var out bytes.Buffer
	x := &casts{to: &outputs{out: &out, made: map[string]*output{}}, screen: true}
	w, err := x.create(0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("\"\u202e\u00ad\U000e0041é\"\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	checkHarmless(t, "cast", out.Bytes())
	checkJSON(t, out.Bytes())
	if !strings.Contains(out.String(), "é") {
		t.Errorf("got %q, want what is harmless as it is", out.String())
	}
}

// TestExportLeavesNoPart has an export fail where its last file gets its name, or be
// interrupted: there is no file then that looks like an export, and no part of one.
func TestExportLeavesNoPart(t *testing.T) {
	dir := t.TempDir()
	log, err := sampleTwo().bytes()
	if err != nil {
		t.Fatal(err)
	}
	name, folder := filepath.Join(dir, "log"), filepath.Join(dir, "casts")
	if err := errors.Join(os.WriteFile(name, log, 0o600), os.Mkdir(folder, 0o700)); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	var out, messages bytes.Buffer
	if status := run(cancelled, []string{"export", name, "--to", "asciicast", "-o", folder}, stdio{nil, &out, &messages}); status != 1 {
		t.Errorf("interrupted: status %d, want 1: %s", status, messages.String())
	}
	checkEmpty(t, folder)

	a := &app{stdio: stdio{nil, &out, &messages}}
	to, err := a.exportTo(folder, false)
	if err != nil {
		t.Fatal(err)
	}
	w, err := to.create("a")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(filepath.Join(folder, "a"), []byte("another's"), 0o600), w.Close()); err != nil {
		t.Fatal(err)
	}
	if err := to.finish(); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("error %v, want one that says that the file exists", err)
	}
	to.abandon()
	if got, err := os.ReadFile(filepath.Join(folder, "a")); err != nil || string(got) != "another's" {
		t.Errorf("the file that came first holds %q, %v", got, err)
	}
	if err := os.Remove(filepath.Join(folder, "a")); err != nil {
		t.Fatal(err)
	}
	checkEmpty(t, folder)
}

func checkEmpty(t *testing.T, folder string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) > 0 {
		t.Errorf("the folder has %v, %v; want nothing", entries, err)
	}
}
