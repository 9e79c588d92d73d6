package arch_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	maxLines     = 500 // of a file
	maxFuncLines = 100 // of a function; the aim is 60
	maxMethods   = 8   // of an interface; the aim is 5, stores have one per noun
)

func TestFileSizes(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.lines > maxLines {
			t.Errorf("%s has %d lines, more than %d: it holds two nouns, split it by noun", f.path, f.lines, maxLines)
		}
	}
}

func TestFunctionSizes(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			n := f.fset.Position(fn.End()).Line - f.fset.Position(fn.Pos()).Line + 1
			if n > maxFuncLines {
				t.Errorf("%s: %s has %d lines, more than %d", f.at(fn.Pos()), fn.Name.Name, n, maxFuncLines)
			}
		}
	}
}

func TestInterfaceSizes(t *testing.T) {
	for _, f := range goFiles(t) {
		ast.Inspect(f.ast, func(node ast.Node) bool {
			s, ok := node.(*ast.TypeSpec)
			if !ok {
				return true
			}
			i, ok := s.Type.(*ast.InterfaceType)
			if !ok {
				return true
			}
			n := 0 // its own methods; what it embeds is counted where that is declared
			for _, m := range i.Methods.List {
				n += len(m.Names)
			}
			if n > maxMethods {
				t.Errorf("%s: the interface %s has %d methods, more than %d", f.at(s.Pos()), s.Name.Name, n, maxMethods)
			}
			return true
		})
	}
}

func TestOnePackageComment(t *testing.T) {
	comments := map[string][]string{}
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		if _, ok := comments[f.dir]; !ok {
			comments[f.dir] = nil
		}
		if f.ast.Doc != nil {
			comments[f.dir] = append(comments[f.dir], f.path)
		}
	}
	for dir, in := range comments {
		if len(in) != 1 {
			t.Errorf("package in %s has %d package comments %v, want exactly one", dir, len(in), in)
		}
	}
}

func TestNoInit(t *testing.T) {
	for _, f := range goFiles(t) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: init runs behind everyone's back; call it where it is needed", f.at(fn.Pos()))
			}
		}
	}
}

// A package variable may be set once where it is declared and never again.
// Seen are assignments by plain name in functions that declare no such name
// themselves; a change through a pointer is not.
func TestNoMutablePackageVariables(t *testing.T) {
	files := goFiles(t)
	vars := map[string]map[string]bool{}
	for _, f := range files {
		if vars[f.dir] == nil {
			vars[f.dir] = map[string]bool{}
		}
		if !f.test {
			packageVars(f, vars[f.dir])
		}
	}
	for _, f := range files {
		if f.test {
			continue
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			local := localNames(fn)
			ast.Inspect(fn, func(n ast.Node) bool {
				for _, target := range assigned(n) {
					if id, ok := target.(*ast.Ident); ok && vars[f.dir][id.Name] && !local[id.Name] {
						t.Errorf("%s: the package variable %s is changed", f.at(id.Pos()), id.Name)
					}
				}
				return true
			})
		}
	}
}

func packageVars(f goFile, names map[string]bool) {
	for _, d := range f.ast.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			for _, id := range s.(*ast.ValueSpec).Names {
				names[id.Name] = id.Name != "_"
			}
		}
	}
}

// localNames gives every name that a function declares anywhere inside.
func localNames(fn *ast.FuncDecl) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(fn, func(n ast.Node) bool {
		var ids []*ast.Ident
		switch s := n.(type) {
		case *ast.Field:
			ids = s.Names
		case *ast.ValueSpec:
			ids = s.Names
		case *ast.AssignStmt:
			for _, e := range s.Lhs {
				if id, ok := e.(*ast.Ident); ok && s.Tok == token.DEFINE {
					ids = append(ids, id)
				}
			}
		case *ast.RangeStmt:
			for _, e := range []ast.Expr{s.Key, s.Value} {
				if id, ok := e.(*ast.Ident); ok && s.Tok == token.DEFINE {
					ids = append(ids, id)
				}
			}
		}
		for _, id := range ids {
			names[id.Name] = true
		}
		return true
	})
	return names
}

