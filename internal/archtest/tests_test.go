package archtest

import (
	"fmt"
	"go/ast"
	"io/fs"
	"iter"
	"path"
	"strings"
)

// findUnseeded finds fuzz targets without a folder of seeds: such a target tests nothing
// in an ordinary run, and passes.
func findUnseeded(t *tree) []string {
	var found []string
	for _, p := range t.packages {
		for _, f := range p.files {
			for _, decl := range f.ast.Decls {
				d, ok := decl.(*ast.FuncDecl)
				if !ok || !f.test || d.Recv != nil || !strings.HasPrefix(d.Name.Name, "Fuzz") {
					continue
				}
				folder := path.Join(p.dir, "testdata", "fuzz", d.Name.Name)
				if seeds(t.files, folder) == 0 {
					found = append(found, fmt.Sprintf("%s: %s has no seeds in %s", t.at(d), d.Name.Name, folder))
				}
			}
		}
	}
	return found
}

// seeds counts the files of a folder that go test takes as seeds.
func seeds(files fs.FS, folder string) int {
	entries, _ := fs.ReadDir(files, folder) // no folder, no seeds
	n := 0
	for _, e := range entries {
		text, err := fs.ReadFile(files, path.Join(folder, e.Name()))
		if err == nil && strings.HasPrefix(string(text), "go test fuzz v1\n") {
			n++
		}
	}
	return n
}

// maySkip are the tests that can run for some users only, and why.
var maySkip = map[string]string{
	"internal/auth.TestKeyFileOfSomebodyElse":        "only root can give a file away",
	"storage/file.TestConfigOfAFolderThatIsAnothers": "root may write anywhere",
}

// findSkips finds tests that may not run: a test that is skipped looks like one that
// passes. A fuzz target may skip an input.
func findSkips(t *tree) []string {
	return calls(t, func(c call) string {
		switch c.called.Sel.Name {
		case "Skip", "Skipf", "SkipNow":
			if !strings.HasPrefix(c.inside, "Fuzz") && maySkip[c.dir+"."+c.inside] == "" {
				return "a test that skips: let it fail, and say what it lacks"
			}
		}
		return ""
	})
}

// findSleeps finds tests that hope that a time is enough. In the bubble of
// testing/synctest time is exact, and sleeping is the way to let it pass.
func findSleeps(t *tree) []string {
	return calls(t, func(c call) string {
		if name(c.called) == "time.Sleep" && !c.bubble {
			return "a test that sleeps: wait for what it waits for, or use testing/synctest"
		}
		return ""
	})
}

// call is a call of a method or of another package's function in a test.
type call struct {
	dir    string
	inside string // the function that it is in
	called *ast.SelectorExpr
	bubble bool // in a function that is given to testing/synctest
}

// calls asks about each call in tests.
func calls(t *tree, ask func(call) string) []string {
	var found []string
	for _, p := range t.packages {
		for _, f := range p.files {
			if !f.test {
				continue
			}
			for _, decl := range f.ast.Decls {
				for n, c := range callsIn(decl) {
					c.dir = p.dir
					if finding := ask(c); finding != "" {
						found = append(found, fmt.Sprintf("%s: %s", t.at(n), finding))
					}
				}
			}
		}
	}
	return found
}

// callsIn yields the calls in one declaration, the outer ones first.
func callsIn(decl ast.Decl) iter.Seq2[ast.Node, call] {
	inside := ""
	if d, ok := decl.(*ast.FuncDecl); ok {
		inside = d.Name.Name
	}
	return func(yield func(ast.Node, call) bool) {
		var bubble ast.Node
		for n := range ast.Preorder(decl) {
			made, ok := n.(*ast.CallExpr)
			if !ok {
				continue
			}
			called, ok := made.Fun.(*ast.SelectorExpr)
			if !ok {
				continue
			}
			if name(called) == "synctest.Test" {
				bubble = made
			}
			within := bubble != nil && made.End() <= bubble.End()
			if !yield(made, call{inside: inside, called: called, bubble: within}) {
				return
			}
		}
	}
}

// name returns what is called as it is written, for what has a plain name before the dot.
func name(called *ast.SelectorExpr) string {
	if x, ok := called.X.(*ast.Ident); ok {
		return x.Name + "." + called.Sel.Name
	}
	return "." + called.Sel.Name
}
