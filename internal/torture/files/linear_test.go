package files

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sshtrail/sshtrail/internal/torture"
)

// TestTimeIsLinear has verify and show read each form at four times its size: that takes
// four times as long, or so. What is quadratic takes sixteen times.
func TestTimeIsLinear(t *testing.T) {
	rig := torture.New(t)
	for _, f := range some(rig, forms(), 3) {
		t.Run(f.name, func(t *testing.T) {
			dir := t.TempDir()
			n := rig.Size(1, 2)
			write := func(name string, n int) string {
				path := filepath.Join(dir, name)
				if err := os.WriteFile(path, f.make(t, n), 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			}
			one, four := write("one", n), write("four", 4*n)
			for _, command := range []string{"verify", "show"} {
				few, many := fastest(t, command, one), fastest(t, command, four)
				// The machine has other things to do: what takes milliseconds says nothing.
				if most := 10*few + 300*time.Millisecond; many > most {
					t.Errorf("%s takes %v for one and %v for four times as much, want at most %v", command, few, many, most)
				}
			}
		})
	}
}

// fastest is the least time of the processor's that a command took in two runs.
func fastest(t testing.TB, command, path string) time.Duration {
	t.Helper()
	return min(sshtrail(t, nil, command, path).CPU, sshtrail(t, nil, command, path).CPU)
}

// some returns n of all, drawn by chance; all in the long form.
func some[T any](rig *torture.Rig, all []T, n int) []T {
	if rig.Long() {
		return all
	}
	rig.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:n]
}
