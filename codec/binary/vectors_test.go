package binary

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/event"
)

// vectorLogs makes the logs that are kept in testdata/vectors. A file's name begins
// with its verdict. The files are never written anew: they are what programs out
// there have.
func vectorLogs(t *testing.T) map[string][]byte {
	complete := sessionLog(t)
	unpacked := newLogMaker(t)
	unpacked.level = 0
	session(unpacked)

	rows := newLogMaker(t)
	for i := range event.Table() {
		if row := &event.Table()[i]; row.Extension != summaryName {
			rows.add(event.Event{Time: int64(i), Body: filled(row)})
			rows.add(event.Event{Time: int64(i), Body: empty(row)})
		}
	}

	gateway := newLogMaker(t)
	gateway.add(event.Event{Conn: event.Gateway, Time: 1, Body: &event.GatewayStart{Version: "1.0", Config: strings.Repeat("0", 64)}})
	gateway.add(event.Event{Conn: "one", Time: 2, Body: &event.Connect{RemoteAddr: "::1", Country: "XX"}})
	gateway.add(event.Event{Conn: "two", Time: 2, Body: &event.Connect{RemoteAddr: "::1", Country: "XX"}})
	gateway.add(event.Event{Conn: "one", Time: 3, Body: &event.HandshakeFailed{Reason: "EOF"}})
	gateway.add(event.Event{Conn: "new", Time: 3, Body: &event.Extension{Name: "file-open", Carrier: 400, Data: event.Map{
		{Key: "path", Value: "/tmp/\xff"}, {Key: "size", Value: uint64(1 << 63)}, {Key: "list", Value: []any{nil, true, int64(-5), []byte("x")}},
	}}})

	recovered := newLogMaker(t)
	session(recovered)
	recovered.recovered = true

	return map[string][]byte{
		"complete-session":         complete,
		"complete-stored":          unpacked.end(),
		"complete-gateway":         gateway.end(),
		"complete-every-type":      rows.end(),
		"recovered-session":        recovered.end(),
		"truncated-in-block":       complete[:900],
		"truncated-no-end-mark":    complete[:len(complete)-endSize],
		"truncated-nul-tail":       append(bytes.Clone(complete[:700]), make([]byte, 4096)...),
		"truncated-header":         complete[:17],
		"tampered-trailing-byte":   append(bytes.Clone(complete), 0),
		"tampered-one-bit":         flip(complete, 8*600+3),
		"tampered-block-left-out":  append(bytes.Clone(complete[:40]), complete[40+int(parseHead(complete[40:]).size):]...),
		"not-a-log-gzip":           complete[40:],
		"not-a-log-version-3":      flip(complete, 8*32),
		"foreign-version-2-header": append([]byte(fileHeader), "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"...),
	}
}

func flip(log []byte, bit int) []byte {
	log = bytes.Clone(log)
	log[bit/8] ^= 1 << (bit % 8)
	return log
}

// verdictName returns the verdict that a vector's name begins with.
func verdictName(t testing.TB, file string) Verdict {
	name := filepath.Base(file)
	for v := NotALog; v <= Complete; v++ {
		if strings.HasPrefix(name, strings.ReplaceAll(v.String(), " ", "-")+"-") {
			return v
		}
	}
	t.Fatalf("%s: its name begins with no verdict", file)
	return 0
}

// vectors returns the files in testdata/vectors.
func vectors(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/vectors/v*/*.bin")
	if err != nil || len(files) == 0 {
		t.Fatalf("Glob = %q, %v; want files", files, err)
	}
	return files
}

func TestVectors(t *testing.T) {
	if *update {
		for name, log := range vectorLogs(t) {
			file := "testdata/vectors/v1/" + name + ".bin"
			if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
				if err := os.WriteFile(file, log, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, file := range vectors(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			log, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			lines, r, err := readJSON(log)
			if want := verdictName(t, file); r.Verdict() != want {
				t.Errorf("Verdict = %v (%v), want %v", r.Verdict(), err, want)
			}
			if err != io.EOF { // as decode ends
				lines = append(lines, `{"error":`+strconv.Quote(err.Error())+"}\n"...)
			}
			compareGolden(t, strings.TrimSuffix(file, ".bin")+".jsonl", lines)
		})
	}
}

// whole calls f with each small vector that is complete or recovered.
func whole(t *testing.T, f func(t *testing.T, log []byte, verdict Verdict)) {
	n := 0
	for _, file := range vectors(t) {
		v := verdictName(t, file)
		if v != Complete && v != Recovered {
			continue
		}
		n++
		t.Run(filepath.Base(file), func(t *testing.T) {
			log, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f(t, log, v)
		})
	}
	if n == 0 {
		t.Fatal("no vector is complete or recovered")
	}
}

// TestCut cuts at every offset, the larger logs at every fifth: what is left is truncated. So it is with any number of
// NUL bytes behind the cut.
func TestCut(t *testing.T) {
	whole(t, func(t *testing.T, log []byte, verdict Verdict) {
		written := len(bytes.TrimRight(log, "\x00"))
		step := 1
		if len(log) > 1200 {
			step = 5
		}
		for cut := 0; cut < len(log); cut += step {
			for _, nuls := range []int{0, 1, 200, 5000} {
				part := append(bytes.Clone(log[:cut]), make([]byte, nuls)...)
				want := Truncated
				switch {
				case cut < written:
				case len(part) == len(log):
					want = verdict // what was cut off were NUL bytes too
				case len(part) > len(log):
					want = Tampered
				}
				if v, err := verdictOf(t, part); v != want {
					t.Fatalf("cut at %d of %d with %d NULs: %v, want %v", cut, len(log), nuls, err, want)
				}
			}
		}
	})
}

// TestFlip changes each bit of a log, of the larger ones each eleventh: nothing goes
// unseen.
func TestFlip(t *testing.T) {
	whole(t, func(t *testing.T, log []byte, _ Verdict) {
		step := 1
		if len(log) > 1200 {
			step = 11
		}
		for bit := 0; bit < len(log)*8; bit += step {
			want := Tampered
			if bit < 8*len(fileHeader) {
				want = NotALog
			}
			if v, err := verdictOf(t, flip(log, bit)); v != want {
				t.Errorf("bit %d of byte %d: %v (%v), want %v", bit%8, bit/8, v, err, want)
			}
		}
	})
}

// TestCutAndFlip changes each eleventh bit of a log that is cut in its last block. Where it is seen
// the log is tampered with. It can go unseen only where nothing vouches: behind the last
// whole block, in bytes that would begin another good log.
func TestCutAndFlip(t *testing.T) {
	whole(t, func(t *testing.T, log []byte, _ Verdict) {
		cut := log[:len(log)-endSize-20]
		last := len(log) - endSize - int(parseHead(log[len(log)-endSize:]).back)
		for bit := 8 * len(fileHeader); bit < len(cut)*8; bit += 11 {
			v, err := verdictOf(t, flip(cut, bit))
			if v != Tampered && (v != Truncated || bit/8 < last+blockHead-80) {
				t.Errorf("bit %d of byte %d, cut at %d: %v (%v), want tampered", bit%8, bit/8, len(cut), v, err)
			}
		}
	})
}
