package faultdisk_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/internal/disk/faultdisk"
)

// outcomes returns what 300 power cuts leave of the folder /d: its names with their content.
func outcomes(t *testing.T, m *faultdisk.Memory) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for seed := range uint64(300) {
		cut := m.PowerCut(seed)
		entries, err := cut.ReadDir("/d")
		if err != nil {
			all["no folder"] = true
			continue
		}
		var state []string
		for _, e := range entries {
			state = append(state, fmt.Sprintf("%s=%q", e.Name(), (rig{t, cut, "/d"}).content(e.Name())))
		}
		all[strings.Join(state, " ")] = true
	}
	return all
}

func wantOutcomes(t *testing.T, m *faultdisk.Memory, want ...string) {
	t.Helper()
	got := slices.Sorted(maps.Keys(outcomes(t, m)))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("a power cut leaves one of\n%q\nwant\n%q", got, want)
	}
}

func TestPowerCut(t *testing.T) {
	m := faultdisk.NewMemory()
	r := rig{t, m, "/d"}
	r.want("mkdir", m.MkdirAll("/d", 0o700), nil)
	wantOutcomes(t, m, "", "no folder")
	r.want("syncdir", m.SyncDir("/"), nil)
	wantOutcomes(t, m, "")

	f := r.open("a", create)
	r.write(f, "1")
	wantOutcomes(t, m, "", `a=""`, `a="1"`, `a="\x00"`)
	r.want("sync", f.Sync(), nil)
	wantOutcomes(t, m, "", `a="1"`) // the bytes are safe, the name is not
	r.want("syncdir", m.SyncDir("/d"), nil)
	wantOutcomes(t, m, `a="1"`)

	r.write(f, "23")
	wantOutcomes(t, m, `a="1"`, `a="12"`, `a="123"`, `a="1\x00\x00"`, `a="12\x00"`)
	r.want("sync", f.Sync(), nil)
	r.want("truncate", f.Truncate(1), nil)
	wantOutcomes(t, m, `a="1"`, `a="123"`)
	r.want("sync", f.Sync(), nil)

	r.want("rename", m.Rename("/d/a", "/d/b"), nil)
	r.open("c", create)
	wantOutcomes(t, m, `a="1"`, `b="1"`, `b="1" c=""`) // one change after the other, never both or neither
	r.want("syncdir", m.SyncDir("/d"), nil)
	r.want("remove", m.Remove("/d/c"), nil)
	wantOutcomes(t, m, `b="1" c=""`, `b="1"`)
}

func TestPowerCutWithSeed0LosesAllThatWasNotSynced(t *testing.T) {
	m := faultdisk.NewMemory()
	r := rig{t, m, "/"}
	f := r.open("a", create)
	r.write(f, "kept")
	r.want("sync", f.Sync(), nil)
	r.want("syncdir", m.SyncDir("/"), nil)
	r.write(f, "lost")
	r.open("b", create)
	cut := m.PowerCut(0)
	if got := (rig{t, cut, "/"}).content("a"); got != "kept" {
		t.Errorf("content = %q, want %q", got, "kept")
	}
	if _, err := cut.Stat("/b"); !os.IsNotExist(err) {
		t.Errorf("a name that was not synced is there: %v", err)
	}
	if got := r.content("a"); got != "keptlost" {
		t.Errorf("content before the cut = %q, want it unchanged", got)
	}
}

func TestPowerCutIsTheSameForASeed(t *testing.T) {
	m := faultdisk.NewMemory()
	for i := range 20 {
		r := rig{t, m, "/"}
		r.write(r.open(fmt.Sprint(i), create), strings.Repeat("x", 50))
	}
	state := func() string {
		cut := m.PowerCut(7)
		entries, err := cut.ReadDir("/")
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, e := range entries {
			fmt.Fprintf(&b, "%s=%q ", e.Name(), (rig{t, cut, "/"}).content(e.Name()))
		}
		return b.String()
	}
	if a, b := state(), state(); a != b {
		t.Errorf("one seed, two states:\n%s\n%s", a, b)
	}
}
