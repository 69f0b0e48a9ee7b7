package files

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sshtrail/sshtrail/internal/torture"
)

// TestHostileFiles has each command read each form, small and larger.
func TestHostileFiles(t *testing.T) {
	rig := torture.New(t)
	for _, f := range some(rig, forms(), 8) {
		t.Run(f.name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, conn)
			if err := os.WriteFile(path, f.make(t, rig.Size(2, 6)), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"verify", path}, {"decode", path}, {"show", path}, {"show", "--json", path}} {
				r := sshtrail(t, nil, args...)
				if r.Status != f.status {
					t.Errorf("sshtrail %.200q ended with status %d, want %d; it said:\n%.1000s%.1000s", args, r.Status, f.status, r.out, r.errs)
				}
			}
			for _, args := range [][]string{{"ls", folder}, {"ls", "--json", folder}} {
				r := sshtrail(t, nil, args...)
				if r.Status != 0 {
					t.Errorf("sshtrail %.200q ended with status %d; it said:\n%.1000s%.1000s", args, r.Status, r.out, r.errs)
				}
			}
		})
	}
}
