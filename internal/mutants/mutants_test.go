package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"testing"
)

const root = "../.."

// TestMutantsFitTheCode wants each mutant to be one of the code as it is. It runs none.
func TestMutantsFitTheCode(t *testing.T) {
	names, promises := map[string]bool{}, map[int]bool{}
	there := map[string]map[string]bool{}
	for _, m := range mutants() {
		if names[m.name] {
			t.Errorf("two mutants are called %q", m.name)
		}
		names[m.name], promises[m.promise] = true, true
		text, err := os.ReadFile(filepath.Join(root, m.file))
		if err != nil {
			t.Errorf("mutant %q: %v", m.name, err)
			continue
		}
		if mutated, err := m.apply(string(text)); err != nil {
			t.Error(err)
		} else if _, err := parser.ParseFile(token.NewFileSet(), m.file, mutated, 0); err != nil || mutated == string(text) {
			t.Errorf("mutant %q is no other program: %v", m.name, err)
		}
		folder := m.folder()
		if there[folder] == nil {
			there[folder] = tests(t, folder)
		}
		if !there[folder][m.function()] {
			t.Errorf("mutant %q: there is no test %s in %s", m.name, m.function(), folder)
		}
	}
	for promise := 1; promise <= 10; promise++ {
		if !promises[promise] {
			t.Errorf("no mutant is against promise %d", promise)
		}
	}
	if len(promises) != 10 {
		t.Errorf("mutants are against %d promises, want 10", len(promises))
	}
}

// tests returns the functions in the test files of a folder.
func tests(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			if d, ok := decl.(*ast.FuncDecl); ok && d.Recv == nil {
				found[d.Name.Name] = true
			}
		}
	}
	return found
}

func TestApplyWantsTheOldTextOnce(t *testing.T) {
	m := mutant{name: "m", file: "f", old: "a", new: "b"}
	for text, want := range map[string]string{"cac": "cbc", "": "", "aa": ""} {
		if got, err := m.apply(text); got != want || (err == nil) != (want != "") {
			t.Errorf("apply(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestTestsHavePatterns(t *testing.T) {
	m := mutant{test: "a/b.TestC/d e"}
	if m.folder() != "a/b" || m.function() != "TestC" || m.pattern() != "^TestC$/^d e$" {
		t.Errorf("folder %q, function %q, pattern %q", m.folder(), m.function(), m.pattern())
	}
}
