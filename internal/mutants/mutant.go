package main

import (
	"fmt"
	"path"
	"strings"
)

// mutant is the code without one thing that a promise stands on.
type mutant struct {
	name     string // what is wrong with it
	promise  int    // of docs/promises.md
	file     string // from the root of the repository
	old, new string // old is in the file once
	test     string // the one that sees it: folder.TestName, or folder.TestName/a_case
	race     bool   // the race detector is needed to see it
}

// mutants is the table of all, by promise.
func mutants() []mutant {
	var all []mutant
	for _, of := range []func() []mutant{
		ofDelivery, ofExactness, ofSilence, ofEnds, ofSecrets, ofWaiting, ofHostileBytes, ofBounds, ofOutages, ofAccess,
	} {
		all = append(all, of()...)
	}
	return all
}

// apply returns the file's text with the mutant's fault in it.
func (m *mutant) apply(text string) (string, error) {
	if n := strings.Count(text, m.old); n != 1 {
		return "", fmt.Errorf("mutant %q: its old text is %d times in %s, want once: say anew what is to be taken out of the code as it is now", m.name, n, m.file)
	}
	return strings.Replace(text, m.old, m.new, 1), nil
}

// folder is that of the test's package.
func (m *mutant) folder() string {
	folder, _, _ := strings.Cut(m.test, ".Test")
	return folder
}

// function is the name of the test, without its case.
func (m *mutant) function() string {
	name, _, _ := strings.Cut(strings.TrimPrefix(m.test, m.folder()+"."), "/")
	return name
}

// pattern is what runs the test and no other.
func (m *mutant) pattern() string {
	name := strings.TrimPrefix(m.test, m.folder()+".")
	return "^" + strings.ReplaceAll(name, "/", "$/^") + "$"
}

// build is what of a package has to be built for the test.
type build struct {
	folder string
	race   bool
}

func (m *mutant) build() build { return build{m.folder(), m.race} }

// binary is a name for what is built.
func (b build) binary() string {
	name := strings.ReplaceAll(path.Clean(b.folder), "/", "-")
	if b.race {
		name += "-race"
	}
	return name + ".test"
}
