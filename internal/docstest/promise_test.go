package docstest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// TestPromisesAreTested wants tests for each promise, and wants them to be there.
func TestPromisesAreTested(t *testing.T) {
	there := tests(t)
	named := regexp.MustCompile("`([a-z0-9/]+\\.(?:Test|Fuzz)[A-Za-z0-9_]+)`")
	promises := strings.Split(readPage(t, "docs/promises.md").prose(), "\n## ")[1:]
	if len(promises) != 10 {
		t.Errorf("docs/promises.md has %d promises, want 10", len(promises))
	}
	for _, p := range promises {
		title, _, _ := strings.Cut(p, "\n")
		names := named.FindAllStringSubmatch(p, -1)
		if len(names) == 0 && !strings.Contains(p, "Not built yet:") {
			t.Errorf("promise %q has no test", title)
		}
		for _, m := range names {
			if !there[m[1]] {
				t.Errorf("promise %q names the test %s, which is not there", title, m[1])
			}
		}
	}
}

// tests returns all tests of the module as folder.Name.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for name, f := range goFiles(t) {
		if !strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, decl := range f.Decls {
			if d, ok := decl.(*ast.FuncDecl); ok && d.Recv == nil {
				found[path.Dir(name)+"."+d.Name.Name] = true
			}
		}
	}
	return found
}

// TestArchitectureHasEveryPackage compares the table of packages with the folders.
func TestArchitectureHasEveryPackage(t *testing.T) {
	there := map[string]bool{}
	for name := range goFiles(t) {
		there[path.Dir(name)] = true
	}
	rows := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9/]+)` \\|").FindAllStringSubmatch(readPage(t, "docs/architecture.md").text, -1) {
		rows[m[1]] = true
	}
	for dir := range there {
		if !rows[dir] {
			t.Errorf("docs/architecture.md has no row for %s", dir)
		}
	}
	for dir := range rows {
		if !there[dir] {
			t.Errorf("docs/architecture.md has a row for %s, which is not there", dir)
		}
	}
}

// goFiles returns the parsed Go files of the module, by their paths.
func goFiles(t *testing.T) map[string]*ast.File {
	t.Helper()
	found := map[string]*ast.File{}
	files := os.DirFS(root)
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case err != nil:
			return err
		case d.IsDir() && (base == "testdata" || name != "." && strings.HasPrefix(base, ".")):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		src, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		found[name], err = parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
