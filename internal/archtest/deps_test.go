package archtest

import (
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/codec.deps")

// heavy are modules, by the beginnings of their paths, that nobody shall get who only
// wants to read a log, or to record an SSH server of their own.
var heavy = []string{"github.com/docker/", "github.com/moby/", "github.com/containerd/", "k8s.io/", "github.com/minio/", "github.com/aws/", "github.com/spf13/"}

// TestDependenciesOfReaders holds the list of what a program that imports only codec
// gets: each package of ours, and each module.
func TestDependenciesOfReaders(t *testing.T) {
	const golden = "testdata/codec.deps"
	got := strings.Join(dependencies(t, "./codec/..."), "\n") + "\n"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("a program that imports codec gets\n%s\nwant\n%s\nIf that is meant: make generate", got, want)
	}
}

// TestLibrariesAreLight looks at all packages that others can import.
func TestLibrariesAreLight(t *testing.T) {
	for _, dir := range []string{"./event", "./tap", "./record", "./codec/...", "./replay/...", "./storage", "./storage/file", "./storage/mem"} {
		deps := dependencies(t, dir)
		if len(deps) == 0 {
			t.Errorf("%s has no dependencies, not even itself", dir)
		}
		for _, d := range deps {
			if isHeavy(d) {
				t.Errorf("%s depends on %s", dir, d)
			}
		}
	}
}

func TestHeavyIsFound(t *testing.T) {
	if !slices.ContainsFunc(dependencies(t, "./cmd/sshtrail"), isHeavy) {
		t.Error("the program has no heavy dependency: the list of heavy modules, or how they are found, is wrong")
	}
}

func isHeavy(module string) bool {
	return slices.ContainsFunc(heavy, func(h string) bool { return strings.HasPrefix(module+"/", h) })
}

// dependencies returns the packages of ours and the modules that packages pull in, themselves
// included, without tests.
func dependencies(t *testing.T, packages string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Standard,Module", packages)
	cmd.Dir = "../.."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	var all []string
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Standard   bool
			Module     *struct {
				Path string
				Main bool
			}
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v: %v", cmd, err)
		}
		switch {
		case p.Standard:
		case p.Module == nil:
			t.Fatalf("%v: %s is in no module", cmd, p.ImportPath)
		case p.Module.Main:
			all = append(all, strings.TrimPrefix(p.ImportPath, module))
		default:
			all = append(all, p.Module.Path)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
