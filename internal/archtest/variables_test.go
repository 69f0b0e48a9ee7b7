package archtest

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// allowed are the package variables there are, beside errors and assertions that a type
// has an interface. Nothing assigns them: see findAssignments.
var allowed = map[string]string{
	"cmd/sshtrail.logColumns":        "a table",
	"cmd/sshtrail.wide":              "a table of Unicode",
	"codec/binary.openMap":           "the shape of a map whose keys are not known",
	"codec/binary.payloads":          "the keys of each kind of message, read from event's table once",
	"codec/binary.plain":             "a table of bytes, computed once",
	"event.byExtension":              "the table of kinds, by name",
	"event.byGoType":                 "the table of kinds, by body",
	"event.byType":                   "the table of kinds, by number",
	"event.rows":                     "the table of kinds",
	"internal/backend/local.keys":    "a table of RFC 4254, section 8",
	"internal/bridge.epoch":          "where the monotonic clock starts",
	"internal/gateway.hostKeyTypes":  "a table",
	"internal/inflate.fixed":         "the fixed codes of RFC 1951, computed once",
	"internal/inflate.lenOrder":      "a table of RFC 1951",
	"internal/torture.seedFlag":      "a flag of tests",
	"internal/torture.timeFlag":      "a flag of tests",
	"internal/gatewaytest.announced": "a regular expression",
	"internal/gatewaytest.packages":  "a table",
	"internal/gatewaytest.watched":   "a regular expression",
	"record.blocks":                  "a sync.Pool",
	"record.castagnoli":              "a table of hash/crc32",
	"record.frames":                  "a sync.Pool",
	"replay/page.body":               "a file that is part of the program",
	"replay/page.script":             "a file that is part of the program",
	"replay/page.sheet":              "a file that is part of the program",
	"storage/storagetest.checks":     "the list of checks",
	"storage/storagetest.ordered":    "names in order, for tests",
	"tap.channelRequests":            "a table",
	"tap.channelTypes":               "a table",
	"tap.globalRequests":             "a table",
	"tap.targetRequests":             "a table",
	"replay/screen.dropped":          "a table of Unicode",
	"replay/screen.joining":          "a table of Unicode",
	"replay/screen.wide":             "a table of Unicode",
}

// sentinel is the name of an error that callers compare with.
var sentinel = regexp.MustCompile(`^(err|Err)[A-Z]`)

// variables calls yield for each package variable that is not in a test.
func variables(t *tree, yield func(p *pkg, name *ast.Ident)) {
	for _, p := range t.packages {
		for _, f := range p.sources() {
			for _, decl := range f.ast.Decls {
				d, ok := decl.(*ast.GenDecl)
				if !ok || d.Tok != token.VAR {
					continue
				}
				for _, spec := range d.Specs {
					for _, name := range spec.(*ast.ValueSpec).Names {
						yield(p, name)
					}
				}
			}
		}
	}
}

func findVariables(t *tree) []string {
	var found []string
	variables(t, func(p *pkg, name *ast.Ident) {
		full := p.dir + "." + name.Name
		if name.Name != "_" && !sentinel.MatchString(name.Name) && allowed[full] == "" {
			found = append(found, fmt.Sprintf("%s: package variable %s: make it an argument or a field, or give allowed a reason", t.at(name), full))
		}
	})
	return found
}

// findStaleVariables finds reasons for variables that are gone.
func findStaleVariables(t *tree) []string {
	there := map[string]bool{}
	variables(t, func(p *pkg, name *ast.Ident) { there[p.dir+"."+name.Name] = true })
	var found []string
	for full := range allowed {
		if !there[full] && t.has(full) {
			found = append(found, fmt.Sprintf("allowed has a reason for %s, which is gone", full))
		}
	}
	slices.Sort(found)
	return found
}

// has reports whether the tree has the package of a variable: samples have few.
func (t *tree) has(full string) bool {
	return slices.ContainsFunc(t.packages, func(p *pkg) bool {
		return len(full) > len(p.dir) && full[:len(p.dir)+1] == p.dir+"."
	})
}

// findAssignments finds what changes a package variable, or part of one, in tests too. A
// test's own variables are its own.
func findAssignments(t *tree) []string {
	var found []string
	for _, p := range t.packages {
		uses := resolve(t, p)
		changed := func(x ast.Expr) {
			name := root(x)
			if name == nil {
				return
			}
			if v, ok := uses[name].(*types.Var); ok && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() && !t.inTest(v) {
				found = append(found, fmt.Sprintf("%s: package variable %s is changed", t.at(name), name.Name))
			}
		}
		for _, f := range p.files {
			ast.Inspect(f.ast, func(n ast.Node) bool {
				for _, x := range targets(n) {
					changed(x)
				}
				return true
			})
		}
	}
	return found
}

func (t *tree) inTest(v *types.Var) bool {
	return strings.HasSuffix(t.fset.Position(v.Pos()).Filename, "_test.go")
}

// targets returns what a node assigns. What is changed through a pointer is not found.
func targets(n ast.Node) []ast.Expr {
	switch s := n.(type) {
	case *ast.AssignStmt:
		if s.Tok != token.DEFINE {
			return s.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{s.X}
	case *ast.RangeStmt:
		if s.Tok == token.ASSIGN {
			return []ast.Expr{s.Key, s.Value}
		}
	case *ast.CallExpr:
		if f, ok := s.Fun.(*ast.Ident); ok && (f.Name == "delete" || f.Name == "clear") {
			return s.Args[:1]
		}
	}
	return nil
}

// root returns the variable that an expression is, or is part of.
func root(x ast.Expr) *ast.Ident {
	for {
		switch e := x.(type) {
		case *ast.Ident:
			return e
		case *ast.SelectorExpr:
			x = e.X
		case *ast.IndexExpr:
			x = e.X
		case *ast.SliceExpr:
			x = e.X
		case *ast.StarExpr:
			x = e.X
		case *ast.ParenExpr:
			x = e.X
		default:
			return nil
		}
	}
}

// resolve says what the names of a package mean, as far as that does not take other
// packages: enough to tell its variables from those of functions.
func resolve(t *tree, p *pkg) map[*ast.Ident]types.Object {
	uses := map[*ast.Ident]types.Object{}
	byName := map[string][]*ast.File{} // a test may be in a package of its own
	for _, f := range p.files {
		byName[f.ast.Name.Name] = append(byName[f.ast.Name.Name], f.ast)
	}
	for name, files := range byName {
		conf := types.Config{Importer: noImports{}, Error: func(error) {}, FakeImportC: true}
		conf.Check(name, t.fset, files, &types.Info{Uses: uses}) // its errors are about what is not imported
	}
	return uses
}

type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("not needed") }
