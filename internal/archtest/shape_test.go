package archtest

import (
	"fmt"
	"go/ast"
	"go/doc"
	"regexp"
	"strings"
)

// findPackageComments finds packages that one sentence in one file does not introduce.
func findPackageComments(t *tree) []string {
	var found []string
	for _, p := range t.packages {
		comments := 0
		for _, f := range p.sources() {
			if f.ast.Doc == nil {
				continue
			}
			comments++
			want := "Package " + f.ast.Name.Name + " "
			if f.ast.Name.Name == "main" {
				want = "Command "
			}
			synopsis := new(doc.Package).Synopsis(f.ast.Doc.Text())
			if !strings.HasPrefix(synopsis, want) || !strings.HasSuffix(synopsis, ".") {
				found = append(found, fmt.Sprintf("%s: the package comment begins %q: begin with one sentence %q", f.path, synopsis, want+"… ."))
			}
		}
		if comments != 1 {
			found = append(found, fmt.Sprintf("%s: %d package comments, want one", p.dir, comments))
		}
	}
	return found
}

// findUndocumented finds exported names that no comment explains.
func findUndocumented(t *tree) []string {
	var found []string
	for _, p := range t.packages {
		promised := t.promised(p)
		for _, f := range p.sources() {
			for _, decl := range f.ast.Decls {
				if d, ok := decl.(*ast.FuncDecl); ok && d.Recv != nil && promised[d.Name.Name] {
					continue
				}
				for _, name := range undocumented(decl) {
					found = append(found, fmt.Sprintf("%s: %s has no doc comment", t.at(name), name.Name))
				}
			}
		}
	}
	return found
}

func undocumented(decl ast.Decl) []*ast.Ident {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && !saysItself(d) {
			return []*ast.Ident{d.Name}
		}
	case *ast.GenDecl:
		var names []*ast.Ident
		for _, spec := range d.Specs {
			names = append(names, undocumentedSpec(d, spec)...)
		}
		return names
	}
	return nil
}

// undocumentedSpec takes the comment of a group for each of its constants and
// variables, but not for each of its types.
func undocumentedSpec(d *ast.GenDecl, spec ast.Spec) []*ast.Ident {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		alone := d.Doc != nil && !d.Lparen.IsValid()
		if s.Name.IsExported() && s.Doc == nil && !alone {
			return []*ast.Ident{s.Name}
		}
	case *ast.ValueSpec:
		if d.Doc != nil || s.Doc != nil || s.Comment != nil {
			return nil
		}
		var names []*ast.Ident
		for _, name := range s.Names {
			if name.IsExported() {
				names = append(names, name)
			}
		}
		return names
	}
	return nil
}

// known are methods whose contract is that of the interface everybody knows them from.
// A comment is for what they do beyond it.
var known = regexp.MustCompile(`^(Error|String|Unwrap|Is|Read|Write|Close|ReadAt|Format|LogValue|GoString|MarshalJSON|MarshalText|MarshalYAML|UnmarshalYAML)$`)

// saysItself reports whether d is a method of a type that nobody else can name, or one
// whose contract is in an interface's comment.
func saysItself(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return false
	}
	return known.MatchString(d.Name.Name) || !receiver(d).IsExported()
}

// receiver returns the name of a method's type.
func receiver(d *ast.FuncDecl) *ast.Ident {
	x := d.Recv.List[0].Type
	for {
		switch e := x.(type) {
		case *ast.StarExpr:
			x = e.X
		case *ast.IndexExpr:
			x = e.X
		case *ast.IndexListExpr:
			x = e.X
		case *ast.Ident:
			return e
		default:
			return ast.NewIdent("_")
		}
	}
}

func findInit(t *tree) []string {
	var found []string
	for _, p := range t.packages {
		for _, f := range p.files {
			for _, decl := range f.ast.Decls {
				if d, ok := decl.(*ast.FuncDecl); ok && d.Recv == nil && d.Name.Name == "init" {
					found = append(found, fmt.Sprintf("%s: func init: what happens must be called", t.at(d)))
				}
			}
		}
	}
	return found
}

// longest is where a file is too long to be about one thing; 400 lines are the aim.
const longest = 600

func findLongFiles(t *tree) []string {
	var found []string
	for _, p := range t.packages {
		for _, f := range p.files {
			if n := strings.Count(f.src, "\n"); n > longest {
				found = append(found, fmt.Sprintf("%s has %d lines, at most %d: part it by what is in it", f.path, n, longest))
			}
		}
	}
	return found
}

// marker is what is left to do. It belongs into an issue, where somebody looks.
var marker = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)

func findMarkers(t *tree) []string {
	var found []string
	for _, p := range t.packages {
		for _, f := range p.files {
			for _, group := range f.ast.Comments {
				for _, c := range group.List {
					if m := marker.FindString(c.Text); m != "" {
						found = append(found, fmt.Sprintf("%s: a comment with %s: do it, or open an issue", t.at(c), m))
					}
				}
			}
		}
	}
	return found
}

// promised returns the methods of the interfaces in a package, and in those of the
// module that it imports: their comments are there, once for all who have them.
func (t *tree) promised(p *pkg) map[string]bool {
	near := map[string]bool{p.dir: true}
	for _, f := range p.files {
		for _, imported := range f.imports() {
			near[strings.TrimPrefix(imported, module)] = true
		}
	}
	methods := map[string]bool{}
	for _, q := range t.packages {
		if !near[q.dir] {
			continue
		}
		for _, f := range q.sources() {
			ast.Inspect(f.ast, func(n ast.Node) bool {
				if i, ok := n.(*ast.InterfaceType); ok {
					for _, m := range i.Methods.List {
						for _, name := range m.Names {
							methods[name.Name] = true
						}
					}
				}
				return true
			})
		}
	}
	return methods
}
