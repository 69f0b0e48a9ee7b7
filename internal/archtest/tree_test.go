package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "github.com/sshtrail/sshtrail/"

// tree is the module's source, whatever the platform that a file is for.
type tree struct {
	files    fs.FS
	fset     *token.FileSet
	packages []*pkg // in the order of their folders
}

// pkg is the Go files of one folder, its tests included.
type pkg struct {
	dir   string
	files []*file
}

type file struct {
	path string
	src  string
	ast  *ast.File
	test bool
}

// sources returns the files that are no tests.
func (p *pkg) sources() []*file {
	return slices.DeleteFunc(slices.Clone(p.files), func(f *file) bool { return f.test })
}

// at says where a finding is.
func (t *tree) at(n ast.Node) string { return t.fset.Position(n.Pos()).String() }

// load parses all Go files of files but those that the go command would not look at.
func load(t *testing.T, files fs.FS) *tree {
	t.Helper()
	tr := &tree{files: files, fset: token.NewFileSet()}
	byDir := map[string]*pkg{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		base := path.Base(name)
		hidden := name != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_"))
		switch {
		case err != nil:
			return err
		case d.IsDir() && (hidden || base == "testdata" || name == "bin"):
			return fs.SkipDir
		case d.IsDir() || hidden || path.Ext(name) != ".go":
			return nil
		}
		f, err := tr.parse(name)
		if err != nil {
			return err
		}
		dir := path.Dir(name)
		if byDir[dir] == nil {
			byDir[dir] = &pkg{dir: dir}
			tr.packages = append(tr.packages, byDir[dir])
		}
		byDir[dir].files = append(byDir[dir].files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func (t *tree) parse(name string) (*file, error) {
	src, err := fs.ReadFile(t.files, name)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.ParseFile(t.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &file{path: name, src: string(src), ast: parsed, test: strings.HasSuffix(name, "_test.go")}, nil
}

// check is one rule. It returns what breaks it, each with its place.
type check struct {
	name string
	find func(*tree) []string
}

var checks = []check{
	{"imports", findImports},
	{"gateway", findGateway},
	{"blank imports", findBlankImports},
	{"package comment", findPackageComments},
	{"doc comments", findUndocumented},
	{"init", findInit},
	{"variables", findVariables},
	{"allowed variables", findStaleVariables},
	{"assigned variables", findAssignments},
	{"fuzz seeds", findUnseeded},
	{"skipped tests", findSkips},
	{"sleeping tests", findSleeps},
	{"long files", findLongFiles},
	{"markers", findMarkers},
}

func TestHouse(t *testing.T) {
	house := load(t, os.DirFS("../.."))
	if len(house.packages) < 10 {
		t.Fatalf("found %d packages: this looks at the wrong folder", len(house.packages))
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			for _, finding := range c.find(house) {
				t.Error(finding)
			}
		})
	}
}

// TestChecksFind builds a house that breaks one rule, for each rule.
func TestChecksFind(t *testing.T) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			samples := broken[c.name]
			if len(samples) == 0 {
				t.Fatal("no sample breaks this rule: add one to broken")
			}
			for want, files := range samples {
				findings := c.find(load(t, sample(files)))
				if len(findings) != 1 || !strings.Contains(findings[0], want) {
					t.Errorf("found %q, want one that says %q", findings, want)
				}
			}
		})
	}
}

// sample makes files of texts. One that has no package clause gets one, and a package
// comment, so that it breaks no other rule.
func sample(texts map[string]string) fs.FS {
	files := fstest.MapFS{}
	for name, text := range texts {
		pkg := path.Base(path.Dir(name))
		if path.Ext(name) == ".go" && !strings.Contains(text, "package ") {
			text = "package " + pkg + "\n\n" + text
			if !strings.HasSuffix(name, "_test.go") {
				text = "// Package " + pkg + " is a sample.\n" + text
			}
		}
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}