// assigned gives what a statement changes: x of x = 1, x++ and x[i] = 1.
func assigned(n ast.Node) []ast.Expr {
	var list []ast.Expr
	switch s := n.(type) {
	case *ast.AssignStmt:
		if s.Tok == token.DEFINE {
			return nil
		}
		list = slices.Clone(s.Lhs)
	case *ast.IncDecStmt:
		list = []ast.Expr{s.X}
	}
	for i, e := range list {
		if x, ok := e.(*ast.IndexExpr); ok {
			list[i] = x.X
		}
	}
	return list
}

// A test that sleeps is slow on a good day and fails on a bad one. Inside a
// synctest bubble sleeping costs nothing, so files that use synctest may;
// and so may hooks into a package, which make it slow on purpose.
func TestNoSleepInTests(t *testing.T) {
	for _, f := range goFiles(t) {
		if !f.test || insideTest(f.path) || slices.Contains(f.imports(), "testing/synctest") {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && s.Sel.Name == "Sleep" {
				t.Errorf("%s: time.Sleep in a test; wait for what is expected instead", f.at(s.Pos()))
			}
			return true
		})
	}
}

func TestTestsAreExternal(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test && !strings.HasSuffix(f.ast.Name.Name, "_test") && f.ast.Name.Name != "main" && !insideTest(f.path) {
			t.Errorf("%s: tests use the package from outside (package %s_test); what must look inside is named …internal_test.go", f.path, f.ast.Name.Name)
		}
	}
}

func TestNoUnfinishedMarks(t *testing.T) {
	marks := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)
	for _, f := range goFiles(t) {
		for _, g := range f.ast.Comments {
			if m := marks.FindString(g.Text()); m != "" {
				t.Errorf("%s: %s", f.at(g.Pos()), m)
			}
		}
	}
}

// Files that are kept say nothing of the machine they were written on.
func TestNoMachinePaths(t *testing.T) {
	abs, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	// Only a folder that says something: a checkout in "/" or "/src" would match too much.
	words := []string{"GOPROXY" + "=", "/ro" + "ot/", "/ho" + "me/"}
	if parent := filepath.Dir(abs); strings.Count(abs, "/") >= 2 && len(parent) > 4 {
		words = append(words, parent+"/")
	}
	files := tracked(t)
	if files == nil {
		t.Log("no git repository: looking at Go files alone")
		for _, f := range goFiles(t) {
			files = append(files, f.path)
		}
	}
	for _, name := range files {
		if strings.HasSuffix(name, ".sum") || strings.Contains(name, "testdata/fuzz/") {
			continue
		}
		src, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			continue // deleted, not yet committed
		}
		for _, w := range words {
			if i := strings.Index(string(src), w); i >= 0 {
				t.Errorf("%s:%d holds %q", name, 1+strings.Count(string(src[:i]), "\n"), w)
			}
		}
	}
}

// docs/dependencies.md gives a reason for each direct module, and names no other.
func TestDependenciesHaveReasons(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile(filepath.Join(root, "docs/dependencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for line := range strings.Lines(string(mod)) {
		f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(f) == 2 && strings.HasPrefix(f[1], "v") {
			want[fmt.Sprintf("`%s` %s", f[0], f[1])] = true
		}
	}
	row := regexp.MustCompile("(?m)^\\| (`[^`]+` v[^ ]+) \\| ([^|]*) \\|")
	for _, m := range row.FindAllStringSubmatch(string(doc), -1) {
		if !want[m[1]] {
			t.Errorf("docs/dependencies.md lists %s, which go.mod does not require directly", m[1])
		}
		if len(strings.Fields(m[2])) < 3 {
			t.Errorf("docs/dependencies.md gives no reason for %s", m[1])
		}
		delete(want, m[1])
	}
	for w := range want {
		t.Errorf("docs/dependencies.md has no row for %s", w)
	}
}

// insideTest reports whether a test file's name says that it looks inside its
// package: …internal_test.go, or export_test.go, which shows tests what is hidden.
func insideTest(path string) bool {
	return strings.HasSuffix(path, "internal_test.go") || strings.HasSuffix(path, "/export_test.go")
}
