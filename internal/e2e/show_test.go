package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sshtrail/sshtrail/internal/gatewaytest"
)

// shownFile is what show tells of a file.
type shownFile struct {
	By, What, Path, Name string
	Written, Read        int64
	Size                 *int64
	Ended, Failed        *string
}

// shown returns what show tells of the files of each session, in the order of the logs.
func (g *gateway) shown(t *testing.T) [][]shownFile {
	t.Helper()
	var all [][]shownFile
	for line := range strings.Lines(gatewaytest.Must(t, g.Command(t, "ls", "--json"))) {
		var row struct {
			Log        string
			GatewayLog bool
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		if row.GatewayLog {
			continue
		}
		var log struct {
			Files     []shownFile
			Transfers []struct{ NotUnderstood *string }
		}
		if err := json.Unmarshal([]byte(gatewaytest.Must(t, g.Command(t, "show", "--json", row.Log))), &log); err != nil {
			t.Fatal(err)
		}
		for _, s := range log.Transfers {
			if s.NotUnderstood != nil {
				t.Errorf("log %s: %s", row.Log, *s.NotUnderstood)
			}
		}
		all = append(all, log.Files)
	}
	return all
}

// tells wants each of the files told once, with all of its bytes in a direction and a good end.
func tells(t *testing.T, got []shownFile, files string, up bool) {
	t.Helper()
	entries, err := os.ReadDir(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, f := range got {
			if f.What != "file" || path.Base(f.Path) != e.Name() && path.Base(f.Name) != e.Name() {
				continue
			}
			written, read := int64(0), info.Size()
			if up {
				written, read = read, written
			}
			if f.Written == written && f.Read == read && f.Ended != nil && f.Failed == nil {
				found++
			}
		}
		if found != 1 && (found == 0 || info.Size() > 0) { // an empty one looks alike both ways
			t.Errorf("%q with %d bytes is told %d times in %+v", e.Name(), info.Size(), found, got)
		}
	}
}

// TestShowTellsOfFiles copies files by both protocols of scp, some of which can't be.
func TestShowTellsOfFiles(t *testing.T) {
	for name, protocol := range map[string]string{"SFTP": "-s", "old": "-O"} {
		t.Run(name, func(t *testing.T) {
			onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
				files, there := copies(t), filepath.Join(t.TempDir(), "there")
				gatewaytest.Must(t, g.OpenSSH(t, "scp", protocol, "-r", files, "gw:"+there))
				gatewaytest.Must(t, g.OpenSSH(t, "scp", protocol, "-r", "gw:"+there, filepath.Join(t.TempDir(), "back")))
				if got := gatewaytest.Do(t, g.OpenSSH(t, "scp", protocol, "gw:"+there+"/missing", t.TempDir())); got.Status == 0 {
					t.Error("scp has fetched a file that is not there")
				}
				if err := os.Mkdir(filepath.Join(there, "file 4"), 0o700); err != nil {
					t.Fatal(err)
				}
				refused := filepath.Join(t.TempDir(), "file 4")
				gatewaytest.WriteFile(t, refused, strings.Repeat("x", 100))
				gatewaytest.Do(t, g.OpenSSH(t, "scp", protocol, refused, fmt.Sprintf("gw:%s/file 4/none/x", there)))
				g.Stop(t)
				got := g.shown(t)
				if len(got) != 4 {
					t.Fatalf("there are %d logs, want 4", len(got))
				}
				tells(t, got[0], files, true)
				tells(t, got[1], files, false)
				for i, files := range got[2:] {
					for _, f := range files {
						if f.Failed == nil && f.Written+f.Read > 0 {
							t.Errorf("log %d: %+v is told to have been carried", i+2, f)
						}
					}
				}
				if name == "old" && (len(got[3]) == 0 || got[3][0].Failed == nil) {
					t.Errorf("of a file that was refused is told %+v", got[3])
				}
			})
		})
	}
}

// TestShowTellsOfSFTP does by OpenSSH's sftp what can be done with files.
func TestShowTellsOfSFTP(t *testing.T) {
	onEachBackend(t, gatewaytest.Options{}, func(t *testing.T, g *gateway) {
		files, there, back := copies(t), t.TempDir(), t.TempDir()
		cmd := g.OpenSSH(t, "sftp", "-b", "-", "gw")
		cmd.Stdin = strings.NewReader(strings.Join([]string{
			"cd " + there, "mkdir sub", "lcd " + files, "put file*", "lcd " + back, "get file*",
			`rename "file 0" "moved"`, `symlink "moved" "link"`, "rm moved", "-rm missing", "rmdir sub",
		}, "\n") + "\n")
		gatewaytest.Must(t, cmd)
		same(t, back, files)
		g.Stop(t)
		got := g.shown(t)[0]
		tells(t, got, files, true)
		var done []string
		for _, f := range got {
			if f.What == "file" {
				continue
			}
			text := f.What + " " + path.Base(f.Path)
			if f.Name != "" {
				text += " " + path.Base(f.Name)
			}
			if f.Failed != nil {
				text += " failed"
			}
			done = append(done, text)
		}
		want := "mkdir sub; rename file 0 moved; symlink moved link; remove moved; remove missing failed; rmdir sub"
		if all := strings.Join(done, "; "); all != want {
			t.Errorf("what was done is %q, want %q", all, want)
		}
	})
}
