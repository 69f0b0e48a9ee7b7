package asciicast_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sshtrail/sshtrail/codec"
	"github.com/sshtrail/sshtrail/codec/asciicast"
	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/record"
	"github.com/sshtrail/sshtrail/storage/mem"
)

// recorded returns the events of a log that a recorder made of two sessions at once. One
// prints what is in first, the other what is in second, in pieces.
func recorded(t *testing.T, first, second []byte) []event.Event {
	t.Helper()
	store := mem.New()
	recorder, err := record.Open(t.Context(), record.Config{Journal: t.TempDir(), Store: store})
	if err != nil {
		t.Fatal(err)
	}
	entry := recorder.Begin()
	emit := func(channel uint64, bodies ...event.Body) {
		for _, body := range bodies {
			if err := entry.Emit(channel, body); err != nil {
				t.Fatal(err)
			}
		}
	}
	emit(0, &event.Connect{RemoteAddr: "192.0.2.1", Country: "XX"}, &event.HandshakeSuccessful{Username: "alice"},
		&event.NewChannel{ChannelType: "session"}, &event.NewChannelSuccessful{ChannelType: "session"},
		&event.Pty{Term: "xterm", Columns: 100, Rows: 30}, &event.Shell{RequestID: 1})
	emit(1, &event.NewChannel{ChannelType: "session"}, &event.NewChannelSuccessful{ChannelType: "session"}, &event.Exec{Program: "b"})
	for size := 1; len(first)+len(second) > 0; size = min(size+1+size/8, 32<<10) {
		n, m := min(len(first), size), min(len(second), size)
		emit(0, &event.IO{Stream: event.Stdout, Data: first[:n]}, &event.Window{Columns: 80 + uint32(size), Rows: 30})
		emit(1, &event.IO{Stream: event.Stderr, Data: second[:m]})
		first, second = first[n:], second[m:]
	}
	emit(1, &event.Exit{}, &event.Close{By: event.ByTarget})
	emit(0, &event.Disconnect{By: event.ByClient})
	if err := recorder.Close(t.Context(), "done"); err != nil {
		t.Fatal(err)
	}
	return events(t, store, string(entry.ID()))
}

// events reads a log of a store.
func events(t *testing.T, store *mem.Store, id string) []event.Event {
	t.Helper()
	for info, err := range store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if string(info.Name) != id {
			continue
		}
		r, err := store.Open(t.Context(), info.Name)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		data := make([]byte, r.Size())
		if _, err := r.ReadAt(data, 0); err != nil {
			t.Fatal(err)
		}
		var all []event.Event
		for ev, err := range codec.NewReader(bytes.NewReader(data)).Events() {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, ev)
		}
		return all
	}
	t.Fatalf("no log %q", id)
	return nil
}

// TestAsciinemaPrintsWhatWasRecorded has two sessions recorded at once, and asciinema print
// their casts: it prints what the sessions did, 10 MB of it, byte for byte. Version 2.2,
// Debian's, reads version 2 of the format.
func TestAsciinemaPrintsWhatWasRecorded(t *testing.T) {
	screen := bytes.Repeat(samples["screen"], 10_000_000/len(samples["screen"])+1)
	letters := append(bytes.Repeat(samples["letters"], 3), "\x00\x01\x7f\u0085\u2028\u2029\ufeff\"\\\b\f\t\U0010ffff"...)
	casts, stats := encode(t, asciicast.Options{Version: asciicast.V2, Target: "db"}, recorded(t, screen, letters))
	if want := (asciicast.Stats{Casts: 2}); stats != want {
		t.Errorf("%+v, want %+v", stats, want)
	}
	for channel, want := range map[uint64][]byte{0: screen, 1: letters} {
		got := asciinema(t, casts[channel])
		if !bytes.Equal(got, want) {
			same := 0
			for same < min(len(got), len(want)) && got[same] == want[same] {
				same++
			}
			t.Errorf("channel %d: asciinema prints %d bytes, want %d; they differ after %d", channel, len(got), len(want), same)
		}
	}
	header, entries := read(t, casts[0])
	if header.Title != "alice@db" || entries[0].Data != "shell" || entries[1].Data == "" {
		t.Errorf("header %+v, first lines %+v", header, entries[:2])
	}
}

// asciinema prints a cast, on a terminal of its own, which it insists on.
func asciinema(t *testing.T, cast string) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a.cast")
	if err := os.WriteFile(name, []byte(cast), 0o600); err != nil {
		t.Fatal(err)
	}
	master, slave := terminal(t)
	defer master.Close()
	defer slave.Close()
	var out bytes.Buffer
	var messages strings.Builder
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := exec.CommandContext(ctx, "asciinema", "cat", name)
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "HOME="+t.TempDir())
	c.Stdin, c.Stdout, c.Stderr = slave, &out, &messages
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Run(); err != nil {
		t.Fatalf("asciinema cat: %v (scripts/setup installs it): %s", err, messages.String())
	}
	return out.Bytes()
}

// terminal opens a new terminal.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}
