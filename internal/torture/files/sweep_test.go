package files

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/event"
	"github.com/sshtrail/sshtrail/internal/torture"
)

// verdict is what verify --json says of a file.
type verdict struct {
	Log     string
	Verdict string
	Status  int
}

// verifyAll writes files and has verify look at all of them at once. It returns what it
// says, in their order.
func verifyAll(t testing.TB, files [][]byte) []verdict {
	t.Helper()
	dir := t.TempDir()
	args := []string{"verify", "--json"}
	for i, b := range files {
		name := fmt.Sprintf("./%d", i)
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	r := sshtrailTo(t, dir, 64<<20, args...)
	var all []verdict
	worst := 0
	for line := range strings.Lines(r.out) {
		var v verdict
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("verify --json printed %q: %v", line, err)
		}
		all = append(all, v)
		worst = max(worst, v.Status)
	}
	if len(all) != len(files) || r.Status != worst {
		t.Fatalf("verify told of %d files of %d, the worst of status %d, and ended with status %d", len(all), len(files), worst, r.Status)
	}
	return all
}

// logs are one log of each shape that our writers make.
func logs(t testing.TB) map[string][]byte {
	many := newMaker(t)
	many.level = 0
	for i := range 6 {
		many.add(&event.IO{Stream: event.Stdout, Data: []byte(repeated("x", 20*i))}, &event.Extension{Name: "file-open", Carrier: 400, Data: event.Map{{Key: "path", Value: "/\xff"}}})
		many.flush()
	}
	recovered := newMaker(t)
	recovered.add(&event.Connect{RemoteAddr: "192.0.2.7", Country: "XX"})
	recovered.flush()
	recovered.block.Recovered = true
	recovered.add(&event.Disconnect{By: event.ByGateway, Recovered: true})
	return map[string][]byte{"small": small(t), "many blocks": many.end(), "recovered": recovered.end()}
}

// TestCutsAndFlips has the command verify look at logs that were cut, and at logs with a
// bit turned: the first are truncated, the others tampered or no logs.
func TestCutsAndFlips(t *testing.T) {
	rig := torture.New(t)
	const batch = 1000
	for name, log := range logs(t) {
		t.Run(name, func(t *testing.T) {
			if v := verifyAll(t, [][]byte{log}); v[0].Status != 0 {
				t.Fatalf("the log itself is %s", v[0].Verdict)
			}
			var files [][]byte
			var at []int
			look := func(what string, want func(at int) string) {
				for i, v := range verifyAll(t, files) {
					if v.Verdict != want(at[i]) {
						t.Errorf("%s %d of %d: %s, want %s", what, at[i], len(log), v.Verdict, want(at[i]))
					}
				}
				files, at = nil, nil
			}
			step := 1
			if !rig.Long() {
				step += rig.IntN(8)
			}
			for cut := 0; cut < len(log); cut += step {
				files, at = append(files, log[:cut]), append(at, cut)
			}
			look("cut at", func(int) string { return "truncated" })
			for bit := rig.IntN(8); bit < 8*len(log); bit += 1 + 6*step {
				changed := append([]byte(nil), log...)
				changed[bit/8] ^= 1 << (bit % 8)
				files, at = append(files, changed), append(at, bit/8)
				if len(files) == batch {
					look("changed at", changedVerdict)
				}
			}
			look("changed at", changedVerdict)
		})
	}
}

func changedVerdict(at int) string {
	if at < len(header2) {
		return "not a log"
	}
	return "tampered"
}

// TestNumbersInHeaders puts the numbers that break arithmetic where a block's header and the end
// mark have one: sizes, counts, positions, times.
func TestNumbersInHeaders(t *testing.T) {
	log := logs(t)["many blocks"]
	fields := []struct{ at, size int }{{16, 1}, {17, 1}, {18, 2}, {20, 4}, {24, 4}, {28, 4}, {32, 8}, {40, 8}, {48, 8}, {56, 4}, {60, 4}}
	var files [][]byte
	var what []string
	for _, block := range blocksOf(log) {
		for _, f := range fields {
			for _, v := range []uint64{0, 1, 2, 95, 96, 105, 106, 1<<15 - 1, 1 << 15, 1<<16 - 1, 4<<20 + 64<<10, 4<<20 + 64<<10 + 1, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 62, 1<<63 - 1, 1 << 63, 1<<64 - 1} {
				changed := append([]byte(nil), log...)
				for i := range f.size {
					changed[block+f.at+i] = byte(v >> (8 * i))
				}
				if string(changed) != string(log) {
					files, what = append(files, changed), append(what, fmt.Sprintf("%d at byte %d of the block at %d", v, f.at, block))
				}
			}
		}
	}
	for i, v := range verifyAll(t, files) {
		if v.Verdict != "tampered" {
			t.Errorf("%s: %s, want tampered", what[i], v.Verdict)
		}
	}
	dir := t.TempDir()
	for i := range files {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("log%d", i)), files[i], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(sshtrailTo(t, "", 64<<20, "ls", "--json", dir).out) {
		var v verdict
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("ls --json printed %q: %v", line, err)
		}
	}
}
