package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/sshtrail/sshtrail/internal/cbor"
)

// TestHostileTexts has all commands read a log that has every byte that could act on a
// terminal, wherever a peer can put one.
func TestHostileTexts(t *testing.T) {
	dir := t.TempDir()
	log, err := sampleHostile().bytes()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, string(sampleConn))
	if err := os.WriteFile(name, log, 0o600); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(dir, "cut.partial")
	if err := os.WriteFile(cut, log[:len(log)-110], 0o600); err != nil {
		t.Fatal(err)
	}
	tampered := filepath.Join(dir, "x\x1b]0;t\x07\u202e")
	if err := os.WriteFile(tampered, log[:len(log)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	header, err := json.Marshal(map[string]any{"version": 2, "width": 80, "height": 24, "title": hostile, "command": hostile})
	if err != nil {
		t.Fatal(err)
	}
	cast := filepath.Join(dir, "alone.0.cast")
	if err := os.WriteFile(cast, append(header, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"ls", dir}, {"ls", "--json", dir}, {"verify", cast, name}, {"play", "--channel", "list", cast},
		{"show", name}, {"show", "--json", name}, {"show", cut}, {"show", tampered}, {"show", "-"},
		{"decode", name}, {"decode", "--file", cut}, {"decode", tampered},
		{"export", name, "--to", "json"}, {"export", cut, "--to", "json", "--channel", "0"},
		{"verify", name, cut, tampered}, {"verify", "--json", name, cut, tampered, tampered + "?", dir + "/\x1b[2J\u202e"},
	} {
		t.Run(strings.Join(args[:2], " "), func(t *testing.T) {
			var out, messages bytes.Buffer
			run(t.Context(), args, stdio{bytes.NewReader(log), &out, &messages})
			checkHarmless(t, "output", out.Bytes())
			checkHarmless(t, "messages", messages.Bytes())
			if out.Len() == 0 {
				t.Errorf("no output; messages: %s", messages.Bytes())
			}
			if args[0] == "decode" || args[1] == "--json" {
				checkJSON(t, out.Bytes())
			}
		})
	}
}

// TestHostileConnectionID has a log of ContainerSSH's make, in which ids may be anything.
func TestHostileConnectionID(t *testing.T) {
	var log bytes.Buffer
	log.WriteString("ContainerSSH-Auditlog" + strings.Repeat("\x00", 11) + "\x02\x00\x00\x00\x00\x00\x00\x00")
	z := gzip.NewWriter(&log)
	for _, id := range []string{hostile, "other" + hostile} {
		m := cbor.AppendMap(nil, 5)
		m = cbor.AppendText(cbor.AppendText(m, "connectionId"), strings.ToValidUTF8(id, "?"))
		m = cbor.AppendUint(cbor.AppendText(m, "timestamp"), 1)
		m = cbor.AppendUint(cbor.AppendText(m, "type"), 0)
		m = cbor.AppendMap(cbor.AppendText(m, "payload"), 2)
		m = cbor.AppendText(cbor.AppendText(m, "remoteAddr"), strings.ToValidUTF8(id, "?"))
		m = cbor.AppendText(cbor.AppendText(m, "country"), strings.ToValidUTF8(id, "?"))
		m = cbor.AppendNull(cbor.AppendText(m, "channelId"))
		if _, err := z.Write(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Flush(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "foreign")
	if err := os.WriteFile(name, log.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"ls", dir}, {"ls", "--json", dir}, {"show", name}, {"show", "--json", name}, {"decode", name}, {"verify", name},
	} {
		var out, messages bytes.Buffer
		if status := run(t.Context(), args, stdio{nil, &out, &messages}); status != 0 {
			t.Errorf("%q: status %d: %s", args, status, messages.Bytes())
		}
		checkHarmless(t, "output", out.Bytes())
	}
}

// checkHarmless wants UTF-8 of printable characters and the white space that lines and
// tables need.
func checkHarmless(t *testing.T, what string, out []byte) {
	t.Helper()
	for i := 0; i < len(out); {
		r, size := utf8.DecodeRune(out[i:])
		if r == utf8.RuneError && size == 1 || r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			t.Fatalf("%s has %U (%x) at %d, after %q", what, r, out[i:i+size], i, out[max(0, i-40):i])
		}
		i += size
	}
}

func checkJSON(t *testing.T, out []byte) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(out))
	for d.More() {
		var v any
		if err := d.Decode(&v); err != nil {
			t.Fatalf("not JSON: %v", err)
		}
	}
}
