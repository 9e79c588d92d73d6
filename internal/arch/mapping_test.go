package arch_test

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var testName = regexp.MustCompile(`\bTest[A-Z]\w*`)

// Each vendor's MAPPING.md has tables that say of every endpoint and field what
// became of it and which test shows it. No cell is empty there, and every test
// that is named exists.
func TestMappingsNameTheirTests(t *testing.T) {
	tests := map[string]bool{}
	for _, f := range goFiles(t) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && f.test {
				tests[fn.Name.Name] = true
			}
		}
	}
	files, err := filepath.Glob("../dialect/*/MAPPING.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no MAPPING.md found: %v", err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		column := -1 // of "tested by" in the table that is read; -1 = none
		for n, line := range strings.Split(string(data), "\n") {
			cells := strings.Split(strings.Trim(strings.ReplaceAll(line, `\|`, "/"), "| "), "|")
			switch {
			case !strings.HasPrefix(line, "|"):
				column = -1
				continue
			case strings.Contains(strings.ToLower(line), "tested by") && column < 0:
				for i, c := range cells {
					if strings.Contains(strings.ToLower(c), "tested by") {
						column = i
					}
				}
				continue
			case column < 0 || strings.HasPrefix(line, "|---"):
				continue
			}
			rows++
			for _, c := range cells {
				if strings.TrimSpace(c) == "" {
					t.Errorf("%s:%d: a cell is empty: %s", path, n+1, line)
				}
			}
			for _, name := range testName.FindAllString(line, -1) {
				if !tests[name] {
					t.Errorf("%s:%d: there is no %s", path, n+1, name)
				}
			}
		}
		if rows == 0 {
			t.Errorf("%s: no table has a column \"Tested by\"", path)
		}
	}
}
