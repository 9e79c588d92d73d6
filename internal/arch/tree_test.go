package arch_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is the module's folder, seen from this package's.
const root = "../.."

type goFile struct {
	path, dir string // from the module's folder, with slashes
	test      bool
	lines     int
	fset      *token.FileSet
	ast       *ast.File
}

func (f goFile) imports() []string {
	var list []string
	for _, s := range f.ast.Imports {
		p, err := strconv.Unquote(s.Path.Value)
		if err == nil {
			list = append(list, p)
		}
	}
	return list
}

func (f goFile) at(p token.Pos) string {
	return f.path + ":" + strconv.Itoa(f.fset.Position(p).Line)
}

// goFiles parses every Go file of the module.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(p, root), string(filepath.Separator)))
		if d.IsDir() {
			skip := rel == "bin" || rel == "data" || rel == "tools" || d.Name() == "testdata" || d.Name() == "node_modules" || d.Name() == ".git"
			if skip {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") {
			return nil
		}
		src, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		tree, err := parser.ParseFile(fset, p, src, parser.ParseComments)
		if err != nil {
			return err
		}
		files = append(files, goFile{rel, path.Dir(rel), strings.HasSuffix(rel, "_test.go"), bytes.Count(src, []byte("\n")), fset, tree})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// tracked lists the files that are kept under version control, or nil where
// there is no git or no repository, as in a released archive.
func tracked(t *testing.T) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "-z")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 })
}

// TestMigrationNumbers: each change of the database's tables has a number of its own,
// and none is left out. Those that SQL can't do are written in Go, beside the folder.
func TestMigrationNumbers(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "internal/store/sqlstore/migrations/*.sql"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations found: %v", err)
	}
	written, err := filepath.Glob(filepath.Join(root, "internal/store/sqlstore/0*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, written...)
	slices.SortFunc(files, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	for i, f := range files {
		if want, name := fmt.Sprintf("%05d_", i+1), filepath.Base(f); !strings.HasPrefix(name, want) {
			t.Errorf("%s: its name should begin with %s", name, want)
		}
	}
}
